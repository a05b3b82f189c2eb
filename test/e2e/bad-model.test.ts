import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { badModels } from '../engine/bad-models.js';
import { GoodModel } from '../engine/damage.js';
import { shippedModel } from '../engine/shipped-model.js';
import { ServedGlossa } from './server.js';

/** One that llama.cpp refuses, one that it aborts on, and one that is no file at all. */
const BAD = { cut: 'its end in the tensor data', aborting: 'an absurd number of blocks' } as const;

let folder = '';
let glossa: ServedGlossa;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-bad-model-'));
  const good = await GoodModel.read(shippedModel);
  const models: Record<string, object> = { 'glossa-tales': {}, missing: { path: join(folder, 'none.gguf') } };
  for (const [id, kind] of Object.entries(BAD)) {
    const path = join(folder, `${id}.gguf`);
    const bytes = await badModels.find(({ what }) => what === kind)?.make(good, folder);
    assert.ok(bytes !== undefined);
    await writeFile(path, bytes);
    models[id] = { path };
  }
  glossa = await ServedGlossa.start({ config: { models } });
});
after(async () => {
  await glossa.stop();
  await rm(folder, { recursive: true });
});

async function assertGoodModelServes(): Promise<void> {
  const response = await glossa.post('/autocomplete', { context: 'The little dog', length: 4 });
  assert.equal(response.status, 200);
  await response.text();
}

const expected: readonly [string, RegExp][] = [
  ['cut', /^model cut can't be loaded: .*is not within the file bounds/],
  ['aborting', /^model aborting can't be loaded: .*GGML_ASSERT/],
  ['missing', /^model missing can't be loaded: its file is missing or can't be read$/],
];

describe('a bad model beside a good one', () => {
  for (const [id, message] of expected) {
    test(`${id}: its requests get the error in the shape of their API, the other model serves`, async () => {
      const [plain, json, streamed] = await Promise.all([
        glossa.post(`/autocomplete/${id}`, { context: 'A' }),
        glossa.post('/glossa/generate', { prompt: 'A', model: id }),
        glossa.post('/glossa/generate', { prompt: 'A', model: id, stream: true }),
        assertGoodModelServes(),
      ]);
      assert.equal(plain.status, 424);
      assert.match(plain.headers.get('content-type') ?? '', /^text\/plain/);
      const text = await plain.text();
      assert.match(text, message);
      assert.ok(!text.includes(folder));
      for (const response of [json, streamed]) {
        assert.equal(response.status, 424);
        const { error } = (await response.json()) as { error: { code: string; message: string } };
        assert.equal(error.code, 'MODEL_LOAD_FAILED');
        assert.match(error.message, message);
      }
      await assertGoodModelServes();
    });
  }

  test('shows as failed in the list of models, and has no process', async () => {
    const { models } = (await (await glossa.get('/glossa/models')).json()) as {
      models: { id: string; state: string; error?: string }[];
    };
    for (const [id, message] of expected) {
      const entry = models.find((model) => model.id === id);
      assert.equal(entry?.state, 'failed');
      assert.match(entry.error ?? '', message);
    }
    assert.equal(await glossa.stats('cut'), undefined);
  });
});

test('a bad default model leaves the server up, and /health says why it has none', async () => {
  const path = join(folder, 'cut.gguf');
  const server = await ServedGlossa.start({ args: ['--model', path], awaitReady: false });
  const response = await server.post('/autocomplete', { context: 'A' });
  assert.equal(response.status, 424);
  await response.text();
  const health = await server.get('/health');
  assert.equal(health.status, 503);
  const body = (await health.json()) as { status: string; message: string };
  assert.equal(body.status, 'error');
  assert.match(body.message, /^model cut can't be loaded: /);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});
