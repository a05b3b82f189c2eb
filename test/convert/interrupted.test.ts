import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { scratchFolder } from './scratch.js';
import { writeTinyGpt2 } from './tiny-gpt2.js';

const CHILD = fileURLToPath(new URL('./interrupted-child.js', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What is left in the output's folder. */
  readonly left: readonly string[];
}

/** Starts a conversion in a process of its own and ends it once it has reached a phase. */
async function interrupt(context: TestContext, phase: string, signal?: NodeJS.Signals): Promise<Outcome> {
  const folder = await scratchFolder(context);
  await writeTinyGpt2(folder);
  await mkdir(join(folder, 'out'));
  const child = spawn(process.execPath, [CHILD, folder, phase], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await once(child.stdout, 'data');
  if (signal !== undefined) child.kill(signal);
  const [code, endedBy] = await ended;
  return { code, signal: endedBy, left: await readdir(join(folder, 'out')) };
}

describe('an interrupted conversion', { skip: process.platform === 'win32', concurrency: true }, () => {
  const cases = [
    ['tensors', 'SIGINT'],
    ['tensors', 'SIGTERM'],
    ['quantize', 'SIGTERM'],
    ['quantize', 'SIGHUP'],
  ] as const;
  for (const [phase, signal] of cases) {
    test(`by ${signal} in the phase "${phase}" leaves nothing and ends by that signal`, async (context) => {
      assert.deepEqual(await interrupt(context, phase, signal), { code: null, signal, left: [] });
    });
  }

  test('by SIGKILL leaves nothing under the final name', async (context) => {
    const { left } = await interrupt(context, 'quantize', 'SIGKILL');
    assert.ok(
      left.every((name) => name.startsWith('.model.gguf.') && name.endsWith('.tmp')),
      left.join(),
    );
  });

  test('by process.exit leaves nothing', async (context) => {
    assert.deepEqual(await interrupt(context, 'exit'), { code: 7, signal: null, left: [] });
  });
});
