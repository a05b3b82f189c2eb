import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { isRunning, until } from './processes.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** What a server is started with. */
export interface ServeOptions {
  /** Content of ./glossa.json; without it there is none. */
  readonly config?: object;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether to wait until the default model is loaded; default true. */
  readonly awaitReady?: boolean;
  /** Compute threads; default 1: several that wait for each other starve where other tests take the cores. */
  readonly threads?: number | 'default';
  /** A key, where some are configured, that goes with every request below. */
  readonly apiKey?: string;
  /** Where it runs and keeps its tasks, and what is left there afterwards; absent: a new folder, gone with the server. */
  readonly folder?: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One model's entry of `GET /glossa/stats`. */
export interface Stats {
  readonly queued_requests: number;
  readonly active_requests: number;
  readonly active_sequences: number;
  readonly used_cells: number;
  readonly generated_tokens: number;
  readonly prompt_tokens: number;
  readonly cached_prompt_tokens: number;
  readonly cached_prefix_bytes: number;
  readonly resident_bytes: number;
  readonly pid: number;
}

/** A part of what the server logs for a request. */
export interface LoggedRequest {
  readonly status: number;
  readonly model?: string;
  readonly promptTokens?: number;
  readonly generatedTokens?: number;
  readonly aborted?: boolean;
  readonly code?: string;
}

/** `glossa serve` in a process of its own, in an empty folder, on a free port. */
export class ServedGlossa {
  readonly pid: number;
  /** Lines of its standard error: one JSON object each, or an error's text. */
  readonly log: string[] = [];
  readonly exit: Promise<Exit>;
  url = '';
  readonly #process: ChildProcess;
  /** To be deleted. */
  readonly #ownFolder: string | undefined;
  readonly #keyHeader: Readonly<Record<string, string>>;

  private constructor(child: ChildProcess, ownFolder: string | undefined, apiKey: string | undefined) {
    this.#process = child;
    this.#keyHeader = apiKey === undefined ? {} : { 'api-key': apiKey };
    this.#ownFolder = ownFolder;
    this.pid = child.pid ?? 0;
    this.exit = once(child, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }) as Exit);
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => this.log.push(line));
  }

  /** Starts a server and waits until it listens and, unless told otherwise, is ready. */
  static async start(options: ServeOptions = {}): Promise<ServedGlossa> {
    const server = await ServedGlossa.#spawn(options);
    try {
      await server.#listening();
      if (options.awaitReady !== false) {
        await until('the server is ready', async () => (await server.get('/health')).status === 200);
      }
      return server;
    } catch (error) {
      await server.kill();
      throw new Error(`the server did not start:\n${server.log.join('\n')}`, { cause: error });
    }
  }

  /** Runs a server that is expected to end by itself; its log is complete then. */
  static async fail(options: ServeOptions): Promise<Exit & { readonly log: string }> {
    const server = await ServedGlossa.#spawn(options);
    const exit = await server.exit;
    await server.#cleanUp();
    return { ...exit, log: server.log.join('\n') };
  }

  static async #spawn(options: ServeOptions): Promise<ServedGlossa> {
    const { config, args = [], env = {}, threads = 1 } = options;
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'glossa-e2e-')));
    if (config !== undefined) await writeFile(join(folder, 'glossa.json'), JSON.stringify(config));
    const inherited = Object.entries(process.env).filter(([name]) => !/^(GLOSSA|NODE)_/.test(name));
    const threadFlags = threads === 'default' ? [] : ['--threads', String(threads)];
    const defaults = ['serve', '--port', '0', '--gpu', 'off', ...threadFlags];
    const child = spawn(process.execPath, [main, ...defaults, ...args], {
      cwd: folder,
      // Flags and the variables of a test go first.
      env: { ...Object.fromEntries(inherited), GLOSSA_STATE_DIR: join(folder, 'state'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // A test run that is cut short leaves no server behind.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    return new ServedGlossa(child, options.folder === undefined ? folder : undefined, options.apiKey);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, { headers: { ...this.#keyHeader, ...headers } });
  }

  /** Posts an object as JSON, a string as it is. */
  post(
    path: string,
    body: unknown,
    init: { signal?: AbortSignal; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { ...this.#keyHeader, ...init.headers },
    });
  }

  /** Figures of a loaded model; undefined while it is not loaded or is being restarted. */
  async stats(model = 'glossa-tales'): Promise<Stats | undefined> {
    const answer = (await (await this.get('/glossa/stats')).json()) as {
      models: Record<string, Stats | null>;
    };
    return answer.models[model] ?? undefined;
  }

  /** The process of a loaded model. */
  async enginePid(model?: string): Promise<number> {
    const stats = await this.stats(model);
    if (stats === undefined) throw new Error('the model is not loaded');
    return stats.pid;
  }

  /** The line that was logged for the request of this id. */
  async logged(requestId: string): Promise<LoggedRequest> {
    const find = (): string | undefined =>
      this.log.find((line) => line.includes(`"requestId":"${requestId}"`));
    await until('the request is logged', () => find() !== undefined);
    return JSON.parse(find() ?? '{}') as LoggedRequest;
  }

  /** Waits until the model has nothing to do and holds nothing. */
  async idle(model?: string): Promise<Stats> {
    let stats: Stats | undefined;
    await until('the engine is idle', async () => {
      stats = await this.stats(model);
      return stats?.active_requests === 0 && stats.queued_requests === 0 && stats.used_cells === 0;
    });
    if (stats === undefined) throw new Error('the model is not loaded');
    return stats;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks it to stop, waits for its end, and makes sure that its engines have ended as well. */
  async stop(): Promise<Exit> {
    const engines = await this.#engines();
    this.signal('SIGTERM');
    const exit = await this.exit;
    await this.#cleanUp();
    const left = engines.filter(isRunning);
    if (left.length > 0) throw new Error(`engine processes are left: ${left.join(', ')}`);
    return exit;
  }

  /** Ends it at once. Does nothing if it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
    await this.#cleanUp();
  }

  async #engines(): Promise<number[]> {
    const answer = (await (await this.get('/glossa/stats')).json()) as {
      models: Record<string, Stats | null>;
    };
    return Object.values(answer.models).flatMap((stats) => (stats === null ? [] : [stats.pid]));
  }

  async #listening(): Promise<void> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('the server has no standard output');
    for await (const line of createInterface({ input: stdout })) {
      const found = /^glossa is listening on (http:\S+) \(model \S+\)$/.exec(line)?.[1];
      if (found === undefined) continue;
      this.url = found;
      stdout.resume();
      return;
    }
    throw new Error('the server ended before it listened');
  }

  async #cleanUp(): Promise<void> {
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }
}
