/** Glossa as its users meet it: the command line's server, asked over HTTP, answering in streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { packageRoot } from '../../src/engine/addon.js';
import { CONTEXT_SIZE, NEW_TOKENS, promptsOf, SAMPLING, type Trial, type Workload } from '../workload.js';

/** What one streamed answer took. */
export interface Answer {
  readonly tokens: number;
  readonly cachedTokens: number;
  readonly firstTokenMs: number;
}

/** What `/glossa/stats` says of an engine. */
interface EngineFigures {
  readonly pid: number;
  readonly prompt_tokens: number;
  readonly cached_prompt_tokens: number;
}

const SAMPLING_FIELDS = {
  do_sample: true,
  temperature: SAMPLING.temperature,
  top_k: SAMPLING.topK,
  top_p: SAMPLING.topP,
  eos_token_id: [],
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Peak resident memory of a process in bytes; null where /proc is missing. */
function peakMemory(pid: number): number | null {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return null;
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8')) ?? [];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

export class GlossaServer {
  // Idle connections stay open, as a client library keeps them.
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(
    readonly process: ChildProcess,
    readonly port: number,
    readonly stateFolder: string,
  ) {}

  static async start(modelPath: string, threads: number): Promise<GlossaServer> {
    const port = await freePort();
    const main = path.join(packageRoot(), 'dist', 'src', 'cli', 'main.js');
    const options = { model: modelPath, port, threads, gpu: 'off', 'context-size': CONTEXT_SIZE };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const stateFolder = mkdtempSync(path.join(tmpdir(), 'glossa-bench-'));
    const child = spawn(process.execPath, [main, 'serve', ...flags, '--parallel-sequences', '16'], {
      stdio: ['ignore', 'ignore', 'ignore'],
      // The user's own server may run, and its tasks are none of ours.
      env: { ...process.env, GLOSSA_STATE_DIR: stateFolder },
    });
    const server = new GlossaServer(child, port, stateFolder);
    while (!(await server.#isReady())) await sleep(50);
    return server;
  }

  async #isReady(): Promise<boolean> {
    if (this.process.exitCode !== null) throw new Error('glossa serve ended; run it by hand to see why');
    const response = await fetch(`http://127.0.0.1:${this.port}/health`).catch(() => null);
    await response?.body?.cancel();
    return response?.ok ?? false;
  }

  /** One streamed generation. The client only counts: it shares the cores with the server. */
  async generate(prompt: string, newTokens: number, seed: number): Promise<Answer> {
    const body = JSON.stringify({
      ...SAMPLING_FIELDS,
      prompt,
      max_new_tokens: newTokens,
      seed,
      stream: true,
    });
    const start = performance.now();
    return await new Promise<Answer>((resolve, reject) => {
      let firstTokenMs = 0;
      const chunks: Buffer[] = [];
      const outgoing = request(
        { port: this.port, host: '127.0.0.1', path: '/glossa/generate', method: 'POST', agent: this.#agent },
        (response) => {
          response.on('data', (chunk: Buffer) => {
            if (firstTokenMs === 0 && chunk.includes('"type":"token"'))
              firstTokenMs = performance.now() - start;
            chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const tokens = text.split('"type":"token"').length - 1;
            const cached = /"cached_tokens":(\d+)/.exec(text)?.[1];
            if (tokens !== newTokens || cached === undefined)
              reject(new Error(`unexpected answer: ${text.slice(0, 300)}`));
            else resolve({ tokens, cachedTokens: Number(cached), firstTokenMs });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  async trial(workload: Workload): Promise<Trial & { readonly firstTokenMs: number }> {
    const start = performance.now();
    const answers = await Promise.all(
      promptsOf(workload).map((prompt, index) =>
        this.generate(prompt, NEW_TOKENS, workload.trial * 1000 + index),
      ),
    );
    const seconds = (performance.now() - start) / 1000;
    return {
      tokensPerSecond: (workload.streams * NEW_TOKENS) / seconds,
      firstTokenMs: answers.reduce((sum, { firstTokenMs }) => sum + firstTokenMs, 0) / answers.length,
    };
  }

  /** One request and its JSON answer. */
  async post(route: string, body: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${route}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`unexpected answer: ${JSON.stringify(answer).slice(0, 300)}`);
    return answer;
  }

  /** Prompt tokens that the engine has computed so far. */
  async computedPromptTokens(): Promise<number> {
    const { prompt_tokens: all, cached_prompt_tokens: cached } = await this.#engine();
    return all - cached;
  }

  async #engine(): Promise<EngineFigures> {
    const response = await fetch(`http://127.0.0.1:${this.port}/glossa/stats`);
    const { models } = (await response.json()) as { models: Record<string, EngineFigures> };
    const [engine] = Object.values(models);
    if (engine === undefined) throw new Error('no model is loaded');
    return engine;
  }

  /** Peak resident bytes of the server and of its engine process. */
  async peakMemory(): Promise<{ readonly server: number | null; readonly engine: number | null }> {
    const { pid } = await this.#engine();
    return { server: peakMemory(this.process.pid ?? 0), engine: peakMemory(pid) };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    const exited = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await exited;
    rmSync(this.stateFolder, { recursive: true });
  }
}
