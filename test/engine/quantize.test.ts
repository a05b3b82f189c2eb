import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { readGguf } from '../../scripts/convert/gguf/reader.js';
import { quantizeFile } from '../../src/engine/quantize.js';
import { GlossaError } from '../../src/errors.js';
import { scratchFolder } from '../convert/scratch.js';
import { writeTinyGpt2 } from '../convert/tiny-gpt2.js';

describe('quantizeFile', () => {
  test('tells the share of tensors that are done as each begins', async (context) => {
    const folder = await scratchFolder(context);
    const input = join(folder, 'f32.gguf');
    const output = join(folder, 'q4_0.gguf');
    await convertCheckpoint({ source: await writeTinyGpt2(folder), outtype: 'f32', outfile: input });
    const fractions: number[] = [];
    await quantizeFile({
      input,
      output,
      fileType: 'q4_0',
      onProgress: (fraction) => fractions.push(fraction),
    });
    const { length } = (await readGguf(output)).tensors;
    assert.ok(length > 1);
    assert.deepEqual(
      fractions,
      Array.from({ length }, (_, index) => index / length),
    );
  });

  test('says why it can not, without progress', async (context) => {
    const input = join(await scratchFolder(context), 'none.gguf');
    const heard: number[] = [];
    const quantizing = quantizeFile({
      input,
      output: `${input}.out`,
      fileType: 'q4_0',
      onProgress: (fraction) => heard.push(fraction),
    });
    await assert.rejects(quantizing, (error) => {
      assert.ok(error instanceof GlossaError);
      assert.equal(error.code, 'CONVERSION_FAILED');
      assert.match(error.message, /^llama.cpp can't quantise this file to q4_0: \S/);
      return true;
    });
    assert.deepEqual(heard, []);
  });
});
