import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { GlossaError } from '../errors.js';
import { turnFile } from './compute-turn.js';
import type { EngineOptions, ModelInfo } from './engine.js';
import { failedAssertion } from './load-failure.js';
import type { Failure, FromEngine, ToEngine } from './protocol.js';

/** Lines of the child's output that are kept to explain its death. */
const KEPT_LINES = 20;
/** A child that was told to end and does not is killed after this. */
const CLOSE_TIMEOUT_MS = 5000;

export interface ChildEvents {
  onMessage(message: FromEngine): void;
  /** The process is gone without having been told to; `error` says how. */
  onDeath(error: GlossaError): void;
  onProgress(fraction: number): void;
  onOutput(line: string): void;
}

export function fromFailure({ code, message, param, detail }: Failure): GlossaError {
  return new GlossaError(code, message, {
    ...(param === undefined ? {} : { param }),
    ...(detail === undefined ? {} : { cause: new Error(detail) }),
  });
}

/** One process with one loaded model. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  readonly #output: string[] = [];
  #loading: { resolve: (info: ModelInfo) => void; reject: (error: GlossaError) => void } | null = null;
  #closing = false;
  readonly #exited: Promise<void>;

  private constructor(events: ChildEvents) {
    this.#events = events;
    this.#process = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      // ggml would start a debugger to print a backtrace when it aborts: seconds in which nothing is restarted.
      env: { ...process.env, GGML_NO_BACKTRACE: '1' },
      execArgv: [],
      // The last one becomes the child's file descriptor TURN_FILE.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', turnFile()],
    });
    this.#keepOutput(this.#process.stdout);
    this.#keepOutput(this.#process.stderr);
    this.#process.on('message', (message) => {
      this.#receive(message as FromEngine);
    });
    this.#process.on('error', (error) => {
      this.#die(
        new GlossaError('ENGINE_CRASHED', 'the engine process could not be started', { cause: error }),
      );
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#die(this.#deathOf(code, signal));
        resolve();
      });
    });
  }

  /**
   * Starts a process and loads a model in it.
   *
   * @throws GlossaError MODEL_LOAD_FAILED, NATIVE_UNAVAILABLE, or CLOSED when `close` came first
   */
  static async start(
    options: EngineOptions,
    events: ChildEvents,
    onCreated: (child: EngineChild) => void,
  ): Promise<ModelInfo> {
    const child = new EngineChild(events);
    onCreated(child);
    return await new Promise<ModelInfo>((resolve, reject) => {
      child.#loading = { resolve, reject };
      child.send({ type: 'load', options });
    });
  }

  send(message: ToEngine): void {
    // A message to a process that has just died is lost; its exit event deals with the request.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  /** Ends the process, gently if it listens. Idempotent. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#loading?.reject(new GlossaError('CLOSED', 'the engine was closed while its model was loading'));
    this.#loading = null;
    this.send({ type: 'close' });
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    if (this.#process.pid !== undefined) await this.#exited;
    clearTimeout(timer);
  }

  #keepOutput(stream: NodeJS.ReadableStream | null): void {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      for (const line of chunk.split('\n').filter((text) => text !== '')) {
        this.#output.push(line);
        if (this.#output.length > KEPT_LINES) this.#output.shift();
        this.#events.onOutput(line);
      }
    });
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'progress':
        this.#events.onProgress(message.fraction);
        return;
      case 'ready':
        this.#loading?.resolve(message.info);
        this.#loading = null;
        return;
      case 'loadFailed':
        this.#closing = true;
        this.#loading?.reject(fromFailure(message.failure));
        this.#loading = null;
        return;
      default:
        this.#events.onMessage(message);
    }
  }

  #deathOf(code: number | null, signal: NodeJS.Signals | null): GlossaError {
    const how = signal === null ? `with exit code ${String(code)}` : `by ${signal}`;
    return new GlossaError('ENGINE_CRASHED', `the engine process ended ${how}`, {
      cause: new Error(this.#output.join('\n')),
    });
  }

  #die(error: GlossaError): void {
    if (this.#loading !== null) {
      const { message, cause } = error;
      const assertion = failedAssertion(this.#output);
      const reason = assertion === undefined ? message : `${message}: ${assertion}`;
      this.#loading.reject(
        new GlossaError('MODEL_LOAD_FAILED', `the model can't be loaded: ${reason}`, { cause }),
      );
      this.#loading = null;
      this.#closing = true;
    }
    if (this.#closing) return;
    this.#closing = true;
    this.#events.onDeath(error);
  }
}
