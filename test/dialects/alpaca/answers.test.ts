import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { IGNORED_HEADER } from '../../../src/server/ignored-header.js';
import { ownServer } from './own-server.js';

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';
const EMBEDDINGS = '/v1/embeddings';

const PREAMBLE =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.';

/** The text that the model got for a body. */
async function promptFor(path: string, body: object): Promise<string> {
  const server = ownServer();
  const { prompt } = await server.requestFor(path, body);
  return typeof prompt === 'string' ? prompt : server.engine.words.decode(prompt);
}

/** A server whose model writes these words and ends. */
function saying(...words: string[]): ReturnType<typeof ownServer> {
  return ownServer({ script: () => [...words, '<eos>'] });
}

interface Choice {
  readonly index: number;
  readonly text?: string;
  readonly message?: { role: string; content: string };
}

async function choicesOf(response: Response): Promise<Choice[]> {
  assert.equal(response.status, 200, await response.clone().text());
  return ((await response.json()) as { choices: Choice[] }).choices;
}

describe('a completion', () => {
  test('has the documented shape', async () => {
    const before = Math.floor(Date.now() / 1000);
    const response = await saying(' Beijing', '.').post(COMPLETIONS, { prompt: 'The capital?' });
    const { id, created, ...rest } = (await response.json()) as Record<string, unknown>;
    assert.match(String(id), /^cmpl-[2-9A-HJ-NP-Za-km-z]{22}$/);
    assert.ok(typeof created === 'number' && created >= before && created <= Date.now() / 1000);
    assert.deepEqual(rest, {
      object: 'text_completion',
      model: 'chinese-llama-alpaca',
      choices: [{ index: 0, text: 'Beijing.' }],
    });
    assert.equal(response.headers.get(IGNORED_HEADER), null);
  });

  test('is the answer to its prompt in the alpaca template', async () => {
    const prompt = await promptFor(COMPLETIONS, { prompt: 'Tell me where the capital of China is' });
    const block = '### Instruction:\nTell me where the capital of China is\n\n### Response: ';
    assert.equal(prompt, `${PREAMBLE}\n\n${block}`);
  });

  test('is what follows the last response heading, stripped', async () => {
    const server = saying(' Draft', '\n', '### Response:', ' \n', ' Final', ' text', '\n');
    const [choice] = await choicesOf(await server.post(COMPLETIONS, { prompt: 'A' }));
    assert.equal(choice?.text, 'Final text');
  });

  test('ends where the model begins another instruction', async () => {
    const { stopStrings, stopStringsSpanPrompt } = await ownServer().requestFor(COMPLETIONS, { prompt: 'A' });
    assert.deepEqual(stopStrings, ['### Instruction:']);
    assert.equal(stopStringsSpanPrompt, false);
  });

  test('has an id of its own each time', async () => {
    const server = saying('A');
    const replies = [1, 2, 3].map(async () => {
      const response = await server.post(COMPLETIONS, { prompt: 'A' });
      return ((await response.json()) as { id: string }).id;
    });
    assert.equal(new Set(await Promise.all(replies)).size, 3);
  });

  test('is read whatever the media type says', async () => {
    for (const type of [
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'application/json',
    ]) {
      const init = { headers: { 'content-type': type } };
      assert.equal((await saying('A').post(COMPLETIONS, { prompt: 'A' }, init)).status, 200);
    }
  });

  test('of a client that has left takes no more steps', async () => {
    const server = ownServer({ tokenDelayMs: 5 });
    const leaving = new AbortController();
    const answer = server.post(COMPLETIONS, { prompt: 'A', max_tokens: 200 }, { signal: leaving.signal });
    const other = server.post(COMPLETIONS, { prompt: 'B', max_tokens: 12 });
    while ((await server.engine.stats()).activeSequences < 2) await new Promise(setImmediate);
    leaving.abort();
    await answer.catch(() => undefined);
    // The other one goes on to its end.
    const [whole] = await choicesOf(await ownServer().post(COMPLETIONS, { prompt: 'B', max_tokens: 12 }));
    assert.deepEqual((await choicesOf(await other))[0], whole);
    const { activeSequences, generatedTokens } = await server.engine.stats();
    assert.equal(activeSequences, 0);
    assert.ok(generatedTokens < 100, String(generatedTokens));
  });
});

