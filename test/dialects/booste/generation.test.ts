import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { BEGINS_WORD } from '../../../src/dialects/booste/generate-words.js';
import { MOST_WORDS } from '../../../src/dialects/booste/schema.js';
import { LONGEST_WORD } from '../../../src/dialects/booste/words.js';
import type { GenerationRequest } from '../../../src/generation/request.js';
import { SOME_FILE, testConfiguration, testServer, type TestServer } from '../../fakes/server.js';
import { call, ended, serverSaying, start, SYNC, wordsOf } from './calls.js';

/** The texts that the engine was prompted with. */
async function promptsOf(server: TestServer): Promise<string[]> {
  const engine = server.engine();
  return await Promise.all(
    engine.requests.map(async ({ prompt }) =>
      typeof prompt === 'string' ? prompt : await engine.detokenize(prompt),
    ),
  );
}

async function requestsFor(body: object, server = testServer()): Promise<GenerationRequest[]> {
  await wordsOf(body, server);
  return server.engine().requests;
}

const some = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `w${from + i}`);

describe('length', () => {
  test('is the number of words that come, five if nothing says so', async () => {
    assert.deepEqual(await wordsOf({}), ['barks', 'at', 'the', 'moon.', 'Then']);
    assert.deepEqual(await wordsOf({ length: null }), await wordsOf({ length: 5 }));
    for (const length of [1, 2, 17, '3', ' 8 ', '1e1'])
      assert.equal((await wordsOf({ length })).length, Number(length));
  });

  test('zero is none', async () => {
    assert.deepEqual(await wordsOf({ length: 0 }), []);
    const { body } = await call(testServer(), SYNC, { string: 'A', length: '0' });
    assert.deepEqual(body, ['']);
  });

  test('goes far beyond the context, each window beginning with the most recent words', async () => {
    // Each window goes on counting from its prompt's last word.
    const counting = (_: number, request: GenerationRequest): string[] => {
      const ids = request.prompt as readonly number[];
      const last = Number(/\d+$/.exec(server.engine().words.decode(ids))?.[0] ?? 0);
      return Array.from({ length: 300 }, (__, index) => ` ${last + 1 + index}`);
    };
    const server = testServer({ engine: { script: counting } });
    const words = await wordsOf({ string: 'count: 0', length: 5000, windowMax: 20 }, server);
    assert.deepEqual(
      words,
      Array.from({ length: 5000 }, (_, index) => String(index + 1)),
    );
    const { requests, info } = server.engine();
    assert.ok(requests.length > 5000 / info.contextSize);
    for (const [index, { prompt, maxNewTokens }] of requests.entries()) {
      assert.equal(prompt.length, index === 0 ? 2 : 20);
      assert.ok(prompt.length + (maxNewTokens ?? 0) <= info.contextSize);
    }
    const second = (await promptsOf(server))[1] ?? '';
    const end = Number(/\d+$/.exec(second)?.[0]);
    assert.equal(second, Array.from({ length: 20 }, (_, index) => end - 19 + index).join(' '));
  });

  test('is refused beyond its bound', async () => {
    const { status, body } = await call(testServer(), SYNC, { string: 'A', length: MOST_WORDS + 1 });
    assert.equal(status, 400);
    assert.deepEqual(body, { message: `length: expected an integer from 0 to ${MOST_WORDS}` });
  });

  test('end-of-sequence ids do not cut it short', async () => {
    const server = serverSaying([' one', '<eos>', ' two', '<eos>', '<eos>']);
    assert.deepEqual(await wordsOf({ length: 4 }, server), ['one', 'two', 'one', 'two']);
    const [request] = server.engine().requests;
    assert.deepEqual([request?.eosTokenId, request?.suppressTokens], [[], [0]]);
  });

  test('newlines count, and are words of their own', async () => {
    const server = serverSaying([' one', '.\n\n', 'Two']);
    assert.deepEqual(await wordsOf({ length: 6 }, server), ['one.', '\n', '\n', 'Two', 'one.', '\n']);
  });

  test('a word that a window cuts off is generated again', async () => {
    const server = serverSaying([' al', 'pha', ' be', 'ta'], { engine: { info: { contextSize: 9 } } });
    const words = await wordsOf({ length: 40, windowMax: 2 }, server);
    assert.equal(words.length, 40);
    for (const word of words) assert.match(word, /^(alpha|beta)$/);
  });

  test('text without any white space is cut into words', async () => {
    const words = await wordsOf({ length: 3 }, serverSaying(['字']));
    assert.deepEqual(
      words,
      Array.from({ length: 3 }, () => '字'.repeat(LONGEST_WORD)),
    );
  });

  test('a character that a window cuts in two is not torn', async () => {
    const info = { contextSize: 8 };
    const script = (_: number, { prompt }: GenerationRequest): string[] => [
      ...Array.from({ length: info.contextSize - prompt.length - 1 }, () => '犬'),
      '<part>',
    ];
    const words = await wordsOf({ length: 1 }, testServer({ engine: { script, info } }));
    assert.deepEqual(words, ['犬'.repeat(LONGEST_WORD)]);
  });

  test('a model that says nothing fails the task, and one that stops gives what there is', async () => {
    const silentServer = serverSaying(['']);
    const failed = await ended(silentServer, await start(silentServer, {}));
    assert.equal(failed['Status'], 'Failed');
    assert.ok(silentServer.engine().requests.length < 20);
    // Only at the beginning of the text.
    const script = (_: number, { prompt }: GenerationRequest): string[] =>
      prompt.length < 4 ? [' one', ' two', ' three', ' fo', ...some(0), '', ''] : [''];
    const server = testServer({ engine: { script, info: { contextSize: 16 } } });
    const words = await wordsOf({ length: 50 }, server);
    assert.ok(words.length > 0 && words.length < 50);
  });
});

