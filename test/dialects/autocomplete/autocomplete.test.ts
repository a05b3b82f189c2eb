import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { SOME_FILE, testServer, type TestServer } from '../../fakes/server.js';

interface Answer {
  sentences: { value: string; time: number }[];
  time: number;
}

async function answerOf(response: Response): Promise<Answer> {
  assert.equal(response.status, 200);
  return (await response.json()) as Answer;
}

/** What the engine was asked for by a body, after the context "The dog". */
async function requestFor(
  body: object,
  server = testServer(),
): Promise<ReturnType<TestServer['engine']>['requests'][0]> {
  const response = await server.post('/autocomplete', { context: 'The dog', ...body });
  assert.equal(response.status, 200, await response.clone().text());
  const request = server.engine().requests.at(-1);
  assert.ok(request !== undefined);
  return request;
}

describe('the answer', () => {
  test('has the documented shape', async () => {
    const answer = await answerOf(await testServer().post('/autocomplete', { context: 'The little dog' }));
    assert.deepEqual(Object.keys(answer), ['sentences', 'time']);
    assert.equal(answer.sentences.length, 3);
    for (const sentence of answer.sentences) {
      assert.deepEqual(Object.keys(sentence), ['value', 'time']);
      assert.equal(sentence.value, ' barks at the moon.');
      assert.ok(sentence.time > 0 && sentence.time <= answer.time && answer.time < 10);
    }
  });

  test('is read whatever the media type says', async () => {
    for (const type of [
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'application/json',
    ]) {
      const response = await testServer().post('/autocomplete', { context: 'A' }, { 'content-type': type });
      assert.equal(response.status, 200);
    }
  });

  test('ends a sample at its first sentence, at EOS, or at its length', async () => {
    const scripts = [
      [' one', '.', ' More', ' words', '.'],
      [' two', '<eos>'],
      [' three', ' words'],
    ];
    const server = testServer({ engine: { script: (index) => scripts[index] ?? [] } });
    const answer = await answerOf(await server.post('/autocomplete', { context: 'Count:', length: 5 }));
    assert.deepEqual(
      answer.sentences.map((sentence) => sentence.value),
      [' one.', ' two', ' three words three words three'],
    );
  });

  test('stops only the sample that is complete', async () => {
    const scripts = [
      [' one', '.', ' X'],
      [' a', ' b', ' c', ' d', ' e', '.', ' X'],
    ];
    const server = testServer({ engine: { script: (index) => scripts[index] ?? [] } });
    const answer = await answerOf(await server.post('/autocomplete', { context: 'A', n_samples: 2 }));
    assert.deepEqual(
      answer.sentences.map((sentence) => sentence.value),
      [' one.', ' a b c d e.'],
    );
    assert.ok((answer.sentences[0]?.time ?? 9) < (answer.sentences[1]?.time ?? 0));
    assert.equal((await server.engine().stats()).activeSequences, 0);
  });

  test('is what there is when max_time is over', async () => {
    const server = testServer({ engine: { tokenDelayMs: 20, script: () => [' word'] } });
    const answer = await answerOf(
      await server.post('/autocomplete', { context: 'A', max_time: 0.1, length: 1000 }),
    );
    assert.match(answer.sentences[0]?.value ?? '', /^( word)+$/);
    assert.ok(answer.time < 1);
  });

  test('leaves out empty samples, but not all of them', async () => {
    const scripts = [['<eos>'], [' something', '.']];
    const some = testServer({ engine: { script: (index) => scripts[index] ?? ['<eos>'] } });
    const answer = await answerOf(await some.post('/autocomplete', { context: 'A' }));
    assert.deepEqual(
      answer.sentences.map((sentence) => sentence.value),
      [' something.'],
    );
  });

  test('is drawn once more where the model ends at once, and EOS is not part of it', async () => {
    const server = testServer({ engine: { script: () => ['<eos>', ' A', ' story', '<eos>', ' never'] } });
    const answer = await answerOf(await server.post('/autocomplete', { context: 'The end.' }));
    assert.deepEqual(
      answer.sentences.map((sentence) => sentence.value),
      [' A story'],
    );
    assert.deepEqual(
      server.engine().requests.map((request) => [request.numReturnSequences, request.eosTokenId]),
      [
        [3, undefined],
        [1, []],
      ],
    );
  });

  test('has one empty sentence where nothing helps', async () => {
    const server = testServer({ engine: { script: () => ['<eos>'] } });
    const answer = await answerOf(await server.post('/autocomplete', { context: 'A', length: 4 }));
    assert.deepEqual(
      answer.sentences.map((sentence) => sentence.value),
      [''],
    );
  });

  test('loses a character that was cut off at the end', async () => {
    const server = testServer({ engine: { script: () => [' caf', '\uFFFD'] } });
    const answer = await answerOf(await server.post('/autocomplete', { context: 'A', length: 2 }));
    assert.equal(answer.sentences[0]?.value, ' caf');
  });
});

