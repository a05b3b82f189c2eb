import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { DOCUMENTED_BODY } from '../dialects/sagemaker/document.js';
import { until } from './processes.js';
import { ServedGlossa } from './server.js';

const PATH = '/endpoints/gpt-2/invocations';

/** The documented shape. A model may end any one of its texts at once, but hardly all of them. */
function assertTexts(texts: unknown, input: string, count = 3): asserts texts is string[] {
  assert.ok(Array.isArray(texts) && texts.length === count, JSON.stringify(texts));
  for (const text of texts) assert.ok(typeof text === 'string' && text.startsWith(input));
  assert.ok((texts as string[]).some((text) => text.length > input.length));
}

describe('an open server', () => {
  let glossa: ServedGlossa;
  before(async () => {
    // Texts are compared: they must not depend on what ran before them.
    glossa = await ServedGlossa.start({ args: ['--reproducible'] });
  });
  after(() => glossa.stop());

  async function texts(body: object): Promise<string[]> {
    const response = await glossa.post(PATH, body);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as string[];
  }

  test('answers the document’s example body', async () => {
    assertTexts(await texts(DOCUMENTED_BODY), DOCUMENTED_BODY.input);
  });

  test('answers the document’s curl command', async () => {
    const input = 'Querying the model using curl.';
    const answers = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const response = await fetch(`${glossa.url}/endpoints/gpt-2/invocations`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: '{"input": "Querying the model using curl."}',
        });
        const texts = (await response.json()) as string[];
        assert.equal(texts.length, 3);
        return texts;
      }),
    );
    assertTexts(answers.flat(), input, 12);
  });

  test('answers the document’s requests call, whose header nobody checks here', async () => {
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=x', 'content-type': 'application/json' };
    const response = await glossa.post(PATH, { input: 'Now we are using Python requests' }, { headers });
    assertTexts(await response.json(), 'Now we are using Python requests');
  });

  test('a seed makes a text repeatable, in every mode that draws', async () => {
    for (const mode of ['sample-top-p', 'sample-top-k', 'sample']) {
      const body = { input: 'The little dog', mode, max_length: 24, seed: 7 };
      assert.deepEqual(await texts(body), await texts(body));
      assert.notDeepEqual(await texts({ ...body, seed: 8 }), await texts(body));
    }
  });

  test('without a seed, and with -1, texts differ', async () => {
    for (const seed of [undefined, -1, null]) {
      const body = { input: 'The little dog', mode: 'sample-top-k', max_length: 40, seed };
      assert.notDeepEqual(await texts(body), await texts(body));
    }
  });

  const narrow: readonly [string, object][] = [
    ['sample-top-p', { top_p: 0 }],
    ['sample-top-p', { top_k: 1 }],
    ['sample-top-k', { top_k: 1 }],
    ['sample', { temperature: 0.0001 }],
    ['sample', { top_p: 0 }],
    ['sample', { top_k: 1 }],
  ];
  for (const [mode, fields] of narrow) {
    test(`${mode} with ${JSON.stringify(fields)} takes the likeliest token each time`, async () => {
      const body = { input: 'The little dog', max_length: 20 };
      assert.deepEqual(await texts({ ...body, mode, ...fields }), await texts({ ...body, mode: 'greedy' }));
    });
  }

  test('sample-top-k takes no notice of top_p, nor any drawing mode but sample of temperature', async () => {
    const body = { input: 'The little dog', max_length: 24, seed: 5 };
    const top = { ...body, mode: 'sample-top-k' };
    assert.deepEqual(await texts({ ...top, top_p: 0, temperature: 0.0001 }), await texts(top));
    assert.deepEqual(await texts({ ...body, temperature: 0.0001 }), await texts(body));
  });

  test('the defaults are those of the document', async () => {
    const body = { input: 'The little dog', max_length: 30, seed: 3, num_return_sequences: 3 };
    assert.deepEqual(
      await texts(body),
      await texts({ ...body, mode: 'sample-top-p', top_p: 0.92, top_k: 50 }),
    );
    for (const different of [{ mode: 'sample' }, { mode: 'greedy' }, { top_p: 0.5 }, { top_k: 3 }])
      assert.notDeepEqual(await texts({ ...body, ...different }), await texts(body));
    const top = { ...body, mode: 'sample-top-k' };
    assert.deepEqual(await texts(top), await texts({ ...top, top_k: 50 }));
    for (const top_k of [3, 0]) assert.notDeepEqual(await texts({ ...top, top_k }), await texts(top));
    const other = await texts({ ...body, mode: 'sample' });
    assert.deepEqual(
      other,
      await texts({ ...body, mode: 'sample', top_p: 0.92, top_k: 50, temperature: 0.7 }),
    );
    for (const different of [{ top_p: 0.3 }, { top_k: 2 }, { temperature: 3 }])
      assert.notDeepEqual(await texts({ ...body, mode: 'sample', ...different }), other);
    const beams = { input: 'One two one two one two', max_length: 40, mode: 'beam', num_return_sequences: 1 };
    assert.deepEqual(await texts(beams), await texts({ ...beams, num_beams: 5, no_repeat_ngram_size: 2 }));
    assert.notDeepEqual(await texts(beams), await texts({ ...beams, no_repeat_ngram_size: 0 }));
    assert.notDeepEqual(await texts(beams), await texts({ ...beams, num_beams: 2 }));
  });

  test('beam with no_repeat_ngram_size repeats no run of so many tokens', async () => {
    const input = 'One two one two one two';
    const [free = '', strict = ''] = await Promise.all(
      [0, 1].map(
        async (size) => (await texts({ input, mode: 'beam', no_repeat_ngram_size: size, max_length: 40 }))[0],
      ),
    );
    const words = (text: string): string[] => text.slice(input.length).match(/ \w+/g) ?? [];
    assert.equal(new Set(words(strict)).size, words(strict).length);
    assert.notEqual(free, strict);
  });

  test('a max_length that leaves no room, or more than the model has, is refused', async () => {
    for (const [max_length, message] of [
      [3, /^max_length: expected more than the \d+ tokens of the input, received 3$/],
      [100_000, /\d/],
    ] as const) {
      const response = await glossa.post(PATH, { input: 'The little dog ran home.', max_length });
      const { Message } = (await response.json()) as { Message: string };
      assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [400, 'ValidationError']);
      assert.match(Message, message);
      assert.doesNotMatch(Message, /maxLength|maxNewTokens/);
    }
  });

  test('an empty input is answered', async () => {
    assertTexts(await texts({ input: '', max_length: 20 }), '');
  });

  test('the published notebook’s body is answered in its own shape', async () => {
    const payload =
      '{"input": "Machine learning is great for humanity. It helps", "length": 50,"repetition_penalty": 10,"num_return_sequences": 1}';
    const answer = (await (await glossa.post(PATH, payload)).json()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(answer), ['input', 'output', 'test']);
    assert.equal(answer['input'], 'Machine learning is great for humanity. It helps');
    const [text, ...others] = answer['output'] as string[];
    assert.ok(text !== undefined && text !== '' && others.length === 0);
    assert.equal(answer['test'], false);
  });

  test('its parameters have their effects', async () => {
    const outputs = async (fields: object): Promise<string[]> => {
      const response = await glossa.post(PATH, { input: 'The little dog', length: 24, seed: 4, ...fields });
      return ((await response.json()) as { output: string[] }).output;
    };
    const [greedy = ''] = await texts({ input: 'The little dog', mode: 'greedy', max_length: 200 });
    for (const fields of [{ k: 1 }, { p: 0 }, { temperature: 0.0001 }]) {
      const [text = ''] = await outputs(fields);
      assert.ok(text !== '' && greedy.startsWith(`The little dog${text}`), JSON.stringify(fields));
    }
    assert.notDeepEqual(await outputs({ k: 1, repetition_penalty: 10 }), await outputs({ k: 1 }));
    const [whole = ''] = await outputs({ k: 1 });
    const word = / \w+/.exec(whole.slice(8))?.[0] ?? '';
    assert.deepEqual(await outputs({ k: 1, stop_token: word }), [whole.slice(0, whole.indexOf(word))]);
    assert.deepEqual(
      await outputs({}),
      await outputs({ temperature: 1, k: 50, p: 1, repetition_penalty: 1 }),
    );
    assert.equal((await outputs({ num_return_sequences: 2 })).length, 2);
  });

  test('a client that leaves ends its own generation', async () => {
    const controller = new AbortController();
    const body = { input: 'A', max_length: 500, num_return_sequences: 8, mode: 'sample-top-k', top_k: 0 };
    const answers = [PATH, `${PATH}-response-stream`].map((path) =>
      glossa.post(path, body, { signal: controller.signal }),
    );
    await until('they run', async () => ((await glossa.stats())?.active_sequences ?? 0) > 8);
    controller.abort();
    await Promise.allSettled(answers);
    await glossa.idle();
  });
});

test('as SageMaker starts a container: serve, ping until 200, invocations, SIGTERM', async () => {
  const glossa = await ServedGlossa.start({ awaitReady: false });
  await until('the ping is answered with 200', async () => (await glossa.get('/ping')).status === 200);
  assert.equal(await (await glossa.get('/ping')).text(), '');
  assertTexts(
    await (await glossa.post('/invocations', { input: 'The little dog' })).json(),
    'The little dog',
  );
  assert.deepEqual(await glossa.stop(), { code: 0, signal: null });
});
