import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';

import { GlossaError } from '../errors.js';
import { Arrival } from './arrival.js';
import { refuseConnection } from './client-errors.js';
import { WebSockets, type FetchHandler } from './web-sockets.js';

/** Where to listen. */
export interface ListenTarget {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** API that has the port to itself; absent for the common one. */
  readonly api?: string;
  /** What to change if the port can't be used: "choose another one with --port". */
  readonly remedy: string;
}

/** Limits of every connection, in seconds and bytes. */
export interface ListenLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly bodyLimit: number;
}

/** What a listener is made with. */
export interface ListenOptions {
  readonly fetch: FetchHandler;
  readonly limits: ListenLimits;
  /** Told what was thrown where nobody is left to answer. */
  readonly onError: (error: unknown) => void;
}

/** A port that accepts connections. */
export interface Listener {
  /** "http://127.0.0.1:8080". */
  readonly url: string;
  readonly port: number;
  /** Requests that are being answered, and open WebSockets. */
  readonly activeRequests: number;
  /** Stops accepting; resolves once every connection has ended. Idempotent. */
  close(): Promise<void>;
  /** Tells the clients of WebSockets that the server is going away. */
  closeWebSockets(): void;
  /** Cuts off every connection. */
  cut(): void;
}

/**
 * Listens on a host and port.
 *
 * @throws GlossaError CONFIG_INVALID if the port is taken or may not be used
 */
export async function listen(target: ListenTarget, options: ListenOptions): Promise<Listener> {
  const { fetch, limits, onError } = options;
  const active = new Set<ServerResponse>();
  /** The last request on each connection, the one that may still be arriving. */
  const last = new WeakMap<Socket, { readonly request: object; readonly response: ServerResponse }>();
  const arrivals = new WeakMap<object, Arrival>();
  const fetchInTime = (request: Request, env: HttpBindings | Http2Bindings): Response | Promise<Response> => {
    const arrival = new Arrival();
    arrivals.set(env.incoming, arrival);
    return fetch(request, { ...env, arrival });
  };
  const handle = getRequestListener(fetchInTime, { errorHandler: badRequest });
  const connections = new Set<Socket>();
  const track = (response: ServerResponse): void => {
    active.add(response);
    response.once('close', () => {
      active.delete(response);
      // A connection that was busy when the server stopped listening is idle only now.
      if (!server.listening) server.closeIdleConnections();
    });
  };
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs(limits),
      requestTimeout: limits.requestTimeout * 1000,
      keepAliveTimeout: limits.keepAliveTimeout * 1000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      track(response);
      last.set(request.socket, { request, response });
      void handle(request, response);
    },
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { request, response } = last.get(socket) ?? {};
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (isLate && request !== undefined && arrivals.get(request)?.expire() === true) return;
    refuseConnection(socket, error.code, response);
  });
  server.on('connection', (socket) => {
    // Comes again with each request on it whose upgrade is passed over.
    if (connections.has(socket)) return;
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const untrack = (response: ServerResponse): void => void active.delete(response);
  const maxPayload = Math.max(1, limits.bodyLimit);
  const webSockets = new WebSockets(server, { fetch, maxPayload, badRequest, track, untrack, onError });
  await bind(server, target);
  return new HttpListener(server, { active, connections, webSockets }, target.host);
}

/** What a listener keeps count of. */
interface Traffic {
  readonly active: ReadonlySet<ServerResponse>;
  readonly connections: ReadonlySet<Socket>;
  readonly webSockets: WebSockets;
}

class HttpListener implements Listener {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #traffic: Traffic;
  #closed: Promise<void> | undefined;

  constructor(server: Server, traffic: Traffic, host: string) {
    this.#server = server;
    this.#traffic = traffic;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  get activeRequests(): number {
    return this.#traffic.active.size + this.#traffic.webSockets.count;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      // Node does not count a connection as idle on which nothing has come yet, and no longer times it out: browsers
      // open such ones in advance.
      for (const socket of this.#traffic.connections) if (socket.bytesRead === 0) socket.destroy();
    });
    return this.#closed;
  }

  closeWebSockets(): void {
    this.#traffic.webSockets.close();
  }

  cut(): void {
    this.#traffic.webSockets.cut();
    // Not only those that Node counts: it forgets a connection on which an upgrade was asked for, also if it was refused.
    for (const socket of this.#traffic.connections) socket.destroy();
  }
}

/** Node refuses a limit for the headers that is longer than the one for the whole request; 0 is none. */
function headersTimeoutMs({ headersTimeout, requestTimeout }: ListenLimits): number {
  return (requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout)) * 1000;
}

async function bind(server: Server, target: ListenTarget): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(bindError(cause, target));
    });
    server.listen(target.port, target.host, resolve);
  });
}

function bindError(cause: NodeJS.ErrnoException, { host, port, api, remedy }: ListenTarget): GlossaError {
  const what = api === undefined ? `port ${port}` : `port ${port} (${api})`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${what} on ${host} is taken by another program; ${remedy}`,
    EACCES: `${what} may not be used by this user, who may use those above 1023; ${remedy}`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another one with --host`,
    ENOTFOUND: `the host name ${host} is not known; choose another one with --host`,
  };
  const reason =
    reasons[cause.code ?? ''] ?? `listening on ${host}, ${what} failed (${cause.code ?? 'unknown error'})`;
  return new GlossaError('CONFIG_INVALID', reason, { cause });
}

/** A request that is no valid HTTP for us, such as one without a Host: it never reaches the app. */
function badRequest(): Response {
  const body = { error: { code: 'INVALID_REQUEST', message: 'malformed HTTP request' } };
  return new Response(JSON.stringify(body), { status: 400, headers: { 'content-type': 'application/json' } });
}