describe('a chat', () => {
  test('repeats the conversation index by index, the answer last', async () => {
    const messages = [
      { role: 'system', message: 'Be brief.' },
      { role: 'user', message: 'Tell me some stories about Hangzhou' },
      { role: 'assistant', message: 'Sure, which?' },
      { role: 'user', message: 'West Lake.' },
    ];
    const response = await saying(' Indeed', '.').post(CHAT, { messages });
    const { id, created, choices, ...rest } = (await response.json()) as Record<string, unknown>;
    assert.match(String(id), /^chatcmpl-[2-9A-HJ-NP-Za-km-z]{22}$/);
    assert.equal(typeof created, 'number');
    assert.deepEqual(rest, { object: 'chat.completion', model: 'chinese-llama-alpaca' });
    const expected = [...messages, { role: 'assistant', message: 'Indeed.' }];
    assert.deepEqual(
      choices,
      expected.map(({ role, message }, index) => ({ index, message: { role, content: message } })),
    );
  });

  test('puts each message into a block of its own', async () => {
    const messages = [
      { role: 'user', message: 'One' },
      { role: 'assistant', message: 'Two' },
      { role: 'user', message: 'Three' },
    ];
    const blocks = [
      '### Instruction:\nOne',
      '### Response: Two',
      '### Instruction:\nThree',
      '### Response: ',
    ];
    assert.equal(await promptFor(CHAT, { messages }), [PREAMBLE, ...blocks].join('\n\n'));
  });

  test('has its system message for a preamble', async () => {
    const messages = [
      { role: 'system', message: 'You are a poet.' },
      { role: 'user', message: 'One' },
    ];
    assert.equal(
      await promptFor(CHAT, { messages }),
      'You are a poet.\n\n### Instruction:\nOne\n\n### Response: ',
    );
  });

  test('of one text is one message of the user', async () => {
    const choices = await choicesOf(await saying(' Hello').post(CHAT, { messages: 'Hi' }));
    assert.deepEqual(choices, [
      { index: 0, message: { role: 'user', content: 'Hi' } },
      { index: 1, message: { role: 'assistant', content: 'Hello' } },
    ]);
    assert.match(await promptFor(CHAT, { messages: 'Hi' }), /\n\n### Instruction:\nHi\n\n### Response: $/);
  });
});

describe('embeddings', () => {
  test('of a text have the documented shape', async () => {
    const response = await ownServer().post(EMBEDDINGS, { input: 'The weather is really nice today' });
    assert.equal(response.status, 200);
    const { data, ...rest } = (await response.json()) as { data: { embedding: number[] }[] };
    assert.deepEqual(rest, { object: 'list', model: 'chinese-llama-alpaca' });
    const { embedding, ...entry } = data[0] ?? { embedding: [] };
    assert.deepEqual(entry, { object: 'embedding', index: 0 });
    assert.equal(data.length, 1);
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-6);
  });

  test('of a list come in its order', async () => {
    const response = await ownServer().post(EMBEDDINGS, { input: ['one', 'one two three', 'one'] });
    const { data } = (await response.json()) as { data: { embedding: number[]; index: number }[] };
    assert.deepEqual(
      data.map(({ index }) => index),
      [0, 1, 2],
    );
    assert.deepEqual(data[0]?.embedding, data[2]?.embedding);
    assert.notDeepEqual(data[0]?.embedding, data[1]?.embedding);
  });
});

describe('fields without effect', () => {
  const cases: readonly [string, object, string][] = [
    [COMPLETIONS, { prompt: 'A', user: 'me', best_of: 2 }, 'user, best_of'],
    [COMPLETIONS, { prompt: 'A', seed: 1 }, 'seed'],
    [COMPLETIONS, { prompt: 'A', temperature: 0, top_k: 5, top_p: 0.5 }, 'top_k, top_p'],
    [CHAT, { messages: [{ role: 'user', message: 'A', name: 'me' }] }, 'messages.name'],
    // The document lists it for chats too, whose examples have messages.
    [CHAT, { messages: 'A', prompt: 'B' }, 'prompt'],
    [EMBEDDINGS, { input: 'A', user: 'me' }, 'user'],
  ];
  for (const [path, body, named] of cases) {
    test(`${path} names ${named}`, async () => {
      const response = await saying('A').post(path, body);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get(IGNORED_HEADER), named);
    });
  }
});
