import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

/** What transformers' GPT2LMHeadModel gives in float32 for the shipped checkpoint, greedily. */
const PROMPT = { text: 'The little dog', tokens: [289, 552, 1056] };
const CONTINUATION = [
  285, 861, 11, 287, 323, 285, 1968, 669, 13, 297, 552, 1056, 363, 323, 283, 550, 1096, 11, 399, 323, 576,
  283, 1171, 315,
];

test('checkpoint to GGUF to tokens: the same as transformers in float32', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'glossa-reference-'));
  t.after(() => rm(folder, { recursive: true }));
  const outfile = path.join(folder, 'f32.gguf');
  await convertCheckpoint({ source: path.dirname(shippedModel), outtype: 'f32', outfile });
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath: outfile }));
  t.after(() => engine.close());
  assert.deepEqual(await engine.tokenize(PROMPT.text), PROMPT.tokens);
  const tokens: number[] = [];
  for await (const event of engine.generate({ prompt: PROMPT.text, maxNewTokens: CONTINUATION.length })) {
    if (event.type === 'token') tokens.push(event.tokenId);
  }
  assert.deepEqual(tokens, CONTINUATION);
});
