import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { uint32 } from '../../scripts/convert/gguf/values.js';
import { loadAddon, packageRoot } from '../../src/engine/addon.js';
import type { EngineOptions } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { LoadedModel } from '../../src/engine/loaded-model.js';
import { adapterTensors, writeAdapter } from './adapter-file.js';
import { collect, eventually } from './conformance.js';
import { GoodModel } from './damage.js';
import { assertClose, cosine, inputOf, readGoldens, rowOf } from './embeddings.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

const CONTEXT = 512;
const TEXTS = ['The little dog', 'Why?', 'One morning the old woman went to the market.', 'It was raining.'];
/** Seconds of work. */
const LONG = Array.from({ length: 400 }, (_, index) => rowOf(CONTEXT).map((token) => token + (index % 3)));

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glossa-embed-'));
});
after(() => rm(folder, { recursive: true }));

async function start(t: TestContext, options: Partial<EngineOptions> = {}): Promise<EngineProcess> {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 4, ...options }));
  t.after(() => engine.close());
  return engine;
}

async function inFloat32(model: string): Promise<string> {
  const outfile = path.join(folder, `${model}.gguf`);
  await convertCheckpoint({ source: path.join(packageRoot(), 'models', model), outtype: 'f32', outfile });
  return outfile;
}

async function vectorOf(engine: EngineProcess, input: string | readonly number[]): Promise<Float32Array> {
  const [vector] = (await engine.embed([input])).vectors;
  assert.ok(vector !== undefined);
  return vector;
}

describe('vectors of the shipped models', () => {
  for (const model of ['glossa-tales', 'glossa-sprout']) {
    test(`${model} in float32: transformers' mean of the last hidden states, normalised`, async (t) => {
      const modelPath = await inFloat32(model);
      const goldens = (await readGoldens())[model] ?? [];
      assert.equal(goldens.length, 8);
      for (const kvLayout of ['split', 'unified'] as const) {
        const engine = await start(t, { modelPath, kvType: 'f32', kvLayout });
        // Rows as long as the context take their time without flash attention.
        const chosen = kvLayout === 'split' ? goldens : goldens.slice(0, 4);
        const inputs = chosen.map(inputOf);
        const { vectors, promptTokens } = await engine.embed(inputs);
        assert.deepEqual(
          promptTokens,
          chosen.map(({ tokens }) => tokens),
        );
        for (const [index, golden] of chosen.entries()) {
          const vector = vectors[index] ?? new Float32Array();
          assertClose(vector, golden, 1e-4);
          if (kvLayout === 'unified') continue;
          // Alone, with other inputs nowhere near: the same to rounding.
          const alone = await vectorOf(engine, inputs[index] ?? '');
          for (const [place, value] of alone.entries()) {
            assert.ok(Math.abs(value - (vector[place] ?? NaN)) < 1e-5, `input ${index}, element ${place}`);
          }
        }
        await engine.close();
      }
    });
  }

  test('quantised: nearly the same', async (t) => {
    const engine = await start(t);
    for (const golden of (await readGoldens())['glossa-tales'] ?? []) {
      assertClose(await vectorOf(engine, inputOf(golden)), golden, 0.05);
    }
    const exact = await start(t, { modelPath: path.join(folder, 'glossa-tales.gguf') });
    for (const text of TEXTS) {
      assert.ok(cosine(await vectorOf(engine, text), await vectorOf(exact, text)) > 0.999, text);
    }
  });

  test('in reproducible mode: the same to the last bit, alone and beside others', async (t) => {
    const engine = await start(t, { reproducible: true });
    const inputs = [...TEXTS, rowOf(CONTEXT), rowOf(200)];
    const together = await engine.embed(inputs);
    const [all, ...each] = await Promise.all([
      engine.embed([...inputs].reverse()),
      ...inputs.map((input) => vectorOf(engine, input)),
    ]);
    assert.deepEqual(all.vectors.toReversed(), together.vectors);
    assert.deepEqual(each, together.vectors);
  });

  test('pooled as the file says: the first token alone, or the last', async (t) => {
    const good = await GoodModel.read(shippedModel);
    const pooled = async (type: number): Promise<EngineProcess> => {
      const modelPath = path.join(folder, `pooling-${type}.gguf`);
      await writeFile(
        modelPath,
        await good.altered(folder, { metadata: { 'gpt2.pooling_type': uint32(type) } }),
      );
      return start(t, { modelPath, reproducible: true });
    };
    const [mean, named, first, last] = [await start(t), await pooled(1), await pooled(2), await pooled(3)];
    const one = await vectorOf(mean, [400]);
    const both = await vectorOf(mean, [400, 500]);
    assert.deepEqual(await vectorOf(named, [400, 500]), both);
    // A token sees none that come after it.
    assert.ok(cosine(await vectorOf(first, [400, 500]), one) > 0.9999);
    const second = await vectorOf(last, [400, 500]);
    assert.deepEqual(await vectorOf(last, [400]), one);
    // The mean of two lies in their plane.
    const [x, y, z] = [cosine(one, second), cosine(one, both), cosine(second, both)];
    assert.ok(Math.abs(1 + 2 * x * y * z - x * x - y * y - z * z) < 1e-3, `${x} ${y} ${z}`);
    assert.ok(y < 0.999 && z < 0.999, `${y} ${z}`);
  });

  test('with an adapter: others', async (t) => {
    const strong = await writeAdapter(path.join(folder, 'strong.gguf'), adapterTensors(0.1));
    const nothing = await writeAdapter(path.join(folder, 'nothing.gguf'), adapterTensors(0));
    const sets = [[], [{ path: strong, scale: 1 }], [{ path: nothing, scale: 1 }]];
    const engine = await start(t, { adapterSets: sets, reproducible: true });
    // All at once, so that the sets take turns.
    const [plain, changed, same, again] = await Promise.all(
      [0, 1, 2, 1].map(async (adapterSet) => (await engine.embed(TEXTS, { adapterSet })).vectors),
    );
    assert.deepEqual(same, plain);
    assert.deepEqual(again, changed);
    for (const [index, vector] of (plain ?? []).entries()) {
      assert.ok(cosine(vector, changed?.[index] ?? vector) < 0.999);
    }
  });
});

