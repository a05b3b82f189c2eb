import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { CompletionObject } from '../../src/dialects/openai/completions/answer.js';
import type { LegacyLogprobs } from '../../src/dialects/openai/completions/logprobs.js';
import { complete, COMPLETIONS, errorIn, joined, stream } from '../dialects/openai/completing.js';
import { ServedGlossa } from './server.js';

let glossa: ServedGlossa;
before(async () => {
  // Texts are compared: they must not depend on what runs beside them.
  glossa = await ServedGlossa.start({ args: ['--reproducible'] });
});
after(() => glossa.stop());

const prompt = 'The little dog';

async function textOf(body: object): Promise<string> {
  return (await complete(glossa, { prompt, ...body })).choices[0]?.text ?? '';
}

/** The tokens of a prompt and what follows it, with what the model says of each. */
async function scored(body: object): Promise<LegacyLogprobs> {
  const { choices } = await complete(glossa, { prompt, temperature: 0, echo: true, logprobs: 5, ...body });
  const logprobs = choices[0]?.logprobs;
  assert.ok(logprobs);
  return logprobs;
}

void describe('completions on the shipped model', () => {
  test('the likeliest text, the same plain and streamed, with tokens that are the text', async () => {
    const body = { prompt, temperature: 0, max_tokens: 24, logprobs: 3 };
    const answer = await complete(glossa, body);
    const [choice] = answer.choices;
    assert.ok(choice?.logprobs);
    assert.equal(choice.logprobs.tokens.join(''), choice.text);
    assert.deepEqual(joined(await stream(glossa, body), 0), choice);
    for (const [index, token] of choice.logprobs.tokens.entries()) {
      const top: Readonly<Record<string, number>> = choice.logprobs.top_logprobs[index] ?? {};
      assert.equal(Object.keys(top).length, 3);
      assert.equal(top[token], choice.logprobs.token_logprobs[index]);
      assert.equal(Math.max(...Object.values(top)), top[token]);
      const offset = choice.logprobs.text_offset[index] ?? -1;
      assert.ok(choice.text.slice(offset).startsWith(token));
    }
  });

  test('what a text is scored with echo is what it was generated with', async () => {
    const generated = await complete(glossa, { prompt, temperature: 0, max_tokens: 12, logprobs: 1 });
    const [choice] = generated.choices;
    assert.ok(choice?.logprobs);
    const whole = prompt + choice.text;
    const logprobs = await scored({ prompt: whole, max_tokens: 0 });
    assert.equal(logprobs.tokens.join(''), whole);
    assert.deepEqual([logprobs.token_logprobs[0], logprobs.top_logprobs[0]], [null, null]);
    const last = logprobs.token_logprobs.slice(-choice.logprobs.tokens.length);
    assert.deepEqual(logprobs.tokens.slice(-last.length), choice.logprobs.tokens);
    for (const [index, logprob] of last.entries())
      assert.ok(Math.abs((logprob ?? 0) - (choice.logprobs.token_logprobs[index] ?? 0)) < 0.01);
  });

  test('an evaluation harness gets one token more than its prompts have, text and ids alike', async () => {
    const tokensOf = async (text: string): Promise<number> =>
      (await complete(glossa, { prompt: text, max_tokens: 1 })).usage?.prompt_tokens ?? 0;
    const texts = [prompt, 'Once upon a time there was a cat', 'A'];
    const body = { prompt: texts, echo: true, max_tokens: 1, logprobs: 1, seed: 1, temperature: 0 };
    const { choices } = await complete(glossa, body);
    for (const [index, text] of texts.entries()) {
      const logprobs = choices[index]?.logprobs;
      assert.equal(logprobs?.token_logprobs.length, (await tokensOf(text)) + 1);
      assert.equal(logprobs.top_logprobs.length, logprobs.tokens.length);
      // lm-eval: greedy if the token that came is the likeliest.
      const [last, top] = [logprobs.token_logprobs.at(-1), logprobs.top_logprobs.at(-1)];
      assert.equal(last, Math.max(...Object.values(top ?? {})));
    }
  });

  test('temperature, top_p, top_k, seed: what is drawn, and that it can be drawn again', async () => {
    const greedy = await textOf({ temperature: 0 });
    assert.equal(await textOf({ temperature: 0 }), greedy);
    assert.equal(await textOf({ temperature: 1, top_k: 1 }), greedy);
    assert.equal(await textOf({ temperature: 1, top_p: 0 }), greedy);
    assert.equal(await textOf({ temperature: 1, min_p: 1 }), greedy);
    const drawn = await textOf({ temperature: 1.5, seed: 3 });
    assert.notEqual(drawn, greedy);
    assert.equal(await textOf({ temperature: 1.5, seed: 3 }), drawn);
    assert.notEqual(await textOf({ temperature: 1.5, seed: 4 }), drawn);
    assert.notEqual(await textOf({ temperature: 1.5, seed: -3 }), drawn);
    assert.notEqual(await textOf({ seed: 3 }), greedy);
    assert.notEqual(await textOf({ temperature: 1.5, seed: 3, typical_p: 0.1 }), drawn);
  });

  test('penalties and biases change the likeliest text', async () => {
    const body = { temperature: 0, max_tokens: 40 };
    const plain = await textOf(body);
    for (const change of [
      { presence_penalty: 2 },
      { frequency_penalty: 2 },
      { repetition_penalty: 1.5 },
      { no_repeat_ngram_size: 1 },
    ])
      assert.notEqual(await textOf({ ...body, ...change }), plain, JSON.stringify(change));
    const first = await scored({ max_tokens: 1 });
    const response = await glossa.post('/glossa/generate', { prompt, max_new_tokens: 1 });
    const { sequences } = (await response.json()) as { sequences: { token_ids: number[] }[] };
    const banned = String(sequences[0]?.token_ids[0]);
    const other = await scored({ max_tokens: 1, logit_bias: { [banned]: -100 } });
    assert.notEqual(other.tokens.at(-1), first.tokens.at(-1));
  });

  test('a stop string ends a text and is none of it, nor are its tokens', async () => {
    const whole = await textOf({ temperature: 0, max_tokens: 40 });
    const words = whole.trim().split(' ');
    assert.ok(words.length > 4);
    // Begins and ends in the middle of words.
    const stop = `${words[2]?.slice(-1) ?? ''} ${words[3]?.slice(0, 1) ?? ''}`;
    const body = { prompt, temperature: 0, max_tokens: 40, stop: [stop, 'never said'], logprobs: 0 };
    const { choices } = await complete(glossa, body);
    const [choice] = choices;
    assert.ok(choice?.logprobs);
    assert.equal(choice.text, whole.slice(0, whole.indexOf(stop)));
    assert.equal(choice.finish_reason, 'stop');
    assert.ok(choice.logprobs.text_offset.every((offset) => offset < choice.text.length));
    assert.ok(choice.logprobs.tokens.join('').startsWith(choice.text));
    assert.deepEqual(joined(await stream(glossa, body), 0), choice);
    const echoed = await complete(glossa, { ...body, prompt: `Say never said. ${prompt}`, echo: true });
    assert.ok(echoed.choices[0]?.text.startsWith(`Say never said. ${prompt}`));
  });

  test('max_tokens, min_tokens, ignore_eos, grammar', async () => {
    const tokens = async (body: object): Promise<number> =>
      (await complete(glossa, { prompt, ...body })).usage?.completion_tokens ?? 0;
    assert.equal(await tokens({ ignore_eos: true, max_tokens: 30 }), 30);
    assert.equal(await tokens({ ignore_eos: true }), 16);
    assert.ok((await tokens({ min_tokens: 25, max_tokens: 30 })) >= 25);
    assert.match(await textOf({ grammar: 'root ::= " yes" | " no"' }), /^ (yes|no)$/);
  });

  test('n texts differ; best_of gives the likeliest of them', async () => {
    const body = { prompt, seed: 5, max_tokens: 8, ignore_eos: true, logprobs: 0 };
    const all = await complete(glossa, { ...body, n: 6 });
    assert.ok(new Set(all.choices.map(({ text }) => text)).size > 1);
    const best = await complete(glossa, { ...body, n: 2, best_of: 6 });
    const means = all.choices.map((choice) => mean(choice));
    const ranked = all.choices.toSorted((one, other) => (means[other.index] ?? 0) - (means[one.index] ?? 0));
    assert.deepEqual(
      best.choices.map(({ text }) => text),
      ranked.slice(0, 2).map(({ text }) => text),
    );
    assert.equal(best.usage?.completion_tokens, 48);
    assert.deepEqual(best.usage.completion_tokens_details, { discarded_tokens: 32 });
    assert.equal(best.usage.prompt_tokens, all.usage?.prompt_tokens);
    const chunks = await stream(glossa, { ...body, n: 6 });
    for (const choice of all.choices) assert.deepEqual(joined(chunks, choice.index), choice);
  });

  test('beams: the best of them, plain and at once in a stream', async () => {
    const body = { prompt, num_beams: 4, n: 2, max_tokens: 12 };
    const answer = await complete(glossa, body);
    assert.notEqual(answer.choices[0]?.text, answer.choices[1]?.text);
    const chunks = await stream(glossa, body);
    for (const choice of answer.choices) assert.deepEqual(joined(chunks, choice.index), choice);
  });

  test('the usage and the log count the tokens of all beams', async () => {
    const body = { prompt, num_beams: 4, n: 2, max_tokens: 12, ignore_eos: true };
    const response = await glossa.post(COMPLETIONS, body);
    const { usage } = (await response.json()) as CompletionObject;
    assert.equal(usage?.completion_tokens, 48);
    const discarded = usage.completion_tokens_details?.discarded_tokens ?? -1;
    // The two texts have 24, of which some are the same ones.
    assert.ok(discarded >= 24 && discarded < 48 - 12, String(discarded));
    const logged = await glossa.logged(response.headers.get('x-request-id') ?? '');
    assert.equal(logged.generatedTokens, 48);
    const best = (await complete(glossa, { ...body, n: 1 })).usage;
    assert.deepEqual([best?.completion_tokens, best?.completion_tokens_details?.discarded_tokens], [48, 36]);
  });

  test('several prompts give what each gives alone', async () => {
    const prompts = [prompt, 'Once upon a time', 'The cat'];
    const body = { temperature: 0, max_tokens: 8, logprobs: 1 };
    const together = await complete(glossa, { ...body, prompt: prompts });
    for (const [index, one] of prompts.entries()) {
      const alone = await complete(glossa, { ...body, prompt: one });
      assert.equal(together.choices[index]?.text, alone.choices[0]?.text);
    }
  });

  test('no prompt begins a text; a suffix is refused by a model without tokens for it', async () => {
    assert.equal((await complete(glossa, { max_tokens: 4, temperature: 0 })).usage?.prompt_tokens, 1);
    const error = await errorIn(await glossa.post(COMPLETIONS, { prompt, suffix: 'end' }));
    assert.equal(error.param, 'suffix');
  });

  test('what does not fit is refused with the counts, whether they are exact or not', async () => {
    const most = (await glossa.get('/v1/models/glossa-tales').then((response) => response.json())) as {
      context_length: number;
    };
    const ids = Array<number>(most.context_length).fill(5);
    const exact = await errorIn(await glossa.post(COMPLETIONS, { prompt: ids, max_tokens: 10 }));
    assert.match(
      exact.message,
      new RegExp(`^This model's maximum context length is ${most.context_length} tokens`),
    );
    assert.match(exact.message, new RegExp(`the ${ids.length} of the prompt and 10 new ones exceed`));
    for (const text of ['a b '.repeat(most.context_length), 'word '.repeat(most.context_length * 100)]) {
      const error = await errorIn(await glossa.post(COMPLETIONS, { prompt: text }));
      assert.equal(error.code, 'context_length_exceeded');
      assert.match(
        error.message,
        /^This model's maximum context length is \d+ tokens, which the (at least )?\d+ of/,
      );
    }
    assert.equal((await complete(glossa, { prompt: ids.slice(1), max_tokens: 1 })).choices.length, 1);
  });
});

function mean({ logprobs }: CompletionObject['choices'][number]): number {
  const told = logprobs?.token_logprobs ?? [];
  return told.reduce<number>((sum, logprob) => sum + (logprob ?? 0), 0) / told.length;
}
