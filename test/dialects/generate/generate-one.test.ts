import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testConfiguration, testServer } from '../../fakes/server.js';
import { FakeVocabulary } from '../../fakes/vocabulary.js';
import { assertHolds, countingServer, one, requestFor } from './setup.js';

const PATH = '/api/generate-one';

describe('the answer', () => {
  test('is plain text, word for word, with 200', async () => {
    const response = await testServer().post(PATH, {
      request_id: 'a',
      prompt: 'The dog',
      generation_config: { max_new_tokens: 4 },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(await response.text(), ' barks at the moon');
  });

  test('ends with </s> exactly where EOS was chosen', async () => {
    const server = testServer({ engine: { script: () => [' one', ' two', '<eos>'] } });
    assert.equal(await one(server, {}), ' one two</s>');
    assert.equal(await one(server, { generation_config: { max_new_tokens: 2 } }), ' one two');
    assert.equal(await one(server, { request_id: 'b', stream_response: false }), ' one two</s>');
  });

  test('is read whatever the media type says', async () => {
    for (const type of [
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'application/json',
    ]) {
      const response = await testServer().post(
        PATH,
        { request_id: 'a', prompt: 'A' },
        { 'content-type': type },
      );
      assert.equal(response.status, 200);
    }
  });

  test('a character that is cut off at the end is left out, one that is wrong stays', async () => {
    const part = FakeVocabulary.partText;
    const server = testServer({ engine: { script: () => [' one', '\uFFFD', part] } });
    assert.equal(await one(server, { generation_config: { max_new_tokens: 3 } }), ' one\uFFFD');
    assert.equal(
      await one(server, { request_id: 'b', generation_config: { max_new_tokens: 2 } }),
      ' one\uFFFD',
    );
  });
});

describe('prompt and only_new_tokens', () => {
  test('prompt is continued', async () => {
    const server = testServer();
    await one(server, { prompt: 'A prompt of five words' });
    assert.equal(server.engine().requests[0]?.prompt.length, 5);
  });

  test('a missing prompt is a space', async () => {
    const server = testServer();
    const response = await server.post(PATH, { request_id: 'a', only_new_tokens: false });
    assert.ok((await response.text()).startsWith('  barks'));
  });

  test('only_new_tokens false puts the prompt first, streamed or whole', async () => {
    for (const stream_response of [true, false]) {
      const body = { only_new_tokens: false, stream_response, generation_config: { max_new_tokens: 1 } };
      assert.equal(await one(testServer(), body), 'The dog barks');
    }
  });

  test('only_new_tokens is true without being sent, and for what is no flag', async () => {
    for (const only_new_tokens of [undefined, 'false', 0, null, []]) {
      const body = { only_new_tokens, generation_config: { max_new_tokens: 1 } };
      assert.equal(await one(testServer(), body), ' barks');
    }
  });
});

describe('stream_response', () => {
  async function chunks(body: object): Promise<string[]> {
    const server = testServer({ engine: { tokenDelayMs: 25 } });
    const response = await server.post(PATH, { request_id: 'a', prompt: 'A', ...body });
    const texts: string[] = [];
    for await (const chunk of response.body ?? []) texts.push(new TextDecoder().decode(chunk as Uint8Array));
    return texts;
  }
  const generation_config = { max_new_tokens: 3 };

  /** On a busy machine the text of two tokens may leave together. */
  async function assertStreamed(stream_response: unknown): Promise<void> {
    const texts = await chunks({ stream_response, generation_config });
    assert.ok(texts.length > 1);
    assert.equal(texts.join(''), ' barks at the');
  }

  test('is on without being sent, and for what is no flag', async () => {
    for (const stream_response of [undefined, 'false', 0, null]) await assertStreamed(stream_response);
  });

  test('false sends the text whole', async () => {
    assert.deepEqual(await chunks({ stream_response: false, generation_config }), [' barks at the']);
  });

  test('beams have no text before they end', async () => {
    const beams = { generation_config: { ...generation_config, num_beams: 2 } };
    assert.deepEqual(await chunks(beams), [' barks at the']);
  });
});

describe('generation_config reaches the engine', () => {
  const cases: readonly [object, object][] = [
    [{ num_beams: 3 }, { numBeams: 3 }],
    [{ do_sample: false }, { doSample: false }],
    [{ temperature: 0.25 }, { temperature: 0.25, doSample: true }],
    [{ temperature: 0 }, { doSample: false }],
    [
      { temperature: 0, num_beams: 2 },
      { doSample: false, numBeams: 2 },
    ],
    [{ top_p: 0.5 }, { topP: 0.5 }],
    [{ top_k: 7 }, { topK: 7 }],
    [{ max_new_tokens: 6 }, { maxNewTokens: 6 }],
    [{ repetition_penalty: 1.5 }, { repetitionPenalty: 1.5 }],
    [{ length_penalty: 2, num_beams: 2 }, { lengthPenalty: 2 }],
    [{ seed: 9 }, { seed: 9 }],
  ];
  for (const [config, expected] of cases) {
    test(JSON.stringify(config), async () => {
      assertHolds(await requestFor(config), expected);
    });
  }

  test('what it leaves out is as the original server had it', async () => {
    assertHolds(await requestFor({}), {
      numBeams: 1,
      doSample: true,
      temperature: 1,
      topP: 1,
      topK: 50,
      repetitionPenalty: 1,
      lengthPenalty: 1,
    });
  });

  test('without max_new_tokens a model that has room for them says 2048 tokens', async () => {
    const server = testServer({ engine: { script: () => [' word'], info: { contextSize: 4096 } } });
    assert.equal(await one(server, { stream_response: false }), ' word'.repeat(2048));
  });

  test('max_new_tokens gives way to what the model has room for', async () => {
    assert.equal((await requestFor({})).maxNewTokens, 254);
    assert.equal(
      (await requestFor({}, testServer({ engine: { info: { contextSize: 4096 } } }))).maxNewTokens,
      2048,
    );
  });
});

describe('defaults', () => {
  function configured(settings: object, generation: object = {}): ReturnType<typeof testServer> {
    const configuration = testConfiguration();
    Object.assign(configuration.settings.generateDefaults, settings);
    for (const model of configuration.catalogue.models) Object.assign(model, { generation });
    return testServer({ configuration });
  }

  test("the settings' go before the model's, the request's before both", async () => {
    const server = configured(
      { temperature: 0.5, top_k: 20, max_new_tokens: 30 },
      { temperature: 0.3, topK: 3, noRepeatNgramSize: 4, numReturnSequences: 2 },
    );
    assertHolds(await requestFor({ top_k: 5 }, server), {
      temperature: 0.5,
      topK: 5,
      maxNewTokens: 30,
      noRepeatNgramSize: 4,
      numReturnSequences: 1,
    });
  });

  test('num_beams of the settings keeps text from being streamed', async () => {
    const server = configured({ num_beams: 2 });
    assert.equal((await requestFor({}, server)).numBeams, 2);
    const response = await server.post(PATH, { request_id: 'b', prompt: 'A' });
    let chunks = 0;
    for await (const _ of response.body ?? []) chunks += 1;
    assert.equal(chunks, 1);
  });
});

describe('seeds', () => {
  async function seeds(configured: number, requests: number): Promise<(number | undefined)[]> {
    const configuration = testConfiguration();
    Object.assign(configuration.settings.generateDefaults, { seed: configured });
    const server = testServer({ configuration });
    for (let index = 0; index < requests; index += 1) await one(server, { request_id: `r${index}` });
    return server.engine().requests.map((request) => request.seed);
  }

  test('requests without one draw differently, and a server that is started anew repeats itself', async () => {
    const first = await seeds(42, 3);
    assert.equal(new Set(first).size, 3);
    assert.deepEqual(await seeds(42, 3), first);
    assert.notDeepEqual(await seeds(43, 3), first);
  });

  test('the default seed is 42', async () => {
    const server = testServer();
    await one(server, {});
    assert.equal(server.engine().requests[0]?.seed, (await seeds(42, 1))[0]);
  });
});

describe('what has no effect is named in a header', () => {
  const cases: readonly [object, string | null][] = [
    [{}, null],
    [{ colour: 'red', stream_response: 'no' }, 'colour, stream_response'],
    [{ generation_config: { min_p: 1, top_k: 5 } }, 'generation_config.min_p'],
    [
      { generation_config: { do_sample: false, temperature: 0.5, top_p: 1, seed: 3 } },
      'generation_config.temperature, generation_config.seed',
    ],
    [{ generation_config: { length_penalty: 2 } }, 'generation_config.length_penalty'],
    [{ generation_config: { length_penalty: 2, num_beams: 2 } }, null],
  ];
  for (const [fields, expected] of cases) {
    test(JSON.stringify(fields), async () => {
      const response = await testServer().post(PATH, { request_id: 'a', prompt: 'A', ...fields });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('x-glossa-ignored-parameters'), expected);
    });
  }
});

describe('errors on the way', () => {
  test('before the first token: its own status, as text', async () => {
    const server = testServer({ makeEngine: () => Promise.reject(new Error('no')) });
    const response = await server.post(PATH, { request_id: 'a', prompt: 'A' });
    assert.equal(response.status, 424);
    assert.match(await response.text(), /^model \S+ can't be loaded$/);
  });

  test('in mid-stream: the message is the last chunk, and the body breaks off', async () => {
    const server = testServer({ engine: { crashAfterTokens: 3, tokenDelayMs: 25 } });
    const response = await server.post(PATH, { request_id: 'a', prompt: 'A' });
    assert.equal(response.status, 200);
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    const texts: string[] = [];
    const read = async (): Promise<void> => {
      for (;;) {
        const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
        if (done) return;
        texts.push(new TextDecoder().decode(value));
      }
    };
    await assert.rejects(read(), /ended with an error/);
    assert.equal(texts.pop(), "the model's process died");
    assert.equal(texts.join(''), ' barks at the');
  });

  test('whole text: the status tells', async () => {
    const server = testServer({ engine: { crashAfterTokens: 3 } });
    const response = await server.post(PATH, { request_id: 'a', prompt: 'A', stream_response: false });
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "the model's process died");
  });

  test('a prompt that fills the context: 400', async () => {
    const server = testServer();
    const response = await server.post(PATH, { request_id: 'a', prompt: 'word '.repeat(300) });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /^a prompt of 301 tokens leaves no room .* 256 tokens$/);
  });

  test('a prompt whose bytes tell that it fills the context is not tokenized: 400', async () => {
    const server = testServer({ engine: { info: { longestTokenBytes: 5 } } });
    const response = await server.post(PATH, { request_id: 'a', prompt: 'word '.repeat(256) });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /^a prompt of at least 256 tokens leaves no room .* 256 tokens$/);
    assert.deepEqual(server.engine().tokenized, []);
  });
});

test('a client that leaves ends its own generation only', async () => {
  const server = countingServer({ engine: { tokenDelayMs: 2 } });
  const leaving = await server.post(PATH, { request_id: 'a', prompt: 'A' });
  const staying = await server.post(PATH, {
    request_id: 'b',
    prompt: 'B',
    generation_config: { max_new_tokens: 20 },
  });
  const reader = (leaving.body ?? new Blob([]).stream()).getReader();
  await reader.read();
  await reader.cancel();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await server.engine().stats()).activeSequences, 1);
  assert.equal((await staying.text()).split(' ').length, 21);
});
