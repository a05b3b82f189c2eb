import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { readGguf } from '../../scripts/convert/gguf/reader.js';
import { packageRoot } from '../../src/engine/addon.js';
import { scratchFolder } from './scratch.js';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const SOURCE = join(packageRoot(), 'models', 'glossa-tales');
const KILLS = 20;

interface Run {
  readonly killed: boolean;
  /** Milliseconds from the first line of progress to the end. */
  readonly elapsedMs: number;
}

/** Converts the shipped model and kills the process some time after it has begun to write. */
async function convert(outfile: string, outtype: string, killAfterMs?: number): Promise<Run> {
  const args = [CLI, 'convert', SOURCE, '--outtype', outtype, '--outfile', outfile];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await once(child.stderr, 'data');
  child.stderr.resume();
  const started = performance.now();
  if (killAfterMs !== undefined) {
    await Promise.race([setTimeout(killAfterMs), ended]);
    child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  return { killed: signal === 'SIGKILL', elapsedMs: performance.now() - started };
}

test(`a conversion killed at a random moment, ${KILLS} times, leaves no file under the final name`, async (context) => {
  const folder = await scratchFolder(context);
  const outfile = join(folder, 'model.gguf');
  let killed = 0;
  for (const outtype of ['f32', 'q4_0']) {
    const whole = await convert(outfile, outtype);
    await rm(outfile);
    // The machine's speed changes between runs: one that ends before its kill narrows the span
    // that moments are drawn from, so that the next ones do not all come too late as well.
    let span = whole.elapsedMs;
    // Enough tries that KILLS of them hit a running conversion even where some come too late.
    for (let tries = 0, hits = 0; hits < KILLS / 2 && tries < 2 * KILLS; tries += 1) {
      const run = await convert(outfile, outtype, Math.random() * span);
      const names = await readdir(folder);
      if (names.includes('model.gguf')) span = Math.min(span, run.elapsedMs);
      if (run.killed && names.includes('model.gguf')) {
        // Killed between the rename and the end of the process: then the file must be whole.
        assert.ok((await readGguf(outfile)).tensors.length > 0);
      } else if (run.killed) {
        hits += 1;
        killed += 1;
        assert.deepEqual(
          names.filter((name) => !/^\.model\.gguf\..*\.tmp$/.test(name)),
          [],
        );
      }
      for (const name of names) await rm(join(folder, name));
    }
  }
  context.diagnostic(`${killed} killed while they ran`);
  assert.equal(killed, KILLS);
});
