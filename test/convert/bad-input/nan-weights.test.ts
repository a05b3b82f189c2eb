import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { handmade } from '../lora/tiny-adapter.js';
import { scratchFolder } from '../scratch.js';
import { writeTinyGpt2 } from '../tiny-gpt2.js';
import { runGlossa } from './command-line.js';
import { DEFAULT_ARGS } from './refusals.js';

const BROKEN = handmade(
  'ln_f.bias',
  [32],
  Array.from({ length: 32 }, (_, index) => [NaN, Infinity, -Infinity][index] ?? 1),
);

describe('weights that are no numbers', () => {
  test('are converted, with a warning that names the tensor', async (context) => {
    const folder = await scratchFolder(context);
    await writeTinyGpt2(folder, 'tiny-model', { tensors: { 'ln_f.bias': BROKEN } });
    const outfile = ['--outfile', 'result.gguf'];
    const { code, out, err } = await runGlossa(['convert', ...DEFAULT_ARGS.slice(0, 3), ...outfile], {
      folder,
    });
    const warnings = err.split('\n').filter((line) => line.startsWith('warning: '));
    assert.deepEqual(warnings, ['warning: tensor "ln_f.bias" holds 3 NaN or infinite values']);
    assert.equal(code, 0);
    assert.match(out, /result\.gguf: gpt2, f32, 28 tensors/);
    assert.deepEqual((await readdir(folder)).sort(), ['result.gguf', 'tiny-model']);
  });
});
