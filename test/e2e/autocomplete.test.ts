import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { type LoggedRequest, ServedGlossa } from './server.js';

interface Answer {
  readonly sentences: readonly { readonly value: string; readonly time: number }[];
  readonly time: number;
}

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start();
});
after(() => glossa.stop());

async function complete(body: unknown, path = '/autocomplete'): Promise<Answer> {
  return (await completeAndLog(body, path)).answer;
}

/** The answer, and how to get what the server logged of it. */
async function completeAndLog(
  body: unknown,
  path = '/autocomplete',
): Promise<{ answer: Answer; logged: () => Promise<LoggedRequest> }> {
  const response = await glossa.post(path, body);
  assert.equal(response.status, 200, await response.clone().text());
  const requestId = response.headers.get('x-request-id') ?? '';
  return { answer: (await response.json()) as Answer, logged: () => glossa.logged(requestId) };
}

function assertShape(answer: Answer, count: number): void {
  assert.deepEqual(Object.keys(answer).toSorted(), ['sentences', 'time']);
  assert.ok(answer.sentences.length >= 1 && answer.sentences.length <= count);
  for (const sentence of answer.sentences) {
    assert.deepEqual(Object.keys(sentence), ['value', 'time']);
    assert.ok(sentence.time > 0 && sentence.time <= answer.time);
    assert.ok(sentence.value.isWellFormed() && !sentence.value.includes('\uFFFD'), sentence.value);
  }
}

