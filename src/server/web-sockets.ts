import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';

import { getRequestListener } from '@hono/node-server';
import { WebSocketServer, type WebSocket } from 'ws';

import type { UpgradeRequest } from './dialect.js';
import { ignoreUpgrade, isWebSocketRequest } from './other-upgrades.js';

/** Answers a request; `env` becomes Hono's bindings. */
export type FetchHandler = (request: Request, env: object) => Response | Promise<Response>;

/** What WebSockets are accepted with. */
export interface WebSocketOptions {
  readonly fetch: FetchHandler;
  /** Bytes of a message at most. */
  readonly maxPayload: number;
  /** Answers what is no valid HTTP. */
  readonly badRequest: () => Response;
  /** Told of every response that a request for a WebSocket might get instead of one. */
  readonly track: (response: ServerResponse) => void;
  /** Told that such a response will not be. */
  readonly untrack: (response: ServerResponse) => void;
  /** Told what the callback threw that a socket was opened with. */
  readonly onError: (error: unknown) => void;
  /** Between two pings; a client that has not answered the last one is cut off. Default: 30,000. */
  readonly pingIntervalMs?: number;
}

/** "Going away", RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;
/** "Internal error", the same. */
const INTERNAL_ERROR = 1011;

/** Bytes that a client may leave unread and still have its pings answered: more than what dialects let wait. */
const MOST_UNREAD = 16 * 1024 * 1024;

/** Thrown in place of a response where the socket has been handed over. */
const HANDED_OVER = Symbol('handed over');

/** The WebSockets of one HTTP server. */
export class WebSockets {
  readonly #options: WebSocketOptions;
  readonly #server: WebSocketServer;
  /** Clients that have not been heard of since the last ping. */
  readonly #silent = new WeakSet<WebSocket>();
  /** Bytes that waited for paused clients at the last ping. */
  readonly #unread = new WeakMap<WebSocket, number>();

  constructor(server: Server, options: WebSocketOptions) {
    this.#options = options;
    const { maxPayload, pingIntervalMs = 30_000 } = options;
    // Without compression: it costs memory for each socket, and small messages gain nothing. (The types of ws 8.18 lack
    // closeTimeout, which 8.19 brought: how long a client gets to answer a close.)
    // Not synchronously: one read may hold thousands of messages, and between any two others have their turn.
    const sending = { perMessageDeflate: false, allowSynchronousEvents: false, closeTimeout: 2000 };
    const serverOptions = { noServer: true, maxPayload, ...sending };
    this.#server = new WebSocketServer(serverOptions);
    const heartbeat = setInterval(() => {
      this.#ping();
    }, pingIntervalMs).unref();
    server.on('close', () => {
      clearInterval(heartbeat);
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // Node has taken its own listener off, and a client that vanishes is no reason to crash.
      const destroy = (): void => void socket.destroy();
      socket.on('error', destroy);
      if (isWebSocketRequest(request)) this.#answer(request, socket, head);
      // It listens again, on the same connection, which may ask any number of times.
      else if (ignoreUpgrade(server, { request, socket, head })) socket.off('error', destroy);
    });
  }

  /** Sockets that are open or being closed. */
  get count(): number {
    return this.#server.clients.size;
  }

  /** Tells every client that the server is going away. */
  close(): void {
    for (const socket of this.#server.clients) socket.close(GOING_AWAY, 'the server is shutting down');
  }

  /** Cuts off those that are left. */
  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  /** Passes the request through the app like any other. If a handler accepts, the socket is handed over. */
  #answer(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { fetch, badRequest, track } = this.#options;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    try {
      response.assignSocket(socket);
    } catch {
      // An earlier request on this connection is still being answered: none may follow it that way.
      socket.destroy();
      return;
    }
    response.once('finish', () => {
      socket.destroySoon();
    });
    track(response);
    const upgrade = new PendingUpgrade();
    const handle = getRequestListener(
      async (fetched, env) => {
        const answer = await fetch(fetched, { ...env, upgrade });
        if (upgrade.open === undefined) return answer;
        response.detachSocket(socket);
        this.#options.untrack(response);
        this.#handOver({ request, socket, head }, answer.headers, upgrade.open);
        // The one way to tell the listener that it has nothing to write.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw HANDED_OVER;
      },
      { errorHandler: (error) => (error === HANDED_OVER ? undefined : badRequest()) },
    );
    void handle(request, response);
  }

  #handOver(from: UpgradeParts, headers: Headers, open: (socket: WebSocket) => void): void {
    const addHeaders = (lines: string[]): void => {
      for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    };
    this.#server.on('headers', addHeaders);
    try {
      // Calls back before it returns, or never: then it has answered 400 itself.
      this.#server.handleUpgrade(from.request, from.socket, from.head, (socket) => {
        this.#begin(socket, open);
      });
    } finally {
      this.#server.off('headers', addHeaders);
    }
  }

  #begin(socket: WebSocket, open: (socket: WebSocket) => void): void {
    // Each is followed by "close", which says all; without a listener the process would end.
    socket.on('error', () => undefined);
    // Each is answered: of answers that nobody reads there may not be any number.
    socket.on('ping', () => {
      if (socket.bufferedAmount > MOST_UNREAD) socket.terminate();
    });
    for (const sign of ['pong', 'message']) socket.on(sign, () => this.#silent.delete(socket));
    try {
      open(socket);
    } catch (error) {
      this.#options.onError(error);
      socket.close(INTERNAL_ERROR);
    }
  }

  #ping(): void {
    for (const socket of this.#server.clients) {
      // Nothing is read from one that is paused, pongs included: it lives as long as it takes what waits for it.
      const unread = socket.isPaused ? socket.bufferedAmount : 0;
      const isStuck = unread > 0 && this.#unread.get(socket) === unread;
      this.#unread.set(socket, unread);
      if (socket.isPaused) this.#silent.delete(socket);
      if (isStuck || this.#silent.has(socket)) {
        socket.terminate();
      } else if (!socket.isPaused) {
        this.#silent.add(socket);
        socket.ping();
      }
    }
  }
}

interface UpgradeParts {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

class PendingUpgrade implements UpgradeRequest {
  open: ((socket: WebSocket) => void) | undefined;

  get isAccepted(): boolean {
    return this.open !== undefined;
  }

  accept(open: (socket: WebSocket) => void): void {
    this.open = open;
  }
}
