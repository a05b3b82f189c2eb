import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';

import type { DialectName } from '../config/listeners.js';
import type { Settings } from '../config/schema.js';
import type { GlossaError } from '../errors.js';
import type { Caller } from '../models/caller.js';
import type { ModelRegistry } from '../models/registry.js';
import type { TaskService } from '../tasks/task.js';
import type { ApiKeys } from './api-keys.js';
import type { ApiOperation } from './api-operation.js';
import type { Arrival } from './arrival.js';

/** What the line logged for a request says; handlers fill in what they know. */
export interface RequestRecord {
  model?: string;
  promptTokens?: number;
  generatedTokens?: number;
  /** Name of the API key, if its operator gave it one. */
  key?: string;
  /** Only logged if the settings say so. */
  prompt?: string;
  /** The error that was rendered, or that broke a stream. */
  error?: GlossaError;
}

/** A request for a WebSocket; what refuses it is answered as for any other request. */
export interface UpgradeRequest {
  readonly isAccepted: boolean;
  /** `open` gets the socket once the response of the request's handler is there: its headers go out with the 101. */
  accept(open: (socket: WebSocket) => void): void;
}

/** What the server gives with a request. */
export interface ServerBindings extends HttpBindings {
  readonly upgrade?: UpgradeRequest;
  readonly arrival?: Arrival;
}

/** Types of Hono's context in this server. In-memory requests have no bindings. */
export interface ServerEnv {
  Bindings: Partial<ServerBindings>;
  Variables: {
    requestId: string;
    record: RequestRecord;
    listener: ListenerKind;
    caller: Caller;
    leave?: () => void;
  };
}

export type ServerApp = Hono<ServerEnv>;
export type ServerContext = Context<ServerEnv>;

/** What the server gave with a request; a request in memory has none, whatever Hono's type says. */
export function bindingsOf(context: ServerContext): Partial<ServerBindings> | undefined {
  return context.env;
}

/** What a dialect works with. */
export interface DialectServices {
  readonly models: ModelRegistry;
  readonly settings: Settings;
  readonly keys: ApiKeys;
  readonly tasks: TaskService;
  readonly log: Logger;
}

/** Where an app listens: at the port that all APIs share, or at one that a dialect has to itself. */
export type ListenerKind = 'common' | 'own';

/** What an API says to browsers of other origins. */
export interface CorsPolicy {
  /** Allowed origins; "*" for any. */
  readonly origins: '*' | readonly string[];
  readonly methods: readonly string[];
  /** "*": those that the browser asks for. */
  readonly allowedHeaders: '*' | readonly string[];
  readonly exposedHeaders: readonly string[];
  /** Whether pages may send what the browser keeps for the server; see cors.ts for what is safe about it. */
  readonly credentials?: true;
}

/** One API: its routes and the shape of its errors. It knows no other dialect. */
export interface Dialect {
  readonly name: DialectName;
  /**
   * Whether a path belongs to this API, so that errors before its routes take its shape too. APIs that share a path
   * tell by the context whose it is: by the listener, or by what they found in the request.
   */
  owns(path: string, context: ServerContext): boolean;
  /** Absent: pages of other origins may not call, unless the settings name them. */
  readonly cors?: CorsPolicy;
  /** Whether a path's handler finds out itself who asks, and refuses; absent: keys in headers are checked before. */
  authenticates?(path: string): boolean;
  /** Adds the routes to an app. Called once for each listener that the dialect is on. */
  mount(app: ServerApp, listener: ListenerKind): void;
  renderError(context: ServerContext, error: GlossaError): Response;
  /** Its routes as API documents tell them, each of them once. */
  readonly operations: readonly ApiOperation[];
  /**
   * Called when the server begins to stop: ends what waits for clients. WebSockets that are idle are closed now, with
   * code 1001, and the others when they become idle; what is left after the server's time gets the same code.
   */
  close?(): void;
}

/** Makes a dialect, once for a server: what it keeps between requests is the same at all of its ports. */
export type DialectFactory = (services: DialectServices) => Dialect;
