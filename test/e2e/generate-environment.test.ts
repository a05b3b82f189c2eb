import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ServedGlossa } from './server.js';

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start({
    env: {
      MODEL_DEFAULT_MAX_NEW_TOKENS: '6',
      MODEL_DEFAULT_DO_SAMPLE: 'false',
      MODEL_DEFAULT_NUM_BEAMS: '3',
      MAX_CACHE_SIZE: '1',
      MODEL_SEED: '7',
    },
  });
});
after(() => glossa.stop());

async function one(
  request_id: string,
  generation_config?: object,
): Promise<{ text: string; tokens: number | undefined }> {
  const body = { request_id, prompt: 'The little dog', generation_config };
  const response = await glossa.post('/api/generate-one', body);
  assert.equal(response.status, 200);
  const text = await response.text();
  const { generatedTokens } = await glossa.logged(response.headers.get('x-request-id') ?? '');
  return { text, tokens: generatedTokens };
}

test("the original server's environment sets what requests leave out", async () => {
  const first = await one('a');
  // Six tokens of each of three beams: the log counts what a search takes.
  assert.equal(first.tokens, 3 * 6);
  assert.deepEqual(await one('b'), first);
  // MAX_CACHE_SIZE: 'a' had to go for 'b', so this is the beginning again, searched with the same beams.
  assert.deepEqual(await one('a', { num_beams: 3, do_sample: false, max_new_tokens: 6 }), first);
  assert.notEqual((await one('a')).text, first.text);
});

test('a request goes before it', async () => {
  assert.equal((await one('c', { max_new_tokens: 2 })).tokens, 3 * 2);
});
