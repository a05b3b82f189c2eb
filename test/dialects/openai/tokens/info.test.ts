import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../../../fakes/server.js';

const metadata = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.eos_token_id': '0',
  'tokenizer.ggml.bos_token_id': '1000000',
};

void describe('GET /tokenizer_info', () => {
  test('names what clients of vLLM look for', async () => {
    const server = testServer({ engine: { info: { metadata, chatTemplate: '{{ messages }}' } } });
    const response = await server.app.request('/tokenizer_info');
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
      tokenizer_class: 'gpt2',
      bos_token: null,
      eos_token: '<eos>',
      unk_token: null,
      pad_token: null,
      add_bos_token: false,
      chat_template: '{{ messages }}',
      model_max_length: 256,
    });
  });

  test('is of the model that the query names', async () => {
    const server = testServer();
    assert.equal((await server.app.request('/tokenizer_info?model=fake')).status, 404);
    const { id } = server.models.status().definition;
    assert.equal((await server.app.request(`/tokenizer_info?model=${id}`)).status, 200);
  });

  for (const [query, param] of [
    ['mode=x', 'mode'],
    ['model=a&model=b', 'model'],
  ] as const)
    test(`?${query} is refused`, async () => {
      const response = await testServer().app.request(`/tokenizer_info?${query}`);
      assert.equal(response.status, 400);
      const { error } = (await response.json()) as { error: { param: string } };
      assert.equal(error.param, param);
    });
});