describe('inputs are refused', () => {
  const empty = /^input: expected at least one token, received none$/;
  const cases: [string, string | number[], string, RegExp][] = [
    ['without text', '', 'INVALID_REQUEST', empty],
    ['without ids', [], 'INVALID_REQUEST', empty],
    [
      'with an id that is none',
      [1, 1_000_000],
      'INVALID_REQUEST',
      /^input: expected token ids below \d+, received 1000000$/,
    ],
    ['with a negative id', [-1], 'INVALID_REQUEST', /^input: expected token ids below \d+, received -1$/],
    ['with half an id', [0.5], 'INVALID_REQUEST', /^input: expected token ids below \d+, received 0.5$/],
    [
      'with one token too many',
      rowOf(CONTEXT + 1),
      'CONTEXT_OVERFLOW',
      /^input: 513 tokens exceed the context of 512 tokens$/,
    ],
    [
      'with far too much text',
      'dog '.repeat(50_000),
      'CONTEXT_OVERFLOW',
      /^input: at least \d{4,} tokens exceed the context/,
    ],
  ];
  test('each for its reason, and the engine goes on', async (t) => {
    const engine = await start(t);
    for (const [what, input, code, message] of cases) {
      await assert.rejects(engine.embed(['The little dog', input]), { code, message, param: 'input' }, what);
    }
    assert.equal((await engine.embed(['The little dog'])).vectors.length, 1);
    assert.deepEqual(await engine.embed([]), { vectors: [], promptTokens: [] });
  });

  test('while the queue is full', async (t) => {
    const engine = await start(t, { parallelSequences: 1, queueLimit: 1 });
    const controller = new AbortController();
    const given = [0, 1].map(() => engine.embed(LONG, { signal: controller.signal }));
    await assert.rejects(engine.embed(TEXTS), { code: 'OVERLOADED' });
    assert.throws(() => engine.generate({ prompt: 'The' }), { code: 'OVERLOADED' });
    controller.abort();
    for (const call of given) await assert.rejects(call, { code: 'CANCELLED' });
    assert.equal((await engine.embed(TEXTS)).vectors.length, TEXTS.length);
  });
});

