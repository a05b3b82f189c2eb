import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { GenerateOptions, Generation } from '../../../src/engine/engine.js';
import type { GenerationEvent } from '../../../src/generation/events.js';
import type { GenerationRequest, GenerationRequestInput } from '../../../src/generation/request.js';
import { FakeEngine, type FakeEngineOptions } from '../../fakes/engine.js';
import { testServer } from '../../fakes/server.js';
import { FakeVocabulary } from '../../fakes/vocabulary.js';
import { complete, COMPLETIONS, completionIn, configured, errorIn, joined, stream } from './completing.js';

const prompt = 'The dog';

/** What the engine is asked for by a body. */
async function requestFor(body: object, engine: FakeEngineOptions = {}): Promise<GenerationRequest> {
  const server = testServer({ engine });
  await complete(server, { prompt, ...body });
  const [request] = server.engine().requests;
  assert.ok(request !== undefined);
  return request;
}

async function ignoredBy(body: object): Promise<string | null> {
  const response = await testServer().post(COMPLETIONS, { prompt, ...body });
  const names = response.headers.get('x-glossa-ignored-parameters');
  await completionIn(response);
  return names;
}

void describe('the fields of completions', () => {
  test('decoding fields reach the engine under its names', async () => {
    const request = await requestFor({
      ...{ max_tokens: 9, temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.1, typical_p: 0.8, n: 2 },
      ...{ presence_penalty: 0.5, frequency_penalty: -0.5, repetition_penalty: 1.2, seed: 7 },
      ...{ no_repeat_ngram_size: 3, min_tokens: 2, ignore_eos: true, grammar: 'root ::= "a"*' },
      ...{ logit_bias: { '5': -100, '7': 1 }, stop: ['\n', 'END'] },
    });
    const { temperature, topP, topK, minP, typicalP, presencePenalty, frequencyPenalty, seed } = request;
    assert.deepEqual(
      { temperature, topP, topK, minP, typicalP, presencePenalty, frequencyPenalty, seed },
      {
        ...{ temperature: 0.5, topP: 0.9, topK: 40, minP: 0.1, typicalP: 0.8 },
        ...{ presencePenalty: 0.5, frequencyPenalty: -0.5, seed: 7 },
      },
    );
    const { repetitionPenalty, noRepeatNgramSize, minNewTokens, eosTokenId, grammar, doSample } = request;
    assert.deepEqual(
      { repetitionPenalty, noRepeatNgramSize, minNewTokens, eosTokenId, grammar, doSample },
      {
        ...{ repetitionPenalty: 1.2, noRepeatNgramSize: 3, minNewTokens: 2, eosTokenId: [] },
        ...{ grammar: 'root ::= "a"*', doSample: true },
      },
    );
    assert.deepEqual(request.sequenceBias, [
      [[5], -100],
      [[7], 1],
    ]);
    assert.deepEqual(request.stopStrings, ['\n', 'END']);
    assert.equal(request.maxNewTokens, 9);
    assert.equal(request.numReturnSequences, 2);
  });

  test('by default texts are drawn from all tokens, at a temperature of 1', async () => {
    const { doSample, temperature, topK, topP, numReturnSequences, logprobs } = await requestFor({});
    assert.deepEqual(
      { doSample, temperature, topK, topP, numReturnSequences, logprobs },
      { doSample: true, temperature: 1, topK: 0, topP: 1, numReturnSequences: 1, logprobs: undefined },
    );
  });

  test('null is as good as nothing', async () => {
    const nothing = await requestFor({});
    const nulls = Object.fromEntries(
      ['suffix', 'max_tokens', 'n', 'best_of', 'stream', 'stream_options', 'logprobs', 'echo', 'temperature']
        .concat(['top_p', 'stop', 'seed', 'logit_bias', 'presence_penalty', 'frequency_penalty', 'user'])
        .concat(['model', 'top_k', 'num_beams', 'grammar'])
        .map((name) => [name, null]),
    );
    assert.deepEqual(await requestFor(nulls), nothing);
  });

  test('the best n beams, and a temperature makes them drawn', async () => {
    const request = await requestFor({ num_beams: 4, n: 2, length_penalty: 0.5, early_stopping: true });
    const { numBeams, numReturnSequences, lengthPenalty, earlyStopping, doSample } = request;
    assert.deepEqual(
      { numBeams, numReturnSequences, lengthPenalty, earlyStopping, doSample },
      { numBeams: 4, numReturnSequences: 2, lengthPenalty: 0.5, earlyStopping: true, doSample: false },
    );
    assert.equal((await requestFor({ num_beams: 4, temperature: 1 })).doSample, true);
    const server = testServer();
    const refused = await errorIn(await server.post(COMPLETIONS, { prompt, num_beams: 2, n: 3 }));
    assert.equal(refused.param, 'n');
    assert.match(refused.message, /^n: expected at most num_beams \(2\), received 3/);
  });

  test('of a search every token of its beams counts; those in no text are told apart', async () => {
    const server = testServer();
    const body = { prompt, num_beams: 4, n: 2, max_tokens: 3 };
    const { usage } = await complete(server, body);
    assert.equal(usage?.completion_tokens, 4 * 3);
    assert.equal(usage.total_tokens, 2 + 4 * 3);
    assert.deepEqual(usage.completion_tokens_details, { discarded_tokens: 2 * 3 });
    assert.equal((await complete(server, { ...body, n: 4 })).usage?.completion_tokens_details, undefined);
    const chunks = await stream(server, { ...body, stream_options: { include_usage: true } });
    assert.deepEqual(chunks.at(-1)?.usage, usage);
    const both = await complete(server, { ...body, prompt: [[5], [6]] });
    assert.equal(both.usage?.completion_tokens, 2 * 4 * 3);
    assert.deepEqual(both.usage.completion_tokens_details, { discarded_tokens: 2 * 2 * 3 });
  });

  test('fields without an effect are named', async () => {
    assert.equal(await ignoredBy({ temperature: 0.5, seed: 1 }), null);
    assert.equal(await ignoredBy({ temperature: 0, top_p: 0.5, seed: 1 }), 'top_p, seed');
    assert.equal(await ignoredBy({ user: 'me', length_penalty: 2 }), 'user, length_penalty');
    assert.equal(await ignoredBy({ temperature: 0, n: 1, best_of: 3 }), 'best_of');
    assert.equal(await ignoredBy({ echo: true, max_tokens: 0, top_p: 0.5, stop: 'a' }), 'top_p, stop');
    const response = await testServer().post(COMPLETIONS, { prompt, stream: true, user: 'me' });
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'user');
    await response.text();
  });

  test('of best_of texts the likeliest by the mean of their tokens are given, and all are counted', async () => {
    const server = testServer({ makeEngine: () => new RankedEngine() });
    const answer = await complete(server, { prompt, n: 2, best_of: 4, max_tokens: 2, logprobs: 0 });
    assert.deepEqual(
      answer.choices.map(({ text }) => text),
      [' text2 text2', ' text0 text0'],
    );
    assert.equal(answer.usage?.completion_tokens, 8);
    assert.deepEqual(answer.usage.completion_tokens_details, { discarded_tokens: 4 });
    const silent = await complete(server, { prompt, best_of: 4, max_tokens: 2 });
    assert.deepEqual(silent.choices, [
      { index: 0, text: ' text2 text2', logprobs: null, finish_reason: 'length' },
    ]);
    const all = await complete(server, { prompt, n: 4, max_tokens: 2 });
    assert.equal(all.usage?.completion_tokens_details, undefined);
    assert.equal(all.choices[0]?.text, ' text0 text0');
  });

  test('echo begins each text with its prompt', async () => {
    const server = testServer();
    const body = { prompt: ['The dog', [1, 2, 3].map(String).join(' ')], echo: true, n: 2, max_tokens: 1 };
    const answer = await complete(server, body);
    assert.deepEqual(
      answer.choices.map(({ text }) => text),
      ['The dog barks', 'The dog barks', '1 2 3 barks', '1 2 3 barks'],
    );
    const ids = await complete(server, { prompt: [[1, 2], [2]], echo: true, max_tokens: 1 });
    assert.deepEqual(
      ids.choices.map(({ text }) => text),
      ['The dog barks', ' dog barks'],
    );
    const chunks = await stream(server, body);
    for (const choice of answer.choices) assert.deepEqual(joined(chunks, choice.index), choice);
    const scored = await complete(server, { prompt, echo: true, max_tokens: 0 });
    assert.deepEqual(scored.choices, [
      { index: 0, text: 'The dog', logprobs: null, finish_reason: 'length' },
    ]);
    assert.equal(scored.usage?.completion_tokens, 0);
  });

  test('a suffix is put behind the gap, with the marks of the model', async () => {
    const info = { fillInMiddle: { prefix: 901, suffix: 902, middle: 903 } };
    assert.deepEqual((await requestFor({ suffix: 'The' }, { info })).prompt, [901, 1, 2, 902, 1, 903]);
    assert.deepEqual((await requestFor({ prompt: [5, 6], suffix: ' dog' }, { info })).prompt.slice(0, 4), [
      ...[901, 5, 6, 902],
    ]);
    assert.equal((await requestFor({ suffix: '' })).prompt, prompt);
    const error = await errorIn(await testServer().post(COMPLETIONS, { prompt, suffix: 'x' }));
    assert.equal(error.param, 'suffix');
  });

  test('a prompt becomes an instruction in a template, whose ends of turns end its text', async () => {
    const chatTemplate =
      "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}{{ '<|im_start|>' }}";
    const server = testServer({ engine: { info: { chatTemplate } } });
    const asked = async (body: object): Promise<{ text: string; stop: readonly string[] }> => {
      await complete(server, { prompt, max_tokens: 1, ...body });
      const { prompt: ids, stopStrings: stop } = server.engine().requests.at(-1) ?? {
        prompt: '',
        stopStrings: [],
      };
      return { text: typeof ids === 'string' ? ids : await server.engine().detokenize(ids), stop };
    };
    assert.equal((await asked({})).text, prompt);
    assert.equal((await asked({ prompt_template: 'none' })).text, prompt);
    const alpaca = await asked({ prompt_template: 'alpaca', stop: 'a' });
    assert.match(alpaca.text, /^Below is .*\n\n### Instruction:\nThe dog\n\n### Response:\n$/);
    assert.equal(alpaca.stop[0], 'a');
    const chat = await asked({ prompt_template: 'chat' });
    assert.equal(chat.text, '<|im_start|>The dog<|im_end|><|im_start|>');
    for (const body of [{ echo: true }, { suffix: 'a' }, { prompt: [1, 2] }]) {
      const sent = { prompt, prompt_template: 'chat', ...body };
      assert.equal((await errorIn(await server.post(COMPLETIONS, sent))).param, 'prompt_template');
    }
    const without = await testServer().post(COMPLETIONS, { prompt, prompt_template: 'chat' });
    const { param, message } = await errorIn(without);
    assert.equal(param, 'model');
    assert.match(message, /^model: .*no chat template/);
  });

  test('why a text ends', async () => {
    const script = (): string[] => [' a', ' b', FakeVocabulary.eosText];
    const server = testServer({ engine: { script } });
    const reason = async (body: object): Promise<unknown> =>
      (await complete(server, { prompt, ...body })).choices[0]?.finish_reason;
    assert.equal(await reason({}), 'stop');
    assert.equal(await reason({ max_tokens: 2 }), 'length');
    assert.equal(await reason({ ignore_eos: true }), 'length');
  });

  test('what is configured counts where a request says nothing', async () => {
    const server = configured({ temperature: 0.3, doSample: true, topP: 0.5, seed: 3, stopStrings: ['x'] });
    await complete(server, { prompt });
    await complete(server, { prompt, temperature: 0 });
    const [first, second] = server.engine().requests;
    assert.deepEqual([first?.temperature, first?.topP, first?.seed, first?.doSample], [0.3, 0.5, 3, true]);
    assert.deepEqual(first?.stopStrings, ['x']);
    assert.equal(second?.doSample, false);
    const beams = configured({ numBeams: 2 });
    const error = await errorIn(await beams.post(COMPLETIONS, { prompt, logprobs: 1 }));
    assert.equal(error.param, 'logprobs');
  });
});

/** Its third text of four is the likeliest, then its first. */
class RankedEngine extends FakeEngine {
  constructor() {
    super({ script: (index) => [` text${index}`] });
  }

  override generate(input: GenerationRequestInput, options?: GenerateOptions): Generation {
    const generation = super.generate(input, options);
    return {
      request: generation.request,
      cancel: () => {
        generation.cancel();
      },
      async *[Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
        for await (const event of generation) {
          const told = event.type === 'token' ? event.modelLogprobs : undefined;
          if (event.type !== 'token' || told === undefined) yield event;
          else {
            const logprob = -0.5 - ([1, 2, 0, 3][event.sequence] ?? 0);
            yield { ...event, modelLogprobs: { ...told, logprob } };
          }
        }
      },
    };
  }
}