describe('window_max', () => {
  test('is how many of the most recent words of the text are looked at, 100 if nothing says so', async () => {
    const server = testServer();
    await wordsOf({ string: some(300).join(' ') }, server);
    await wordsOf({ string: some(300).join(' '), windowMax: '3' }, server);
    await wordsOf({ string: some(300).join('\n'), windowMax: 1 }, server);
    assert.deepEqual(await promptsOf(server), [some(100, 200).join(' '), 'w297 w298 w299', 'w299']);
  });

  test('1023 words are kept as far as the context has room, and new ones still come', async () => {
    const server = testServer();
    const words = await wordsOf({ string: some(2000).join(' '), windowMax: 1023, length: 300 }, server);
    assert.equal(words.length, 300);
    const [first = ''] = await promptsOf(server);
    assert.ok(first.endsWith('w1998 w1999'));
    assert.equal(first.trim().split(' ').length, 192);
    const roomy = testServer({ engine: { info: { contextSize: 4096 } } });
    await wordsOf({ string: some(2000).join(' '), windowMax: 1023 }, roomy);
    assert.deepEqual(await promptsOf(roomy), [some(1023, 977).join(' ')]);
  });

  test('counts within the last 65,536 characters of the text', async () => {
    const server = testServer();
    await wordsOf({ string: `far${' '.repeat(65_536)}near` }, server);
    await wordsOf({ string: `far${' '.repeat(1000)}near` }, server);
    assert.deepEqual(await promptsOf(server), ['near', 'far near']);
  });

  test('applies to a text without an end', async () => {
    const server = testServer({ engine: { info: { contextSize: 4096 } } });
    assert.equal((await wordsOf({ string: 'x'.repeat(1_000_000) }, server)).length, 5);
    const [first = ''] = await promptsOf(server);
    assert.ok(first.length <= 65_536);
  });
});

describe('the first word', () => {
  const grammarOf = async (string: string, server = testServer()): Promise<string | undefined> => {
    const [request] = await requestsFor({ string, length: 200 }, server);
    return request?.grammar;
  };

  test('begins with white space where the text ends with a word', async () => {
    for (const string of ['A', 'The dog ', 'one\n two']) assert.equal(await grammarOf(string), BEGINS_WORD);
    for (const string of ['', ' ', 'Dear dog,\n']) assert.equal(await grammarOf(string), undefined);
  });

  test('of a later window carries on a word that is not whole, and begins one after one that is', async () => {
    const info = { contextSize: 16 };
    const open = serverSaying([' al', 'pha'], { engine: { info } });
    const requests = await requestsFor({ length: 40, windowMax: 2 }, open);
    assert.deepEqual([...new Set(requests.slice(1).map(({ grammar }) => grammar))], [undefined]);
    // After "al" a window says nothing but white space.
    const script = (_: number, { prompt }: GenerationRequest): string[] =>
      prompt.length === 1 ? Array.from({ length: info.contextSize }, () => 'x') : [' '];
    const closed = testServer({ engine: { script, info } });
    await wordsOf({ string: 'A', length: 40, windowMax: 2 }, closed);
    const grammars = closed.engine().requests.map(({ grammar }) => grammar);
    assert.deepEqual(grammars.slice(0, 3), [BEGINS_WORD, undefined, BEGINS_WORD]);
  });

  test("obeys the grammar of the model's configuration, if it has one", async () => {
    const base = testConfiguration();
    const [model] = base.catalogue.models;
    assert.ok(model !== undefined);
    const models = [{ ...model, generation: { grammar: 'root ::= "a"*' } }];
    const configuration = { ...base, catalogue: { ...base.catalogue, models } };
    assert.equal(await grammarOf('A', testServer({ configuration })), 'root ::= "a"*');
  });
});