describe('beside streams', () => {
  for (const kvLayout of ['split', 'unified'] as const) {
    test(`a hundred inputs and four streams get what they get alone (${kvLayout})`, async (t) => {
      const engine = await start(t, { reproducible: true, kvLayout });
      const inputs = Array.from({ length: 100 }, (_, index) => `${TEXTS[index % 4] ?? ''} Number ${index}.`);
      const alone = await engine.embed(inputs);
      const requests = TEXTS.map((prompt) => ({ prompt, maxNewTokens: 60, eosTokenId: [] }));
      const textsAlone = await Promise.all(requests.map((request) => collect(engine.generate(request))));
      let tokens = 0;
      const streams = requests.map(async (request) => {
        const events = [];
        for await (const event of engine.generate(request)) {
          if (event.type === 'token') tokens += 1;
          events.push(event);
        }
        return events;
      });
      await eventually(() => Promise.resolve(tokens > 0));
      const before = tokens;
      const beside = await engine.embed(inputs);
      // A hundred batches with a step after each; four tokens a step as long as all four last.
      assert.ok(tokens - before > 100, `${tokens - before} tokens meanwhile`);
      assert.deepEqual(beside, alone);
      const tokenIds = (events: Awaited<ReturnType<typeof collect>>): number[] =>
        events.flatMap((event) => (event.type === 'token' ? [event.tokenId] : []));
      assert.deepEqual((await Promise.all(streams)).map(tokenIds), textsAlone.map(tokenIds));
    });
  }
});

describe('a call that does not end well', () => {
  test('is given up when its signal is aborted, before or while it runs', async (t) => {
    const engine = await start(t);
    await assert.rejects(engine.embed(TEXTS, { signal: AbortSignal.abort() }), { code: 'CANCELLED' });
    const controller = new AbortController();
    const long = engine.embed(LONG, { signal: controller.signal });
    const other = engine.embed(TEXTS);
    await engine.embed(['Why?']);
    controller.abort();
    await assert.rejects(long, { code: 'CANCELLED', message: 'the request was cancelled' });
    assert.equal((await other).vectors.length, TEXTS.length);
  });

  test('leaves the scheduler when it is given up', async () => {
    const loaded = await LoadedModel.load(loadAddon(), shippedEngineOptions(), {
      onProgress: () => undefined,
      onStep: () => undefined,
    });
    const controller = new AbortController();
    const long = loaded.embed(LONG, 0, controller.signal);
    const alive = setInterval(() => undefined, 1000);
    await loaded.embed(['Why?'], 0, new AbortController().signal);
    controller.abort();
    // Only the scheduler's own answer ends it.
    await assert.rejects(long, { code: 'CANCELLED' });
    await assert.rejects(loaded.embed(TEXTS, 0, AbortSignal.abort()), { code: 'CANCELLED' });
    clearInterval(alive);
    await loaded.close();
  });

  test('fails when the process dies; the next process embeds', async (t) => {
    const engine = await start(t, { reproducible: true });
    const long = engine.embed(LONG);
    const failed = assert.rejects(long, { code: 'ENGINE_CRASHED' });
    const [vector] = (await engine.embed(['Why?'])).vectors;
    const { pid } = await engine.stats();
    process.kill(pid, 'SIGKILL');
    await failed;
    await eventually(() =>
      engine.stats().then(
        (stats) => stats.pid !== pid,
        () => false,
      ),
    );
    assert.deepEqual(await vectorOf(engine, 'Why?'), vector);
  });

  test('fails when the engine is closed', async (t) => {
    const engine = await start(t);
    const long = engine.embed(LONG);
    const failed = assert.rejects(long, { code: 'CLOSED' });
    await engine.embed(['Why?']);
    await engine.close();
    await failed;
    await assert.rejects(engine.embed(TEXTS), { code: 'CLOSED' });
  });
});