describe('POST /autocomplete, with no configuration at all', () => {
  test('the request of the README gets three continuations that end as sentences do', async () => {
    // Bytes, so that fetch adds no content type.
    const body = Buffer.from('{"context":"The little dog"}');
    const response = await fetch(`${glossa.url}/autocomplete`, { method: 'POST', body });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    const answer = (await response.json()) as Answer;
    assertShape(answer, 3);
    assert.equal(answer.sentences.length, 3);
    for (const { value } of answer.sentences) assert.match(value, /^[\s\p{P}\p{L}]/u);
  });

  test('likely continuations begin with a space or punctuation and end with their sentence', async () => {
    const { sentences } = await complete({ context: 'The little dog', temperature: 0.5, seed: 1 });
    for (const { value } of sentences) {
      assert.match(value, /^[\s\p{P}]/u);
      // A sentence may also be cut off by the default length of 100 tokens.
      assert.ok(/[.!?…]["'”’)\]]*$/u.test(value) || value.split(/\s+/).length > 40, value);
    }
  });

  test('a seed makes the samples repeatable', async () => {
    const body = { context: 'The little dog', seed: 7, length: 12 };
    const values = (answer: Answer): string[] => answer.sentences.map(({ value }) => value);
    assert.deepEqual(values(await complete(body)), values(await complete(body)));
  });

  const counts: readonly [object, number][] = [
    [{ n_samples: 1 }, 1],
    [{ samples: 2 }, 2],
    [{ n_samples: 1, samples: 3 }, 1],
    [{ n_samples: 50 }, 3],
    [{ n_samples: 0 }, 1],
    [{ n_samples: '2' }, 2],
  ];
  for (const [fields, count] of counts) {
    test(`${JSON.stringify(fields)} gives up to ${count}`, async () => {
      assertShape(await complete({ context: 'One day', length: 5, ...fields }), count);
    });
  }

  for (const name of ['length', 'gen_length']) {
    test(`${name} bounds the tokens of a sample`, async () => {
      const { logged } = await completeAndLog({ context: 'One day', n_samples: 1, [name]: 3 });
      const { generatedTokens = 99 } = await logged();
      // One that ended at once is drawn again.
      assert.ok(generatedTokens <= 4);
    });
  }

  for (const path of ['', '/', '/gpt', '/gpt2/large', '/distilgpt2/small', '/arxiv-nlp/', '/no/such']) {
    test(`/autocomplete${path} is answered by the shipped model`, async () => {
      const { answer, logged } = await completeAndLog(
        { context: 'One day', length: 3 },
        `/autocomplete${path}`,
      );
      assertShape(answer, 3);
      assert.equal((await logged()).model, 'glossa-tales');
    });
  }
});

describe('what the document says', () => {
  test('its example is answered in its shape', async () => {
    const answer = await complete({ context: 'That man is just another', samples: 3 });
    assertShape(answer, 3);
    for (const { value } of answer.sentences) assert.match(value, /\S/);
  });

  /** The likeliest sentence after the context. */
  async function likeliest(context: string): Promise<string> {
    const body = { prompt: context, max_new_tokens: 100 };
    const answer = await (await glossa.post('/glossa/generate', body)).json();
    return (answer as { sequences: { text: string }[] }).sequences[0]?.text ?? '';
  }

  for (const fields of [{ temperature: 0 }, { top_p: 0 }, { top_k: 1 }]) {
    test(`${JSON.stringify(fields)} takes the likeliest token each time`, async () => {
      const text = await likeliest('The little dog');
      const { sentences } = await complete({ context: 'The little dog', ...fields });
      for (const { value } of sentences) assert.ok(value.length > 5 && text.startsWith(value), value);
    });
  }

  test('temperature, top_p and top_k have their documented defaults', async () => {
    const values = async (fields: object): Promise<string[]> => {
      const body = { context: 'The little dog', seed: 5, length: 40, ...fields };
      return (await complete(body)).sentences.map(({ value }) => value);
    };
    assert.deepEqual(await values({}), await values({ temperature: 1, top_p: 0.9, top_k: 256 }));
    for (const other of [{ temperature: 3 }, { top_p: 0.3 }, { top_k: 2 }])
      assert.notDeepEqual(await values({}), await values(other));
    // Where temperature makes the likeliest ids no likelier than others, top_k decides.
    const hot = { temperature: 100, top_p: 1 };
    assert.deepEqual(await values(hot), await values({ ...hot, top_k: 256 }));
    assert.notDeepEqual(await values(hot), await values({ ...hot, top_k: 0 }));
  });

  test('model_size is small unless it says otherwise, and small is the shipped model', async () => {
    for (const fields of [{}, { model_size: 'small' }, { model_size: 'medium' }]) {
      const { logged } = await completeAndLog({ context: 'One day', length: 3, ...fields });
      assert.equal((await logged()).model, 'glossa-tales');
    }
  });
});

describe('what clients really send', () => {
  const bodies: readonly object[] = [
    { context: '' },
    { context: '   \n ' },
    { context: 'Hello', temperature: 5, top_p: 5 },
    { context: 'Hello', temperature: 0, top_p: 0, top_k: 0 },
    { context: 'Hello', temperature: 2.8, top_p: 1, max_time: 1, model_size: 'xl' },
    { context: 'Hello', temperature: '0.7', top_p: '0.9', length: '8', max_time: '1' },
    { context: 'Hello', temperature: null, length: null, seed: null },
    { context: 'Hello', length: 1e12, max_tokens: 1e12, top_k: 1e12, seed: 1e300, max_time: 1e300 },
    { context: 'Hello', length: -5, max_tokens: -5, top_k: -5, seed: -5, max_time: -5 },
    { context: 'Grüße aus 東京 \u{1F600} \u0007' },
    { context: '<|endoftext|>' },
  ];
  for (const body of bodies) {
    test(`${JSON.stringify(body)} is answered`, async () => {
      assertShape(await complete(body), 3);
    });
  }

  test('a field that means nothing is named in a header', async () => {
    const response = await glossa.post('/autocomplete', { context: 'A', length: 2, colour: 'red' });
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'colour');
    await response.text();
  });

  test('a context longer than the model can hold is trimmed from its beginning', async () => {
    const context = 'The old man walked along the river and looked at the boats. '.repeat(1000);
    const promptTokens = async (fields: object): Promise<number | undefined> => {
      const { answer, logged } = await completeAndLog({ context, length: 5, ...fields });
      assertShape(answer, 3);
      return (await logged()).promptTokens;
    };
    assert.equal(await promptTokens({}), 256);
    assert.equal(await promptTokens({ max_tokens: 10 }), 10);
    assert.ok(((await promptTokens({ max_tokens: 1e6 })) ?? 0) > 256);
  });

  test('a page of another origin may ask first', async () => {
    const headers = { origin: 'https://example.org', 'access-control-request-method': 'POST' };
    const response = await fetch(`${glossa.url}/autocomplete/gpt2/large`, { method: 'OPTIONS', headers });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.match(response.headers.get('access-control-allow-headers') ?? '', /Content-Type/);
  });
});

describe('what is refused, in plain text', () => {
  const refusals: readonly [string, string, number, RegExp][] = [
    ['no context', '{}', 422, /^The context field is required$/],
    ['null as context', '{"context":null}', 422, /^The context field is required$/],
    ['a context that is no text', '{"context":["a"]}', 400, /^context: expected a string$/],
    ['NUL', String.raw`{"context":"a\u0000b"}`, 400, /^context: must not contain NUL characters$/],
    [
      'a lone surrogate',
      String.raw`{"context":"\ud800"}`,
      400,
      /^context: must not contain lone surrogates$/,
    ],
    ['malformed JSON', '{"context":"The', 400, /malformed JSON$/],
    ['an empty body', '', 400, /an empty body$/],
    ['an array', '[1]', 400, /received an array$/],
    ['a text', '"The little dog"', 400, /received a string$/],
    ['a wrong type', '{"context":"A","temperature":"hot"}', 400, /^temperature: expected a number$/],
    ['a body of 10 MB', JSON.stringify({ context: 'x'.repeat(1e7) }), 413, /exceeds the limit/],
  ];
  for (const [what, body, status, message] of refusals) {
    test(what, async () => {
      const response = await glossa.post('/autocomplete', body);
      assert.equal(response.status, status);
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
      assert.match(await response.text(), message);
    });
  }

  test('bytes that are no UTF-8', async () => {
    const body = Buffer.from('{"context":"\xff\xfe"}', 'latin1');
    const response = await fetch(`${glossa.url}/autocomplete`, { method: 'POST', body });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /^expected UTF-8/);
  });

  test('after all of them it still answers, and nothing runs on', async () => {
    assertShape(await complete({ context: 'The little dog', length: 5 }), 3);
    assert.equal((await glossa.idle()).active_sequences, 0);
  });
});
