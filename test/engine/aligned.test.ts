import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { VOCABULARY_SIZE_KEY } from '../../scripts/convert/align/align-vocabulary.js';
import { type GgufValue, string, uint32 } from '../../scripts/convert/gguf/values.js';
import type { Engine } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { GlossaError } from '../../src/errors.js';
import type { GenerationRequest } from '../../src/generation/request.js';
import { ODD_VOCABULARY, writeAlignedGpt2 } from '../convert/aligned-gpt2.js';
import { collect } from './conformance.js';
import { GoodModel } from './damage.js';
import { shippedEngineOptions } from './shipped-model.js';

const WIDTH = 32;
const BYTES_PER_HALF = 2;

let folder = '';
let plainPath = '';
let greedy: GoodModel;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-aligned-'));
  const { plain, aligned } = await writeAlignedGpt2(folder);
  plainPath = join(folder, 'winning-plain.gguf');
  await writeFile(plainPath, withWinningRows(await GoodModel.read(plain)));
  const path = join(folder, 'winning-aligned.gguf');
  await writeFile(path, withWinningRows(await GoodModel.read(aligned)));
  greedy = await GoodModel.read(path);
});
after(() => rm(folder, { recursive: true, force: true }));

/**
 * Has the last layer norm always put out 8 in its first component, and padded rows weigh that one a hundredfold:
 * their scores would beat every other one.
 */
function withWinningRows(model: GoodModel): Buffer {
  const edits = [
    model.withData('output_norm.weight', (data) => data.writeFloatLE(0, 0)),
    model.withData('output_norm.bias', (data) => data.writeFloatLE(8, 0)),
  ];
  edits.push(model.withData('token_embd.weight', raisePaddedRows));
  return edits.reduce((merged, edited) => {
    // Each edit changes bytes of its own, so whatever differs from the original is taken.
    for (const [index, byte] of edited.entries()) if (byte !== model.bytes[index]) merged[index] = byte;
    return merged;
  }, Buffer.from(model.bytes));
}

/** Does nothing to a plain file, which has no rows there. */
function raisePaddedRows(data: Buffer): void {
  const rowBytes = WIDTH * BYTES_PER_HALF;
  // 0x5640 is 100 in binary16.
  for (let at = ODD_VOCABULARY * rowBytes; at < data.length; at += rowBytes) data.writeUInt16LE(0x5640, at);
}

async function generate(
  modelPath: string,
  requests: readonly Partial<GenerationRequest>[],
): Promise<{ text: string; tokens: number[] }[]> {
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath, parallelSequences: 2 }));
  try {
    const results = [];
    for (const request of requests) results.push(await answer(engine, request));
    return results;
  } finally {
    await engine.close();
  }
}

async function answer(
  engine: Engine,
  request: Partial<GenerationRequest>,
): Promise<{ text: string; tokens: number[] }> {
  const events = await collect(
    engine.generate({ prompt: 'the ab', maxNewTokens: 40, eosTokenId: [], ...request }),
  );
  const tokens = events.filter((event) => event.type === 'token');
  return { text: tokens.map(({ text }) => text).join(''), tokens: tokens.map(({ tokenId }) => tokenId) };
}

const REQUESTS: readonly Partial<GenerationRequest>[] = [
  { doSample: false },
  { doSample: false, repetitionPenalty: 1.3 },
  ...[1, 2, 3].map((seed) => ({ doSample: true, seed, topK: 0 })),
  { doSample: true, seed: 4, temperature: 5, topK: 0 },
  { doSample: true, seed: 5, topK: 30, topP: 0.9 },
];

describe('a file with padded rows whose scores would win', () => {
  test('writes the same as the file without them, and no padded token', async () => {
    const plain = await generate(plainPath, REQUESTS);
    const aligned = await generate(greedy.path, REQUESTS);
    assert.deepEqual(aligned, plain);
    for (const { tokens } of aligned) {
      assert.equal(tokens.length, 40);
      assert.ok(tokens.every((token) => token < ODD_VOCABULARY));
    }
  });

  test('would say padded tokens if it did not tell how many tokens there are', async () => {
    const path = join(folder, 'untold.gguf');
    await writeFile(path, await greedy.altered(folder, { metadata: { [VOCABULARY_SIZE_KEY]: undefined } }));
    const [untold] = await generate(path, [{ doSample: false }]);
    assert.ok(untold?.tokens.every((token) => token >= ODD_VOCABULARY));
  });

  test('refuses padded ids in a prompt and as an end token, and does not read their names', async () => {
    const engine = await EngineProcess.start(shippedEngineOptions({ modelPath: greedy.path }));
    try {
      assert.equal(engine.info.vocabularySize, ODD_VOCABULARY);
      for (const request of [{ prompt: [ODD_VOCABULARY] }, { eosTokenId: [ODD_VOCABULARY] }]) {
        await assert.rejects(answer(engine, request), (error) => {
          assert.ok(error instanceof GlossaError);
          assert.equal(error.code, 'INVALID_REQUEST');
          assert.match(error.message, /expected token ids below 21, received 21$/);
          return true;
        });
      }
      for (const parseSpecial of [false, true]) {
        const tokens = await engine.tokenize('[PAD21]', { parseSpecial });
        assert.ok(tokens.every((token) => token < ODD_VOCABULARY));
      }
    } finally {
      await engine.close();
    }
  });
});

describe('glossa.vocabulary_size is refused when it', () => {
  const cases: readonly { what: string; value: GgufValue; received: string }[] = [
    { what: 'is 0', value: uint32(0), received: '0' },
    { what: 'is more than the rows', value: uint32(33), received: '33' },
    { what: 'is no number', value: string('many'), received: 'many' },
  ];
  for (const { what, value, received } of cases) {
    test(what, async () => {
      await assertRefused(value, `expected 1 to 32 for glossa.vocabulary_size, received ${received}`);
    });
  }

  test('leaves the start token out', async () => {
    await assertRefused(uint32(13), 'the start token 13 is none of the 13 tokens of glossa.vocabulary_size');
  });
});

async function assertRefused(value: GgufValue, reason: string): Promise<void> {
  const path = join(folder, 'refused.gguf');
  await writeFile(path, await greedy.altered(folder, { metadata: { [VOCABULARY_SIZE_KEY]: value } }));
  await assert.rejects(EngineProcess.start(shippedEngineOptions({ modelPath: path })), (error) => {
    assert.ok(error instanceof GlossaError);
    assert.equal(error.code, 'MODEL_LOAD_FAILED');
    assert.equal(error.message, `the model can't be loaded: ${reason}`);
    return true;
  });
}
