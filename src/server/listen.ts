import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { getRequestListener } from '@hono/node-server';

import type { Settings } from '../config/schema.js';
import { GlossaError } from '../errors.js';

/** A server that accepts connections. */
export interface RunningServer {
  /** "http://127.0.0.1:8080". */
  readonly url: string;
  readonly port: number;
  /** Requests that are being answered. */
  readonly activeRequests: number;
  /**
   * Stops accepting, waits up to `seconds` for running requests, and cuts off what is left then. `beforeCut` is
   * called in between to let them end by themselves. Idempotent.
   */
  stop(seconds: number, beforeCut: () => Promise<void>): Promise<void>;
}

type FetchHandler = (request: Request, env: object) => Response | Promise<Response>;

/** How long requests get to write their last words after `beforeCut`. */
const LAST_WORDS_MS = 2000;

/**
 * Listens on the settings' host and port.
 *
 * @throws GlossaError CONFIG_INVALID if the port is taken or may not be used
 */
export async function listen(fetch: FetchHandler, settings: Settings): Promise<RunningServer> {
  const active = new Set<ServerResponse>();
  const connections = new Set<Socket>();
  const handle = getRequestListener(fetch, { errorHandler: badRequest });
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs(settings),
      requestTimeout: settings.requestTimeout * 1000,
      keepAliveTimeout: settings.keepAliveTimeout * 1000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      active.add(response);
      response.once('close', () => {
        active.delete(response);
        // A connection that was busy when the server stopped listening is idle only now.
        if (!server.listening) server.closeIdleConnections();
      });
      void handle(request, response);
    },
  );
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await bind(server, settings);
  return new HttpServer(server, { active, connections }, settings.host);
}

/** What a server keeps count of. */
interface Traffic {
  readonly active: ReadonlySet<ServerResponse>;
  readonly connections: ReadonlySet<Socket>;
}

class HttpServer implements RunningServer {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #traffic: Traffic;
  #stopped: Promise<void> | undefined;

  constructor(server: Server, traffic: Traffic, host: string) {
    this.#server = server;
    this.#traffic = traffic;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  get activeRequests(): number {
    return this.#traffic.active.size;
  }

  async stop(seconds: number, beforeCut: () => Promise<void>): Promise<void> {
    this.#stopped ??= this.#stop(seconds, beforeCut);
    await this.#stopped;
  }

  async #stop(seconds: number, beforeCut: () => Promise<void>): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    // Node does not count a connection as idle on which nothing has come yet, and no longer times it out: browsers
    // open such ones in advance.
    for (const socket of this.#traffic.connections) if (socket.bytesRead === 0) socket.destroy();
    if (!(await endsWithin(closed, seconds * 1000))) {
      await beforeCut();
      await endsWithin(closed, LAST_WORDS_MS);
    }
    this.#server.closeAllConnections();
    await closed;
  }
}

async function endsWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([promise.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}

/** Node refuses a limit for the headers that is longer than the one for the whole request; 0 is none. */
function headersTimeoutMs({ headersTimeout, requestTimeout }: Settings): number {
  return (requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout)) * 1000;
}

async function bind(server: Server, { host, port }: Settings): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(bindError(cause, host, port));
    });
    server.listen(port, host, resolve);
  });
}

function bindError(cause: NodeJS.ErrnoException, host: string, port: number): GlossaError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is taken by another program; choose another one with --port`,
    EACCES: `port ${port} may not be used by this user; choose one above 1023 with --port`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another one with --host`,
    ENOTFOUND: `the host name ${host} is not known; choose another one with --host`,
  };
  const reason =
    reasons[cause.code ?? ''] ??
    `listening on ${host}, port ${port} failed (${cause.code ?? 'unknown error'})`;
  return new GlossaError('CONFIG_INVALID', reason, { cause });
}

/** A request that is no valid HTTP for us, such as one without a Host: it never reaches the app. */
function badRequest(): Response {
  const body = { error: { code: 'INVALID_REQUEST', message: 'malformed HTTP request' } };
  return new Response(JSON.stringify(body), { status: 400, headers: { 'content-type': 'application/json' } });
}
