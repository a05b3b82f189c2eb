import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { DOCUMENTED_BODY } from './document.js';
import { assertError, SagemakerServer } from './served.js';

const IGNORED = 'x-glossa-ignored-parameters';

/** How a request is decoded, as far as modes say so. */
async function decoding(body: object, server = new SagemakerServer()): Promise<object> {
  const request = await server.requestFor(body);
  const { doSample, numBeams, temperature, topP, topK, noRepeatNgramSize } = request;
  return doSample
    ? { doSample, numBeams, temperature, topP, topK, noRepeatNgramSize }
    : { doSample, numBeams, noRepeatNgramSize };
}

/** Values that no default has. */
const GIVEN = { top_p: 0.5, top_k: 7, temperature: 2, num_beams: 4, no_repeat_ngram_size: 3, seed: 9 };
const SAMPLING = { doSample: true, numBeams: 1, noRepeatNgramSize: 0 };

const modes: readonly [mode: string, defaults: object, given: object, ignored: string][] = [
  [
    'sample-top-p',
    { ...SAMPLING, temperature: 1, topP: 0.92, topK: 50 },
    { ...SAMPLING, temperature: 1, topP: 0.5, topK: 7 },
    'temperature, num_beams, no_repeat_ngram_size',
  ],
  [
    'sample-top-k',
    { ...SAMPLING, temperature: 1, topP: 1, topK: 50 },
    { ...SAMPLING, temperature: 1, topP: 1, topK: 7 },
    'top_p, temperature, num_beams, no_repeat_ngram_size',
  ],
  [
    'sample',
    { ...SAMPLING, temperature: 0.7, topP: 0.92, topK: 50 },
    { ...SAMPLING, temperature: 2, topP: 0.5, topK: 7 },
    'num_beams, no_repeat_ngram_size',
  ],
  [
    'beam',
    { doSample: false, numBeams: 5, noRepeatNgramSize: 2 },
    { doSample: false, numBeams: 4, noRepeatNgramSize: 3 },
    'top_p, top_k, temperature, seed',
  ],
  [
    'greedy',
    { doSample: false, numBeams: 1, noRepeatNgramSize: 0 },
    { doSample: false, numBeams: 1, noRepeatNgramSize: 0 },
    'top_p, top_k, temperature, num_beams, no_repeat_ngram_size, seed',
  ],
];

describe('a mode uses its own parameters only', () => {
  for (const [mode, defaults, given, ignored] of modes) {
    test(`${mode} without any decodes by its documented defaults`, async () => {
      assert.deepEqual(await decoding({ mode }), defaults);
      assert.deepEqual(await decoding({ mode, ...nulls(GIVEN) }), defaults);
    });

    test(`${mode} with all takes its own and names the others as ignored`, async () => {
      assert.deepEqual(await decoding({ mode, ...GIVEN }), given);
      const response = await new SagemakerServer().post({ input: 'A', mode, ...GIVEN });
      assert.equal(response.headers.get(IGNORED), ignored);
    });

    test(`${mode} is not changed by what the server is configured with`, async () => {
      const generation = { doSample: true, numBeams: 2, temperature: 3, topK: 3, topP: 0.3, maxNewTokens: 1 };
      const server = new SagemakerServer({ generation: { ...generation, noRepeatNgramSize: 4 } });
      assert.deepEqual(await decoding({ mode }, server), defaults);
      assert.equal(server.engine.requests[0]?.maxLength, 100);
    });
  }

  test('without mode the mode is sample-top-p', async () => {
    const expected = { ...SAMPLING, temperature: 1, topP: 0.92, topK: 50 };
    assert.deepEqual(await decoding({}), expected);
    assert.deepEqual(await decoding({ mode: null }), expected);
  });

  test('what a mode does not use may have any number', async () => {
    const wild = { top_p: 7, top_k: -1, temperature: 0, num_beams: 1e9, no_repeat_ngram_size: 0.5 };
    assert.deepEqual(await decoding({ mode: 'greedy', ...wild }), modes[4]?.[1]);
  });

  test('the example body works as it stands', async () => {
    const server = new SagemakerServer();
    const response = await server.post(DOCUMENTED_BODY);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get(IGNORED), 'temperature, num_beams, no_repeat_ngram_size');
    const texts = (await response.json()) as string[];
    assert.equal(texts.length, 3);
    for (const text of texts) assert.ok(text.startsWith('This is an input text barks'), text);
  });
});

