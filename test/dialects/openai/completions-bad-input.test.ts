import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, test } from 'node:test';

import { completionSchema } from '../../../src/dialects/openai/completions/schema.js';
import { testServer } from '../../fakes/server.js';
import { complete, COMPLETIONS, errorIn } from './completing.js';

const NO_TEXT = [1, true, [], {}, 'a\0b', '\ud800'];
const NO_FLAG = [1, 0, 'true', [], {}];
const NO_NUMBER = ['1', 'hot', true, [], [1], {}];

/** What each field refuses; an array tells the path of the part that is wrong. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  model: NO_TEXT,
  prompt: [1, true, {}, [], 'a\0b', '\ud800', [null], [{}], [true], [1, 'a'], [1.5], [-1], [2 ** 31]],
  suffix: NO_TEXT,
  max_tokens: [-1, 1.5, 2 ** 31, 1e300, ...NO_NUMBER],
  n: [0, -1, 1.5, 129, 1e300, ...NO_NUMBER],
  best_of: [0, -1, 1.5, 129, 1e300, ...NO_NUMBER],
  stream: NO_FLAG,
  stream_options: [1, true, 'a', []],
  logprobs: [-1, 6, 1.5, 1e300, ...NO_NUMBER],
  echo: NO_FLAG,
  temperature: [-0.1, 2.1, 1e300, ...NO_NUMBER],
  top_p: [-0.1, 1.1, ...NO_NUMBER],
  presence_penalty: [-2.1, 2.1, ...NO_NUMBER],
  frequency_penalty: [-2.1, 2.1, ...NO_NUMBER],
  logit_bias: [
    1,
    'a',
    true,
    [],
    { a: 1 },
    { '-1': 1 },
    { 1: 101 },
    { 1: -101 },
    { 1: '1' },
    { 1: null },
    { 1e9: 1 },
  ],
  seed: [1.5, 2 ** 53, -(2 ** 53), ...NO_NUMBER],
  stop: [1, true, {}, '', 'a\0', '\ud800', 'a'.repeat(1025), Array<string>(17).fill('a')],
  top_k: [-2, 1.5, 2 ** 31, ...NO_NUMBER],
  min_p: [-0.1, 1.1, ...NO_NUMBER],
  typical_p: [0, 1.1, ...NO_NUMBER],
  repetition_penalty: [0, -1, 1e7, ...NO_NUMBER],
  no_repeat_ngram_size: [-1, 1.5, 2 ** 31, ...NO_NUMBER],
  num_beams: [0, 65, 1.5, ...NO_NUMBER],
  length_penalty: [-101, 101, ...NO_NUMBER],
  early_stopping: ['always', 1, [], {}],
  min_tokens: [-1, 1.5, 2 ** 31, ...NO_NUMBER],
  ignore_eos: NO_FLAG,
  prompt_template: ['llama', '', 1, true, [], {}],
  grammar: [...NO_TEXT, '', 'root', 'root ::= (', 'root ::= a'],
};

const PARTS: readonly (readonly [param: string, body: object])[] = [
  ['prompt[1]', { prompt: ['a', 1] }],
  ['prompt[1]', { prompt: ['a', '\ud800'] }],
  ['prompt[0]', { prompt: [[]] }],
  ['prompt[1]', { prompt: [[1], [1, 'a']] }],
  ['prompt[1]', { prompt: [[1], 2] }],
  ['stop[0]', { stop: [''] }],
  ['stop[1]', { stop: ['a', 1] }],
  ['stream_options.include_usage', { stream: true, stream_options: { include_usage: 1 } }],
  ['stream_options.include_obfuscation', { stream: true, stream_options: { include_obfuscation: true } }],
  ['stream_options.usage', { stream: true, stream_options: { usage: true } }],
];

const CONTRADICTIONS: readonly (readonly [param: string, body: object, message: RegExp])[] = [
  ['best_of', { n: 3, best_of: 2 }, /^best_of: expected at least n \(3\), received 2$/],
  ['stream', { best_of: 2, stream: true }, /^stream: expected false with best_of above n/],
  ['max_tokens', { max_tokens: 0 }, /^max_tokens: expected at least 1 without echo, received 0$/],
  ['max_tokens', { max_tokens: 0, echo: true, num_beams: 2 }, /num_beams above 1/],
  ['echo', { echo: true, suffix: 'a' }, /^echo: expected false with a suffix$/],
  ['stream_options', { stream_options: { include_usage: true } }, /unless stream is true$/],
  ['logprobs', { logprobs: 1, num_beams: 2 }, /^logprobs: expected none with num_beams above 1, received 1$/],
  ['best_of', { best_of: 2, num_beams: 2 }, /^best_of: expected n \(1\) with num_beams above 1/],
  ['n', { n: 3, num_beams: 2 }, /^n: expected at most num_beams \(2\), received 3$/],
  [
    'min_tokens',
    { min_tokens: 3, max_tokens: 2 },
    /^min_tokens: expected at most 2 \(max_tokens\), received 3$/,
  ],
  ['prompt[1]', { prompt: [[1], 'a'] }, /expected an array of token ids, received string$/],
  ['prompt', { prompt: Array<string>(2049).fill('a') }, /expected at most 2048 prompts$/],
  ['n', { prompt: Array<string>(2000).fill('a'), n: 2 }, /^n: expected at most 2048 texts/],
  ['best_of', { prompt: Array<string>(2000).fill('a'), best_of: 2 }, /^best_of: expected at most 2048 texts/],
  ['prompt', { prompt: [[5], [1000]] }, /^prompt: expected token ids below 1000, received 1000 in prompt 1$/],
  ['messages', { messages: [] }, /^unknown field messages/],
  ['max_token', { max_token: 5 }, /^unknown field max_token; did you mean max_tokens\?$/],
  ['response_format', { response_format: { type: 'text' } }, /^unknown field response_format/],
  ['best_off', { best_off: 1 }, /best_of/],
];

const HUGE: readonly (readonly [param: string, body: () => object])[] = [
  ['prompt', () => ({ prompt: Array<string>(300_000).fill('a') })],
  ['prompt', () => ({ prompt: Array<object>(150_000).fill([]) })],
  ['prompt', () => ({ prompt: Array<object>(150_000).fill({}) })],
  ['prompt', () => ({ prompt: Array<number>(1_000_000).fill(1) })],
  ['prompt', () => ({ prompt: [...Array<number>(1_000_000).fill(1), 'a'] })],
  ['prompt', () => ({ prompt: 'word '.repeat(400_000) })],
  ['prompt', () => ({ prompt: ['a', 'word '.repeat(400_000)] })],
  [
    'logit_bias',
    () => ({ logit_bias: Object.fromEntries(Array.from({ length: 100_000 }, (_, id) => [id, 1])) }),
  ],
  [
    'logit_bias',
    () => ({ logit_bias: Object.fromEntries(Array.from({ length: 100_000 }, (_, id) => [`a${id}`, 1])) }),
  ],
  ['stop', () => ({ stop: Array<string>(300_000).fill('a') })],
  ['stop', () => ({ stop: 'a'.repeat(2_000_000) })],
  [
    'stream_options',
    () => ({ stream_options: Object.fromEntries(Array.from({ length: 100_000 }, (_, id) => [`a${id}`, 1])) }),
  ],
  ['k0', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, id) => [`k${id}`, 1]))],
  ['model', () => ({ model: 'm'.repeat(2_000_000) })],
  ['suffix', () => ({ suffix: 'm'.repeat(2_000_000) })],
  ['grammar', () => ({ grammar: 'root ::= ' + '('.repeat(1_000_000) })],
];

void describe('completions refuse by name', () => {
  test('values that a field does not take', async () => {
    const server = testServer();
    assert.deepEqual(Object.keys(WRONG).sort(), Object.keys(completionSchema.shape).sort());
    for (const [param, values] of Object.entries(WRONG))
      for (const value of values) {
        const error = await errorIn(
          await server.post(COMPLETIONS, { prompt: 'A', stream: true, [param]: value }),
        );
        const shown = `${param} ${JSON.stringify(value).slice(0, 40)}: ${error.message}`;
        assert.ok(error.param === param || error.param?.startsWith(`${param}.`) === true, shown);
        assert.equal(error.type, 'invalid_request_error', shown);
        assert.ok(error.message.startsWith(param) && error.message.length < 200, shown);
      }
    assert.equal((await complete(server, { prompt: 'A' })).choices.length, 1);
  });

  test('parts of a field', async () => {
    const server = testServer();
    for (const [param, body] of PARTS) {
      const error = await errorIn(await server.post(COMPLETIONS, { prompt: 'A', ...body }));
      assert.equal(error.param, param, error.message);
    }
  });

  test('fields that exclude each other, and fields that it does not know', async () => {
    const server = testServer();
    for (const [param, body, message] of CONTRADICTIONS) {
      const error = await errorIn(await server.post(COMPLETIONS, { prompt: 'A', ...body }));
      assert.equal(error.param, param, error.message);
      assert.match(error.message, message);
    }
  });

  test('what is far too large, at once', async () => {
    const info = { longestTokenBytes: 16, fillInMiddle: { prefix: 1, suffix: 2, middle: 3 } };
    const server = testServer({ engine: { info } });
    for (const [param, body] of HUGE) {
      const text = JSON.stringify({ prompt: 'A', ...body() });
      const parsing = cpuMs(() => JSON.parse(text) as unknown);
      const before = process.cpuUsage();
      const error = await errorIn(await server.post(COMPLETIONS, text), param === 'model' ? 404 : 400);
      const ms = process.cpuUsage(before).user / 1000;
      // Gathering what is wrong with each element takes a hundred times as long as reading it.
      assert.ok(ms < 500 + 20 * parsing, `${param}: ${ms} ms, where JSON takes ${parsing} ms`);
      assert.ok(
        error.param === param || error.param?.startsWith(`${param}.`) === true,
        `${param}: ${error.message}`,
      );
      assert.ok(error.message.length < 300);
    }
    assert.equal((await complete(server, { prompt: 'A' })).choices.length, 1);
  });

  test('what does not fit the context, with the counts', async () => {
    const server = testServer({ engine: { info: { longestTokenBytes: 8 } } });
    const ids = await errorIn(await server.post(COMPLETIONS, { prompt: Array<number>(250).fill(1) }));
    assert.deepEqual(ids, {
      message:
        "This model's maximum context length is 256 tokens, which the 250 of the prompt and 16 new ones exceed.",
      ...{ type: 'invalid_request_error', param: 'prompt', code: 'context_length_exceeded' },
    });
    const several = [[1], Array<number>(300).fill(1)];
    const second = await errorIn(
      await server.post(COMPLETIONS, { prompt: several, echo: true, max_tokens: 0 }),
    );
    assert.match(second.message, /which the 300 of prompt 1 exceed\.$/);
    assert.equal(server.engine().requests.length, 0);
    const text = await errorIn(await server.post(COMPLETIONS, { prompt: 'a'.repeat(4000) }));
    assert.match(text.message, /which the at least 500 of the prompt exceed\.$/);
    assert.equal(text.code, 'context_length_exceeded');
  });

  test('bodies that are none, models that are none, methods that are none', async () => {
    const server = testServer();
    for (const body of ['', 'a', '[]', '1', 'null', '{', '"a"']) {
      const error = await errorIn(await server.post(COMPLETIONS, body));
      assert.deepEqual([error.param, error.code], [null, null]);
    }
    const model = await errorIn(await server.post(COMPLETIONS, { prompt: 'A', model: 'gpt-9' }), 404);
    assert.deepEqual([model.param, model.code], ['model', 'model_not_found']);
    await errorIn(await server.app.request(COMPLETIONS), 404);
  });
});

/** Milliseconds of processor time. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}
