import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { uint32 } from '../../scripts/convert/gguf/values.js';
import { packageRoot } from '../../src/engine/addon.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { collect } from '../../src/generation/collect.js';
import { fillInMiddlePrompt } from '../../src/generation/fill-in-middle.js';
import { hasCode } from '../engine/conformance.js';
import { GoodModel } from '../engine/damage.js';
import { shippedEngineOptions, shippedModel } from '../engine/shipped-model.js';
import { FakeEngine } from '../fakes/engine.js';

const llama = path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const MARKS = { prefix: 1001, suffix: 1002, middle: 1003 };

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glossa-gap-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** An engine on a copy of a model whose metadata says which ids mark a gap. */
async function start(
  t: TestContext,
  modelPath: string,
  marks: Partial<typeof MARKS> = MARKS,
): Promise<EngineProcess> {
  const { prefix, suffix, middle } = marks;
  const model = await GoodModel.read(modelPath);
  const copy = path.join(folder, 'marked.gguf');
  const metadata = Object.fromEntries(
    Object.entries({ pre: prefix, suf: suffix, mid: middle }).flatMap(([name, id]) =>
      id === undefined ? [] : [[`tokenizer.ggml.fim_${name}_token_id`, uint32(id)]],
    ),
  );
  await writeFile(copy, await model.altered(folder, { metadata }));
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath: copy, parallelSequences: 1 }));
  t.after(() => engine.close());
  return engine;
}

describe('a prompt with a gap', () => {
  test('is the marks with the texts between them', async (t) => {
    const engine = await start(t, shippedModel);
    assert.deepEqual(engine.info.fillInMiddle, MARKS);
    const [prefix, suffix] = ['The little dog', ' and went home.'];
    const ids = await fillInMiddlePrompt(engine, { prefix, suffix });
    assert.deepEqual(ids, [
      MARKS.prefix,
      ...(await engine.tokenize(prefix)),
      MARKS.suffix,
      ...(await engine.tokenize(suffix)),
      MARKS.middle,
    ]);
    const { sequences, promptTokens } = await collect(
      engine.generate({ prompt: ids, maxNewTokens: 4, eosTokenId: [] }),
    );
    assert.equal(promptTokens, ids.length);
    assert.equal(sequences[0]?.generatedTokens, 4);
  });

  test('begins with BOS where the tokenizer adds it', async (t) => {
    const engine = await start(t, llama);
    const ids = await fillInMiddlePrompt(engine, { prefix: 'The', suffix: 'home' });
    assert.deepEqual(ids.slice(0, 2), [engine.info.startTokenId, MARKS.prefix]);
    assert.equal(ids.at(-1), MARKS.middle);
    assert.equal(ids.filter((id) => id === engine.info.startTokenId).length, 1);
  });

  test('takes the names of special tokens for text, and empty texts for nothing', async (t) => {
    const engine = await start(t, shippedModel);
    const [eos = -1] = engine.info.eosTokenIds;
    const ids = await fillInMiddlePrompt(engine, { prefix: '<|endoftext|>', suffix: '<|endoftext|>' });
    assert.ok(!ids.includes(eos), ids.join());
    assert.deepEqual(await fillInMiddlePrompt(engine, { prefix: '', suffix: '' }), Object.values(MARKS));
  });

  test('keeps the ids of a prefix that is given as ids', async (t) => {
    const engine = await start(t, shippedModel);
    const ids = await fillInMiddlePrompt(engine, { prefix: [7, 8, 9], suffix: '' });
    assert.deepEqual(ids, [MARKS.prefix, 7, 8, 9, MARKS.suffix, MARKS.middle]);
  });

  test('is refused for a text that cannot fit, before it is tokenized', async () => {
    const engine = new FakeEngine({ info: { fillInMiddle: MARKS, longestTokenBytes: 10, contextSize: 20 } });
    const long = 'a'.repeat(201);
    const overflow = (param: string): ReturnType<typeof hasCode> => hasCode('CONTEXT_OVERFLOW', param);
    await assert.rejects(fillInMiddlePrompt(engine, { prefix: long, suffix: '' }), overflow('prompt'));
    await assert.rejects(fillInMiddlePrompt(engine, { prefix: '', suffix: long }), overflow('suffix'));
    assert.deepEqual(engine.tokenized, []);
  });

  test('is given up when its signal is aborted', async () => {
    const engine = new FakeEngine({ info: { fillInMiddle: MARKS } });
    const signal = AbortSignal.abort();
    const given = fillInMiddlePrompt(engine, { prefix: 'a', suffix: 'b' }, { signal });
    await assert.rejects(given, hasCode('CANCELLED'));
  });
});

describe('a model without all three marks', () => {
  test('refuses a suffix by name', async (t) => {
    const engine = await start(t, shippedModel, { prefix: 1001, suffix: 1002 });
    assert.equal(engine.info.fillInMiddle, null);
    await assert.rejects(fillInMiddlePrompt(engine, { prefix: 'a', suffix: 'b' }), {
      code: 'INVALID_REQUEST',
      param: 'suffix',
      message: /^suffix: this model has no tokens that mark a gap/,
    });
  });
});
