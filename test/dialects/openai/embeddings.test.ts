import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../../fakes/server.js';
import { openAiValidator } from '../../openai-spec/validate.js';
import { errorIn, type Posting } from './completing.js';

const EMBEDDINGS = '/v1/embeddings';
const validate = openAiValidator('CreateEmbeddingResponse');

interface Answer {
  readonly data: readonly { readonly index: number; readonly embedding: number[] | string }[];
  readonly model: string;
  readonly usage: object;
}

async function embed(server: Posting, body: object): Promise<Answer> {
  const response = await server.post(EMBEDDINGS, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const answer = JSON.parse(text) as Answer;
  // The published schema knows no base64.
  if (answer.data.every(({ embedding }) => typeof embedding !== 'string')) validate(answer);
  return answer;
}

/** What the fake engine makes of an input of so many tokens. */
function vectorOf(tokens: number): number[] {
  return Array.from(Float32Array.of(Math.cos(tokens), Math.sin(tokens)));
}

void describe('POST /v1/embeddings', () => {
  test('a vector for each input, whatever kind it is, in their order', async () => {
    const server = testServer();
    const vectorsOf = async (input: unknown): Promise<unknown[]> =>
      (await embed(server, { input })).data.map(({ embedding }) => embedding);
    assert.deepEqual(await vectorsOf('The dog'), [vectorOf(2)]);
    assert.deepEqual(await vectorsOf(['The', 'The dog barks']), [vectorOf(1), vectorOf(3)]);
    assert.deepEqual(await vectorsOf([1, 2, 3]), [vectorOf(3)]);
    assert.deepEqual(await vectorsOf([[1, 2], [3]]), [vectorOf(2), vectorOf(1)]);
    const answer = await embed(server, { input: ['The', 'The dog'], model: 'package.json', user: 'me' });
    assert.deepEqual(
      answer.data.map(({ index }) => index),
      [0, 1],
    );
    assert.deepEqual(answer.usage, { prompt_tokens: 3, total_tokens: 3 });
    assert.equal(answer.model, 'package.json');
  });

  test('base64 holds the same numbers as 32-bit floats, the least significant byte first', async () => {
    const server = testServer();
    const input = ['The', 'The dog'];
    const floats = await embed(server, { input, encoding_format: 'float' });
    const coded = await embed(server, { input, encoding_format: 'base64' });
    for (const [index, { embedding }] of coded.data.entries()) {
      assert.ok(typeof embedding === 'string');
      const bytes = Buffer.from(embedding, 'base64');
      const numbers = [0, 4].map((offset) => bytes.readFloatLE(offset));
      assert.equal(bytes.length, 8);
      assert.deepEqual(numbers, floats.data[index]?.embedding);
    }
  });

  test('fewer dimensions are the first ones, of length 1 again', async () => {
    const server = testServer();
    assert.deepEqual((await embed(server, { input: 'The dog', dimensions: 1 })).data[0]?.embedding, [-1]);
    assert.deepEqual(
      (await embed(server, { input: 'The dog', dimensions: 2 })).data[0]?.embedding,
      vectorOf(2),
    );
    const error = await errorIn(await server.post(EMBEDDINGS, { input: 'The dog', dimensions: 3 }));
    assert.equal(error.param, 'dimensions');
    assert.equal(error.message, "dimensions: expected at most 2, the model's own, received 3");
  });

  test('takes 300,000 tokens over all inputs: ids as many as there are, texts as few as their bytes can be', async () => {
    const server = testServer({ engine: { info: { longestTokenBytes: 4, contextSize: 512 } } });
    const ids = (count: number): number[] => Array<number>(count).fill(1);
    const rows = Array.from({ length: 599 }, () => ids(500));
    for (const input of [
      [...rows, ids(501)],
      [...Array.from({ length: 200 }, () => 'a'.repeat(6000)), 'a'],
    ]) {
      const error = await errorIn(await server.post(EMBEDDINGS, { input }));
      assert.equal(error.param, 'input');
      assert.equal(
        error.message,
        'input: expected at most 300000 tokens over all inputs, received at least 300001',
      );
    }
    assert.equal((await embed(server, { input: [...rows, ids(500)] })).data.length, 600);
    const input = Array.from({ length: 200 }, () => 'a'.repeat(6000));
    assert.equal((await embed(server, { input })).data.length, 200);
  });

  test('refuses what is no input, by name', async () => {
    const server = testServer();
    const wrong: [string, object][] = [
      ...[undefined, null, 1, true, {}, [], '', 'a\0', '\ud800', [{}], [null]].map(
        (input): [string, object] => ['input', { input }],
      ),
      ['input[1]', { input: ['a', ''] }],
      ['input[1]', { input: ['a', 1] }],
      ['input[0]', { input: [[]] }],
      ['input[0]', { input: [['a']] }],
      ['input', { input: [1, 'a'] }],
      ['input', { input: [1.5] }],
      ['input', { input: [-1] }],
      ['input', { input: Array<string>(2049).fill('a') }],
      ['input', { input: Array<object>(150_000).fill([]) }],
      ['encoding_format', { input: 'a', encoding_format: 'int8' }],
      ...[0, -1, 1.5, '2', 1e10].map((dimensions): [string, object] => [
        'dimensions',
        { input: 'a', dimensions },
      ]),
      ['model', { input: 'a', model: 5 }],
      ['inputs', { inputs: 'a' }],
    ];
    for (const [param, body] of wrong) {
      const error = await errorIn(await server.post(EMBEDDINGS, body));
      assert.equal(error.param, param, error.message);
      assert.equal(error.type, 'invalid_request_error');
      assert.ok(error.message.length < 200);
    }
    const unknown = await errorIn(await server.post(EMBEDDINGS, { input: 'a', model: 'none' }), 404);
    assert.equal(unknown.code, 'model_not_found');
  });
});
