import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import OpenAI from 'openai';

import { Tap } from './openai-tap.js';
import { until } from './processes.js';
import { ServedGlossa } from './server.js';

const model = 'glossa-tales';
const prompt = 'The little dog';

let glossa: ServedGlossa;
let tap: Tap;
let client: OpenAI;

before(async () => {
  // Texts are compared: they must not depend on what runs beside them.
  glossa = await ServedGlossa.start({ args: ['--reproducible'] });
});
beforeEach(() => {
  tap = new Tap();
  client = new OpenAI({ baseURL: `${glossa.url}/v1`, apiKey: 'none', fetch: tap.fetch });
});
afterEach(() => {
  tap.check();
  assert.deepEqual(
    tap.exchanges.filter(({ ignored }) => ignored !== null),
    [],
  );
});
after(() => glossa.stop());

describe('openai: completions', () => {
  test('plain', async () => {
    const answer = await client.completions.create({ model, prompt, max_tokens: 12, temperature: 0 });
    assert.equal(answer.object, 'text_completion');
    assert.equal(answer.model, model);
    assert.equal(answer.choices.length, 1);
    assert.match(answer.choices[0]?.text ?? '', /\w/);
    assert.equal(answer.usage?.completion_tokens, 12);
    const { prompt_tokens: sent, total_tokens: total } = answer.usage;
    assert.equal(total, sent + 12);
  });

  test('streamed, the same as plain, with usage', async () => {
    const body = { model, prompt, max_tokens: 12, temperature: 0 };
    const plain = await client.completions.create(body);
    const stream = await client.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0]?.text);
    assert.equal(usage?.completion_tokens, plain.usage?.completion_tokens);
  });

  test('n choices of several prompts, plain and streamed', async () => {
    const prompts = [prompt, 'Once upon a time'];
    const body = { model, prompt: prompts, n: 3, max_tokens: 8, seed: 3, temperature: 1.2 };
    const plain = await client.completions.create(body);
    assert.deepEqual(
      plain.choices.map(({ index }) => index),
      [0, 1, 2, 3, 4, 5],
    );
    assert.ok(new Set(plain.choices.map(({ text }) => text)).size > 3);
    const texts = plain.choices.map(() => '');
    for await (const { choices } of await client.completions.create({ ...body, stream: true }))
      for (const { index, text } of choices) texts[index] = (texts[index] ?? '') + text;
    assert.deepEqual(
      texts,
      plain.choices.map(({ text }) => text),
    );
  });

  test('best_of gives the likeliest', async () => {
    const body = { model, prompt, max_tokens: 8, seed: 5, logprobs: 0 };
    const best = await client.completions.create({ ...body, best_of: 4 });
    const all = await client.completions.create({ ...body, n: 4 });
    assert.equal(best.choices.length, 1);
    const texts = all.choices.map(({ text }) => text);
    assert.ok(texts.includes(best.choices[0]?.text ?? ''));
  });

  test('logprobs, echo and max_tokens 0 score a text', async () => {
    const text = 'Once upon a time there was a little dog.';
    const scoring = { model, echo: true, logprobs: 2, max_tokens: 0 };
    const { choices, usage } = await client.completions.create({ ...scoring, prompt: text });
    const [choice] = choices;
    assert.ok(choice?.logprobs);
    assert.equal(choice.text, text);
    assert.equal(choice.logprobs.tokens?.join(''), text);
    const { token_logprobs: logprobs = [], text_offset: offsets = [] } = choice.logprobs;
    assert.equal(logprobs[0], null);
    assert.ok(logprobs.slice(1).every((logprob) => logprob <= 0));
    assert.equal(offsets.length, usage?.prompt_tokens);
    const nonsense = await client.completions.create({ ...scoring, prompt: 'Dog a there little once was.' });
    assert.ok(mean(logprobs) > mean(nonsense.choices[0]?.logprobs?.token_logprobs ?? []));
  });

  test('token ids, stop, bias and penalties', async () => {
    const { choices } = await client.completions.create({ model, prompt, max_tokens: 30, temperature: 0 });
    const whole = choices[0]?.text ?? '';
    const stop = whole.slice(5, 9);
    const body = { model, prompt, max_tokens: 30, temperature: 0 };
    const stopped = await client.completions.create({ ...body, stop: [stop] });
    assert.equal(stopped.choices[0]?.text, whole.slice(0, whole.indexOf(stop)));
    assert.equal(stopped.choices[0].finish_reason, 'stop');
    const penalised = await client.completions.create({ ...body, frequency_penalty: 2, presence_penalty: 2 });
    assert.notEqual(penalised.choices[0]?.text, whole);
    const response = await glossa.post('/tokenize', { model, prompt });
    const { tokens } = (await response.json()) as { tokens: number[] };
    const byIds = await client.completions.create({ ...body, prompt: tokens });
    assert.equal(byIds.choices[0]?.text, whole);
  });
});