describe('parameters of all modes', () => {
  const words = (text = ''): number => text.split(' ').length;

  for (const mode of ['sample-top-p', 'sample-top-k', 'sample', 'beam', 'greedy']) {
    test(`max_length counts the prompt's tokens too, in ${mode}`, async () => {
      const server = new SagemakerServer({ engine: { script: () => [' word'] } });
      for (const text of await server.texts({ input: 'One two three', mode, max_length: 10 }))
        assert.equal(text, `One two three${' word'.repeat(7)}`);
    });

    test(`three texts come by default, and as many as num_return_sequences says, in ${mode}`, async () => {
      const server = new SagemakerServer({ engine: { script: (index) => [` n${index}`, '<eos>'] } });
      const count = async (fields: object): Promise<number> =>
        (await server.texts({ input: 'A', mode, ...fields })).length;
      assert.equal(await count({}), 3);
      assert.equal(await count({ num_return_sequences: null }), 3);
      assert.equal(await count({ num_return_sequences: 1 }), 1);
      assert.equal(await count({ num_return_sequences: 5 }), 5);
    });
  }

  test('without max_length a text has 100 tokens', async () => {
    const server = new SagemakerServer({ engine: { script: () => [' word'] } });
    assert.deepEqual((await server.texts({ input: 'One two' })).map(words), [100, 100, 100]);
  });

  test('greedy gives one text as often as it is asked for', async () => {
    const server = new SagemakerServer();
    const texts = await server.texts({ input: 'A', mode: 'greedy', max_length: 4, num_return_sequences: 4 });
    assert.deepEqual(
      texts,
      Array.from({ length: 4 }, () => 'A barks at the'),
    );
    assert.equal(server.engine.requests[0]?.numReturnSequences, 1);
  });

  test('beam gives no more texts than it has beams', async () => {
    const server = new SagemakerServer();
    for (const [fields, beams, received] of [
      [{ num_return_sequences: 6 }, 5, 6],
      [{ num_beams: 2 }, 2, 3],
      [{ num_beams: 1 }, 1, 3],
    ] as const) {
      const response = await server.post({ input: 'A', mode: 'beam', ...fields });
      const message = await assertError(response, 400, 'ValidationError');
      assert.equal(
        message,
        `num_return_sequences: expected at most num_beams (${beams}) in mode beam, received ${received}`,
      );
    }
    const one = await server.texts({ input: 'A', mode: 'beam', num_beams: 1, num_return_sequences: 1 });
    assert.equal(one.length, 1);
  });

  test('a text is its input to the letter, and what was generated', async () => {
    for (const input of [
      '  A \n "quoted" \\ \u0007',
      'Grüße aus 東京 \u{1F600}',
      '<|endoftext|>',
      '</script>',
    ]) {
      const [text] = await new SagemakerServer().texts({ input, num_return_sequences: 1 });
      assert.ok(text?.startsWith(`${input} barks`), text);
    }
  });
});

describe('seed', () => {
  test('reaches the engine', async () => {
    assert.equal((await new SagemakerServer().requestFor({ seed: 42 })).seed, 42);
    assert.equal((await new SagemakerServer().requestFor({ seed: 0 })).seed, 0);
  });

  for (const seed of [undefined, null, -1]) {
    test(`${String(seed)} is none, in every mode`, async () => {
      for (const [mode] of modes) {
        const server = new SagemakerServer();
        assert.equal((await server.requestFor({ mode, seed })).seed, undefined);
        const response = await server.post({ input: 'A', mode, seed });
        assert.equal(response.headers.get(IGNORED), null);
      }
    });
  }
});

function nulls(fields: object): object {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, null]));
}
