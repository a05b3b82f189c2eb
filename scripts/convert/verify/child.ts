import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { GlossaError } from '../../../src/errors.js';
import { failedAssertion } from '../../../src/engine/load-failure.js';
import type { ComparisonAnswer, ComparisonOrder, FromWorker } from './messages.js';

/** Lines of the process's output that are kept to explain its death. */
const KEPT_LINES = 20;

/**
 * Runs both models in a process of their own, which ends with it.
 *
 * @throws GlossaError CONVERSION_FAILED with the reason if a model can't be loaded or run, or llama.cpp aborts
 */
export async function compareInChild(
  order: ComparisonOrder,
  onProgress: (fraction: number) => void,
): Promise<ComparisonAnswer> {
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
    // ggml would start a debugger to print a backtrace when it aborts.
    env: { ...process.env, GGML_NO_BACKTRACE: '1' },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = keepOutput(child);
  try {
    return await new Promise<ComparisonAnswer>((resolve, reject) => {
      child.on('message', (message: FromWorker) => {
        if (message.type === 'progress') onProgress(message.fraction);
        else if (message.type === 'answer') resolve(message.answer);
        else reject(failure(message.message));
      });
      child.once('error', (error) => {
        reject(failure('the process for it could not be started', error));
      });
      child.once('exit', (code, signal) => {
        const assertion = failedAssertion(output);
        const how = `the engine ended ${signal === null ? `with exit code ${String(code)}` : `by ${signal}`}`;
        reject(failure(assertion === undefined ? how : `${how}: ${assertion}`, new Error(output.join('\n'))));
      });
      // A process that died before is told of by its exit.
      child.send(order, () => undefined);
    });
  } finally {
    child.kill('SIGKILL');
  }
}

function keepOutput(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      lines.push(...chunk.split('\n').filter((line) => line !== ''));
      lines.splice(0, lines.length - KEPT_LINES);
    });
  }
  return lines;
}

function failure(reason: string, cause?: unknown): GlossaError {
  return new GlossaError('CONVERSION_FAILED', `the result can't be verified: ${reason}`, { cause });
}