function mean(logprobs: readonly (number | null)[]): number {
  const known = logprobs.filter((logprob) => logprob !== null);
  return known.reduce((sum, logprob) => sum + logprob, 0) / known.length;
}

describe('openai: a generation that is left is given up', () => {
  // Far more sequences than run at a time: minutes on a slow machine.
  const long = { model, prompt, max_tokens: 480, stream: true, n: 128, ignore_eos: true } as const;
  let before = 0;

  beforeEach(async () => {
    before = (await glossa.idle()).generated_tokens;
  });
  afterEach(async () => {
    const { active_sequences: active, generated_tokens: generated } = await glossa.idle();
    assert.equal(active, 0);
    assert.ok(generated > before && generated - before < (long.n * long.max_tokens) / 2, `${generated}`);
  });

  test('by its signal', async () => {
    const abort = new AbortController();
    const stream = await client.completions.create(long, { signal: abort.signal });
    let chunks = 0;
    // The SDK ends the loop without an error then.
    for await (const { object } of stream) {
      assert.equal(object, 'text_completion');
      chunks += 1;
      if (chunks !== 2) continue;
      assert.ok(((await glossa.stats())?.active_sequences ?? 0) > 0);
      abort.abort();
    }
  });

  test('by breaking out of its loop, and the next request is answered', async () => {
    const stream = await client.completions.create(long);
    for await (const { choices } of stream) if ((choices[0]?.text ?? '') !== '') break;
    const { choices } = await client.completions.create({ model, prompt, max_tokens: 4 });
    assert.equal(choices.length, 1);
  });

  test('before its answer has come', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const answer = client.completions.create({ ...long, stream: false }, { signal });
    answer.catch(() => undefined);
    await until('it runs', async () => ((await glossa.stats())?.active_sequences ?? 0) > 0);
    abort.abort();
    await assert.rejects(answer, OpenAI.APIUserAbortError);
  });
});

describe('openai: embeddings', () => {
  test('are the same by base64, which the SDK asks for, and as numbers', async () => {
    const input = ['The little dog', 'A small cat', 'Once'];
    const coded = await client.embeddings.create({ model, input });
    assert.equal(tap.last.sent?.['encoding_format'], 'base64');
    const plain = await client.embeddings.create({ model, input, encoding_format: 'float' });
    assert.deepEqual(coded.data, plain.data);
    assert.deepEqual(coded.usage, plain.usage);
    for (const { embedding } of plain.data) assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5);
    const likeness = (one: number, other: number): number =>
      (plain.data[one]?.embedding ?? []).reduce(
        (sum, value, place) => sum + value * (plain.data[other]?.embedding[place] ?? 0),
        0,
      );
    assert.ok(likeness(0, 1) < 0.9999);
  });

  test('are shortened', async () => {
    const { data } = await client.embeddings.create({ model, input: prompt, dimensions: 16 });
    assert.equal(data[0]?.embedding.length, 16);
    assert.ok(Math.abs(Math.hypot(...data[0].embedding) - 1) < 1e-5);
  });
});

test('openai: models are listed and told of', async () => {
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  assert.deepEqual(ids, [model]);
  const told = await client.models.retrieve(model);
  assert.deepEqual([told.id, told.object], [model, 'model']);
});
