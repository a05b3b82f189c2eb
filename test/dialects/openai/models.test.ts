import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SOME_FILE, testConfiguration, testServer, type TestServer } from '../../fakes/server.js';
import { openAiValidator } from '../../openai-spec/validate.js';
import { complete, errorIn } from './completing.js';

const validateModel = openAiValidator('Model');
const validateList = openAiValidator('ListModelsResponse');

async function get(server: TestServer, path: string): Promise<object> {
  const response = await server.app.request(path);
  assert.equal(response.status, 200);
  return (await response.json()) as object;
}

void describe('GET /v1/models', () => {
  test('lists the models by their ids', async () => {
    const server = testServer({ flags: { model: [SOME_FILE, 'tsconfig.json'].map(fromRoot) } });
    const list = (await get(server, '/v1/models')) as { data: { id: string; created: number }[] };
    validateList(list);
    assert.deepEqual(
      list.data.map(({ id }) => id),
      ['package.json', 'tsconfig.json'],
    );
    assert.deepEqual(Object.keys(list.data[0] ?? {}), ['id', 'object', 'created', 'owned_by']);
    assert.ok(Math.abs((list.data[0]?.created ?? 0) - Date.now() / 1000) < 3600);
  });

  test('tells of a model what it can do once it is loaded', async () => {
    const info = { fillInMiddle: { prefix: 1, suffix: 2, middle: 3 }, chatTemplate: '{{ messages }}' };
    const server = testServer({ engine: { info } });
    const before = await get(server, '/v1/models/package.json');
    validateModel(before);
    const { created: _, ...rest } = before as { created: number };
    assert.deepEqual(rest, {
      ...{ id: 'package.json', object: 'model', owned_by: 'glossa', aliases: [], base: null, lora: [] },
      ...{ state: 'unloaded', context_length: null, vocabulary_size: null },
      capabilities: { completion: true, embeddings: true, chat: null, tools: null, fill_in_middle: null },
    });
    await complete(server, { prompt: 'A', max_tokens: 1 });
    const after = await get(server, '/v1/models/package.json');
    validateModel(after);
    assert.deepEqual(after, {
      ...before,
      ...{ state: 'ready', context_length: 256, vocabulary_size: 1000 },
      capabilities: { completion: true, embeddings: true, chat: true, tools: false, fill_in_middle: true },
    });
  });

  test('a model is found by its aliases too; ids may hold slashes', async () => {
    const plain = testConfiguration();
    const [model] = plain.catalogue.models;
    assert.ok(model !== undefined);
    const models = [{ ...model, id: 'group/name', aliases: ['other', 'gpt/2'] }];
    const catalogue = { models, defaultModel: 'group/name' };
    const server = testServer({ configuration: { ...plain, catalogue } });
    for (const name of ['group/name', 'other', 'gpt/2', 'gpt%2F2'])
      assert.equal(((await get(server, `/v1/models/${name}`)) as { id: string }).id, 'group/name');
    assert.equal(
      (await complete(server, { prompt: 'A', model: 'gpt/2', max_tokens: 1 })).model,
      'group/name',
    );
    const error = await errorIn(await server.app.request('/v1/models/none'), 404);
    assert.deepEqual([error.code, error.param], ['model_not_found', 'model']);
  });
});

function fromRoot(file: string): string {
  return file.startsWith('/') ? file : SOME_FILE.replace('package.json', file);
}