describe('temperature', () => {
  test('is what is sampled with, 0.8 if nothing says so', async () => {
    const [plain] = await requestsFor({});
    assert.deepEqual([plain?.doSample, plain?.temperature, plain?.numBeams], [true, 0.8, 1]);
    const [text] = await requestsFor({ temperature: '0.3' });
    assert.equal(text?.temperature, 0.3);
    const [least] = await requestsFor({ temperature: 0.1 });
    assert.equal(least?.temperature, 0.1);
  });
});

describe('string', () => {
  test('is continued without the white space at its end, newlines aside', async () => {
    const server = testServer();
    await wordsOf({ string: 'The  dog \t' }, server);
    await wordsOf({ string: 'Dear dog, \n \n' }, server);
    assert.deepEqual(await promptsOf(server), ['The dog', 'Dear dog,\n\n']);
  });

  test('an empty one becomes the token that a text begins with', async () => {
    for (const string of ['', '  ']) {
      const server = testServer();
      assert.equal((await wordsOf({ string }, server)).length, 5);
      assert.deepEqual(server.engine().requests[0]?.prompt, [0]);
    }
    const server = testServer({ engine: { info: { startTokenId: null } } });
    assert.equal((await ended(server, await start(server, { string: '' })))['Status'], 'Failed');
    const { status, body } = await call(server, SYNC, { string: '' });
    assert.equal(status, 400);
    assert.match(String(body['message']), /^string: must not be empty/);
  });
});

describe('seed', () => {
  test('makes every window repeatable, and is drawn where there is none', async () => {
    const seeds = async (body: object): Promise<(number | undefined)[]> =>
      (await requestsFor({ length: 400, ...body })).map(({ seed }) => seed);
    const [one, again, other] = [
      await seeds({ seed: 1 }),
      await seeds({ seed: '1' }),
      await seeds({ seed: 2 }),
    ];
    assert.ok(one.length > 1 && new Set(one).size === one.length);
    assert.deepEqual(one, again);
    assert.ok(other.every((seed) => !one.includes(seed)));
    assert.notDeepEqual(await seeds({}), await seeds({}));
  });
});

describe('modelSize', () => {
  /** Two models, the second of which may have an alias. */
  function twoModels(aliases: readonly string[] = []): TestServer {
    const base = testConfiguration({ model: [SOME_FILE, resolve('tsconfig.json')] });
    const [first, second] = base.catalogue.models;
    assert.ok(first !== undefined && second !== undefined);
    const models = [first, { ...second, aliases }];
    return testServer({ configuration: { ...base, catalogue: { ...base.catalogue, models } } });
  }
  /** Ids of the models that have been used. */
  async function usedBy(modelSize: unknown, server: TestServer): Promise<string[]> {
    await wordsOf({ modelSize }, server);
    return server.models
      .list(ANYBODY)
      .flatMap(({ definition, state }) => (state.name === 'ready' ? [definition.id] : []));
  }

  test('is an alias or an id', async () => {
    assert.deepEqual(await usedBy('gpt2-xl', twoModels(['gpt2-xl'])), ['tsconfig.json']);
    assert.deepEqual(await usedBy('tsconfig.json', twoModels()), ['tsconfig.json']);
  });

  test('is gpt2 if nothing says so', async () => {
    for (const modelSize of [undefined, null])
      assert.deepEqual(await usedBy(modelSize, twoModels(['gpt2'])), ['tsconfig.json']);
  });

  test('the documented names mean the default model where no other has them', async () => {
    for (const modelSize of ['gpt2', 'gpt2-xl', undefined])
      assert.deepEqual(await usedBy(modelSize, twoModels()), ['package.json']);
  });
});

describe('what the configuration sets for the model', () => {
  test('counts, but for what would end the words early', async () => {
    const generation = { topK: 7, numBeams: 4, stopStrings: ['moon'], suppressTokens: [5], maxNewTokens: 3 };
    const base = testConfiguration();
    const [model] = base.catalogue.models;
    assert.ok(model !== undefined);
    const configurationWith = {
      ...base,
      catalogue: { ...base.catalogue, models: [{ ...model, generation }] },
    };
    const server = testServer({ configuration: configurationWith });
    assert.equal((await wordsOf({ length: 20 }, server)).length, 20);
    const [request] = server.engine().requests;
    assert.deepEqual(
      [request?.topK, request?.numBeams, request?.stopStrings, request?.suppressTokens],
      [7, 1, [], [5, 0]],
    );
  });
});