describe('parameters', () => {
  test('have the documented defaults', async () => {
    const request = await requestFor({});
    assert.deepEqual(
      [request.maxNewTokens, request.numReturnSequences, request.temperature, request.topP, request.topK],
      [100, 3, 1, 0.9, 256],
    );
    assert.deepEqual([request.doSample, request.repetitionPenalty, request.maxTime], [true, 1, undefined]);
  });

  test('reach the engine', async () => {
    const body = { length: 7, n_samples: 2, temperature: 0.5, top_p: 0.25, top_k: 9, max_time: 3, seed: 42 };
    const request = await requestFor(body);
    assert.deepEqual(
      [request.maxNewTokens, request.numReturnSequences, request.temperature, request.topP, request.topK],
      [7, 2, 0.5, 0.25, 9],
    );
    assert.deepEqual([request.maxTime, request.seed], [3, 42]);
  });

  test('have the other spellings of the original code', async () => {
    const request = await requestFor({ samples: 1, gen_length: 8 });
    assert.deepEqual([request.numReturnSequences, request.maxNewTokens], [1, 8]);
  });

  test("the names of an object's own methods are fields like any other", async () => {
    const body = '{"context":"The dog","constructor":1,"toString":2,"__proto__":3}';
    const response = await testServer().post('/autocomplete', body);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'constructor, toString, __proto__');
  });

  test('the documented spelling wins, and the other is named as ignored', async () => {
    const server = testServer();
    const response = await server.post('/autocomplete', { context: 'A', samples: 1, n_samples: 2 });
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'samples');
    assert.equal(server.engine().requests[0]?.numReturnSequences, 2);
  });

  test('unknown ones are named in a header', async () => {
    const body = { context: 'A', num_beams: 4, 'näme\n': 1 };
    const response = await testServer().post('/autocomplete', body);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'num_beams, n?me?');
  });

  const clamped: readonly [object, string, unknown][] = [
    [{ temperature: 0 }, 'temperature', 0.01],
    [{ temperature: -3 }, 'temperature', 0.01],
    [{ temperature: 5 }, 'temperature', 5],
    [{ temperature: 1e9 }, 'temperature', 100],
    [{ top_p: 5 }, 'topP', 1],
    [{ top_p: -1 }, 'topP', 0],
    [{ top_k: -1 }, 'topK', 0],
    [{ top_k: 1e30 }, 'topK', 0x7fffffff],
    [{ n_samples: 0 }, 'numReturnSequences', 1],
    [{ n_samples: 100 }, 'numReturnSequences', 3],
    [{ length: 0 }, 'maxNewTokens', 1],
    [{ length: -5 }, 'maxNewTokens', 1],
    [{ length: 2.9 }, 'maxNewTokens', 2],
    [{ max_time: 0 }, 'maxTime', 0.1],
    [{ max_time: 1e9 }, 'maxTime', 86_400],
    [{ temperature: '0.9' }, 'temperature', 0.9],
    [{ length: ' 12 ' }, 'maxNewTokens', 12],
    [{ max_time: null }, 'maxTime', undefined],
    [{ temperature: null }, 'temperature', 1],
  ];
  for (const [body, name, value] of clamped) {
    test(`${JSON.stringify(body)} becomes ${String(value)}`, async () => {
      assert.equal((await requestFor(body))[name as 'topK'], value);
    });
  }

  test('a number that JSON can not hold is clamped too', async () => {
    const server = testServer();
    assert.equal((await server.post('/autocomplete', '{"context":"A","temperature":1e999}')).status, 200);
    assert.equal(server.engine().requests[0]?.temperature, 100);
  });
});

describe('defaults, by what comes of them', () => {
  const endless = { engine: { script: () => [' word'], info: { contextSize: 1024 } } };
  const wordsOf = async (server: TestServer, body: object): Promise<number[]> => {
    const answer = await answerOf(await server.post('/autocomplete', { context: 'A', ...body }));
    return answer.sentences.map(({ value }) => value.split(' ').length - 1);
  };

  test('a sample has 100 tokens without length, and as many as it says with it', async () => {
    assert.deepEqual(await wordsOf(testServer(endless), {}), [100, 100, 100]);
    assert.deepEqual(await wordsOf(testServer(endless), { length: 7 }), [7, 7, 7]);
    assert.deepEqual(await wordsOf(testServer(endless), { length: 150 }), [150, 150, 150]);
  });

  test('there are three samples without n_samples, and as many as it says with it', async () => {
    assert.equal((await wordsOf(testServer(endless), {})).length, 3);
    assert.equal((await wordsOf(testServer(endless), { n_samples: 2 })).length, 2);
    assert.equal((await wordsOf(testServer(endless), { n_samples: 1 })).length, 1);
  });

  test('without max_time a slow model is waited for', async () => {
    const slow = testServer({ engine: { ...endless.engine, tokenDelayMs: 5 } });
    assert.deepEqual(await wordsOf(slow, { length: 60, n_samples: 1 }), [60]);
    const [cut = 60] = await wordsOf(slow, { length: 60, n_samples: 1, max_time: 0.1 });
    assert.ok(cut < 60);
  });
});

