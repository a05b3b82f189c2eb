import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { packageRoot } from '../../../src/engine/addon.js';

const MAIN = join(packageRoot(), 'dist', 'src', 'cli', 'main.js');
/** Far beyond what any of these commands takes on a busy machine: only what hangs is ended by it. */
const TIMEOUT_MS = 60_000;

/** What a command did. */
export interface CommandOutcome {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  /** The current folder. */
  readonly folder: string;
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** A program and its arguments that run the command given behind them. Default: it is run directly. */
  readonly through?: readonly string[] | undefined;
}

/** Runs `glossa` as people do, in a process of its own. */
export async function runGlossa(args: readonly string[], options: CommandOptions): Promise<CommandOutcome> {
  const [program = '', ...rest] = [...(options.through ?? []), process.execPath, MAIN, ...args];
  const child = spawn(program, rest, {
    cwd: options.folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const [out, err, ended] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<Pick<CommandOutcome, 'code' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    }),
  ]);
  return { ...ended, out, err };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