describe('the prompt', () => {
  const words = (count: number): string => Array.from({ length: count }, (_, index) => `w${index}`).join(' ');

  async function promptFor(
    body: object,
    info = {},
  ): Promise<{ text: string; count: number; maxNewTokens: number }> {
    const server = testServer({ engine: { info } });
    const response = await server.post('/autocomplete', body);
    assert.equal(response.status, 200, await response.clone().text());
    const request = server.engine().requests[0];
    assert.ok(request !== undefined && typeof request.prompt !== 'string');
    const text = await server.engine().detokenize(request.prompt);
    return { text, count: request.prompt.length, maxNewTokens: request.maxNewTokens ?? 0 };
  }

  test('loses the white space at its end', async () => {
    assert.equal((await promptFor({ context: ' The dog \n\t' })).text, ' The dog');
  });

  test('keeps its last max_tokens tokens', async () => {
    assert.equal((await promptFor({ context: words(10), max_tokens: 3 })).text, ' w7 w8 w9');
  });

  test('is tokenized no further back than they can reach', async () => {
    const server = testServer({ engine: { info: { longestTokenBytes: 16 } } });
    const response = await server.post('/autocomplete', { context: words(100_000), max_tokens: 3 });
    assert.equal(response.status, 200);
    const { prompt } = server.engine().requests[0] ?? {};
    assert.equal(await server.engine().detokenize(prompt as number[]), ' w99997 w99998 w99999');
    assert.deepEqual(
      server.engine().tokenized.map((text) => text.length),
      [0, 3 * 16 + 4096],
    );
  });

  test('keeps 256 tokens by default', async () => {
    assert.equal((await promptFor({ context: words(500) }, { contextSize: 1024 })).count, 256);
  });

  test('leaves room for length new tokens', async () => {
    const fitted = await promptFor(
      { context: words(500), max_tokens: 500, length: 50 },
      { contextSize: 128 },
    );
    assert.deepEqual([fitted.count, fitted.maxNewTokens], [78, 50]);
  });

  test('keeps half of the context when length would take more', async () => {
    const fitted = await promptFor(
      { context: words(500), max_tokens: 500, length: 5000 },
      { contextSize: 128 },
    );
    assert.deepEqual([fitted.count, fitted.maxNewTokens], [64, 64]);
  });

  test('a short one leaves the rest to new tokens', async () => {
    const fitted = await promptFor({ context: 'The dog', length: 5000 }, { contextSize: 128 });
    assert.deepEqual([fitted.count, fitted.maxNewTokens], [2, 126]);
  });

  test('an empty one becomes the start token', async () => {
    for (const context of ['', '  \n']) {
      assert.equal((await promptFor({ context }, { startTokenId: 0 })).count, 1);
    }
  });

  test('an empty one is refused where there is no start token', async () => {
    const response = await testServer({ engine: { info: { startTokenId: null } } }).post('/autocomplete', {
      context: '',
    });
    assert.deepEqual([response.status, await response.text()], [422, 'The context field is required']);
  });
});

describe('the model', () => {
  async function idFor(path: string, body: object = {}): Promise<string> {
    const server = testServer({ flags: { model: [SOME_FILE, '../LICENSE', '../tsconfig.json'] } });
    const response = await server.post(path, { context: 'A', ...body });
    assert.equal(response.status, 200, await response.clone().text());
    return (
      server.models.list(ANYBODY).find((status) => status.state.name === 'ready')?.definition.id ?? 'none'
    );
  }

  test('is the default one for every path form that names none', async () => {
    for (const path of [
      '/autocomplete',
      '/autocomplete/',
      '/autocomplete/gpt',
      '/autocomplete/gpt2/arxiv-nlp',
      '/autocomplete/distilgpt2/small/',
    ]) {
      assert.equal(await idFor(path), 'package.json');
    }
  });

  test('is the one of the path, before that of the body', async () => {
    assert.equal(await idFor('/autocomplete/LICENSE', { model_size: 'tsconfig.json' }), 'LICENSE');
    assert.equal(await idFor('/autocomplete/gpt2/LICENSE', { model_size: 'tsconfig.json' }), 'LICENSE');
    assert.equal(await idFor('/autocomplete/LICENSE/xl/', { model_size: 'tsconfig.json' }), 'LICENSE');
  });

  test('is the one of the body where the path names none that is known', async () => {
    assert.equal(await idFor('/autocomplete/gpt2/xl', { model_size: 'tsconfig.json' }), 'tsconfig.json');
    assert.equal(await idFor('/autocomplete', { model_size: 'unknown' }), 'package.json');
  });

  test('three path segments are none of this API', async () => {
    assert.equal((await testServer().post('/autocomplete/a/b/c', { context: 'A' })).status, 404);
  });
});
