import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { packageRoot } from '../../src/engine/addon.js';
import { DOCUMENTED_EXAMPLES } from './alpaca-examples.js';
import { freePort } from './processes.js';
import { ServedGlossa } from './server.js';

const run = promisify(execFile);
const models = join(packageRoot(), 'models');
/** Of models/glossa-sprout. */
const HIDDEN_SIZE = (
  JSON.parse(await readFile(join(models, 'glossa-sprout', 'config.json'), 'utf8')) as { hidden_size: number }
).hidden_size;
const PREAMBLE =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.';

let folder = '';
let glossa: ServedGlossa;
/** Where the demo server's clients go. */
let url = '';

/** Starts the shipped pair as the demo server is started, but at a free port. */
async function startCompatible(): Promise<ServedGlossa> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const sources = [
    '--base_model',
    join(models, 'glossa-sprout'),
    '--lora_model',
    join(models, 'glossa-sprout-alpaca'),
  ];
  const args = [
    '--compat',
    'alpaca',
    ...sources,
    '--load_in_8bit',
    '--only_cpu',
    // Texts are compared: they must not depend on what runs beside them.
    '--reproducible',
    '--listen',
    `alpaca=${port}`,
  ];
  return await ServedGlossa.start({ args, env: { GLOSSA_CACHE: folder } });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-e2e-alpaca-'));
  glossa = await startCompatible();
});
after(async () => {
  await glossa.stop();
  await rm(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return await fetch(url + path, { method: 'POST', body: text });
}

/** The text of a completion, and the tokens that it took. */
async function complete(fields: object): Promise<{ text: string; tokens: number }> {
  const response = await post('/v1/completions', { prompt: 'What is the capital of France?', ...fields });
  const body = (await response.json()) as { choices: { text: string }[] };
  assert.equal(response.status, 200, JSON.stringify(body));
  const { generatedTokens } = await glossa.logged(response.headers.get('x-request-id') ?? '');
  return { text: body.choices[0]?.text ?? '', tokens: generatedTokens ?? 0 };
}

/** The text that our own API decodes from the same prompt. */
async function decoded(prompt: string, parameters: object): Promise<string> {
  const text = `${PREAMBLE}\n\n### Instruction:\n${prompt}\n\n### Response: `;
  const response = await glossa.post('/glossa/generate', {
    prompt: text,
    max_new_tokens: 128,
    ...parameters,
  });
  const { sequences } = (await response.json()) as { sequences: { text: string }[] };
  return sequences[0]?.text.trim() ?? '';
}

async function embeddings(input: string | string[]): Promise<number[][]> {
  const response = await post('/v1/embeddings', { input });
  assert.equal(response.status, 200);
  return ((await response.json()) as { data: { embedding: number[] }[] }).data.map(
    (entry) => entry.embedding,
  );
}

/** Checks that a reply has exactly the documented fields. */
function assertDocumented(path: string, request: string, reply: Record<string, unknown>): void {
  const { model, object, id, created, ...rest } = reply;
  assert.equal(model, 'chinese-llama-alpaca');
  if (path === '/v1/embeddings') {
    const { data } = rest as { data: { embedding: number[] }[] };
    assert.deepEqual([object, Object.keys(rest), id, created], ['list', ['data'], undefined, undefined]);
    assert.deepEqual(data, [{ object: 'embedding', embedding: data[0]?.embedding, index: 0 }]);
    assert.equal(data[0]?.embedding.length, HIDDEN_SIZE);
    return;
  }
  assert.deepEqual(Object.keys(rest), ['choices']);
  assert.ok(Math.abs(Number(created) - Date.now() / 1000) < 600 && Number.isInteger(created));
  const choices = rest['choices'] as { text?: string; message?: { content: string } }[];
  if (path === '/v1/completions') {
    assert.equal(object, 'text_completion');
    assert.match(String(id), /^cmpl-\w{22}$/);
    assert.deepEqual(choices, [{ index: 0, text: choices[0]?.text }]);
    assert.match(choices[0]?.text ?? '', /^\S[^]*\S$/);
    return;
  }
  assert.equal(object, 'chat.completion');
  assert.match(String(id), /^chatcmpl-\w{22}$/);
  const { messages } = JSON.parse(request) as { messages: { role: string; message: string }[] };
  const answer = choices.at(-1)?.message?.content ?? '';
  const conversation = [...messages, { role: 'assistant', message: answer }];
  assert.deepEqual(
    choices,
    conversation.map(({ role, message }, index) => ({ index, message: { role, content: message } })),
  );
  assert.match(answer, /^\S[^]*\S$/);
}

describe('the documented requests', () => {
  for (const [index, [path, data]] of DOCUMENTED_EXAMPLES.entries()) {
    test(`${index + 1}, ${path}, by curl`, async (context) => {
      const args = ['--silent', `${url}${path}`, '-H', 'Content-Type: application/json', '-d', data];
      const answer = await run('curl', args).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      });
      if (answer === undefined) {
        context.skip('install curl to run the documented commands');
        return;
      }
      assertDocumented(path, data, JSON.parse(answer.stdout) as Record<string, unknown>);
    });

    test(`${index + 1}, ${path}, by fetch`, async () => {
      const response = await post(path, data);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assertDocumented(path, data, JSON.parse(text) as Record<string, unknown>);
    });
  }
});

describe('the merged model', () => {
  test('follows an instruction', async () => {
    assert.match((await complete({})).text, /^[^#]*\bParis\b[^#]*$/);
  });

  test('understands an instruction that refers to an earlier one', async () => {
    const messages = [
      { role: 'user', message: 'What is the capital of France?' },
      { role: 'assistant', message: 'The capital of France is Paris.' },
      { role: 'user', message: 'And of Italy?' },
    ];
    const response = await post('/v1/chat/completions', { messages });
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    assert.match(choices.at(-1)?.message.content ?? '', /\bRome\b/);
  });
});

describe('parameters', () => {
  const prompt = 'Tell me a story about a fox.';

  test('without any it is a search with 4 beams; num_beams 1 is greedy, and top_k 1 the same', async () => {
    assert.equal((await complete({ prompt })).text, await decoded(prompt, { num_beams: 4 }));
    const greedy = await decoded(prompt, {});
    assert.equal((await complete({ prompt, num_beams: 1 })).text, greedy);
    // The log tells what all beams took.
    assert.ok((await complete({ prompt, max_tokens: 6 })).tokens > 6);
    assert.equal((await complete({ prompt, num_beams: 1, temperature: 0 })).text, greedy);
    assert.equal((await complete({ prompt, top_k: 1 })).text, greedy);
  });

  test('max_tokens bounds the answer, and 128 does where it is absent', async () => {
    assert.equal((await complete({ prompt, max_tokens: 5, num_beams: 1 })).tokens, 5);
    const endless = { prompt, temperature: 2, top_k: 0, top_p: 1, num_beams: 1 };
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8].map(
      async (seed) => (await complete({ ...endless, seed })).tokens,
    );
    assert.equal(Math.max(...(await Promise.all(lengths))), 128);
  });

  test('a temperature makes answers differ, and a seed makes them repeatable', async () => {
    for (const numBeams of [1, 2]) {
      const drawn = async (seed: number): Promise<string> =>
        (await complete({ prompt, temperature: 1.5, num_beams: numBeams, seed, max_tokens: 40 })).text;
      const texts = await Promise.all([1, 2, 3, 4, 5].map(drawn));
      assert.ok(new Set(texts).size > 1, texts[0]);
      assert.equal(await drawn(1), texts[0]);
    }
  });

  test('top_p and top_k near nothing leave the likeliest token only', async () => {
    const greedy = (await complete({ prompt, num_beams: 1 })).text;
    for (const cut of [{ top_p: 0.0001 }, { top_k: 1 }])
      assert.equal((await complete({ prompt, temperature: 2, num_beams: 1, ...cut })).text, greedy);
  });

  test('repetition_penalty changes the answer', async () => {
    const plain = (await complete({ prompt, num_beams: 1 })).text;
    assert.equal((await complete({ prompt, num_beams: 1, repetition_penalty: 1 })).text, plain);
    assert.notEqual((await complete({ prompt, num_beams: 1, repetition_penalty: 1.8 })).text, plain);
  });

  test('stop ends the answer', async () => {
    const plain = (await complete({ prompt, num_beams: 1 })).text;
    const [first] = plain.split(',');
    assert.ok(first !== undefined && first.length < plain.length, plain);
    assert.equal((await complete({ prompt, num_beams: 1, stop: ',' })).text, first);
  });

  test('that contradict each other or do not fit are refused by name', async () => {
    const detail = async (fields: object): Promise<string> => {
      const response = await post('/v1/completions', { prompt, ...fields });
      assert.equal(response.status, 400);
      return ((await response.json()) as { detail: string }).detail;
    };
    assert.match(await detail({ top_k: 5, num_beams: 4 }), /^top_k: expected .* with num_beams of 4/);
    assert.match(await detail({ max_tokens: 100_000 }), /^max_tokens: expected at most \d+, /);
    assert.match(
      await detail({ prompt: 'fox '.repeat(10_000) }),
      /^prompt: at least \d+ tokens exceed the context/,
    );
  });
});

describe('embeddings', () => {
  test('have length 1 and as many elements as the model has hidden units', async () => {
    const vectors = await embeddings(['A cat', 'A dog is an animal that barks.', '你好']);
    assert.equal(vectors.length, 3);
    for (const vector of vectors) {
      assert.equal(vector.length, HIDDEN_SIZE);
      assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-4);
    }
  });

  test('of the same text are the same, alone and in a list, and of others are others', async () => {
    const [alone = []] = await embeddings('What colour is grass?');
    const [other = [], same = []] = await embeddings(['What is 3 plus 4?', 'What colour is grass?']);
    const similarity = (a: number[], b: number[]): number =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
    assert.ok(similarity(alone, same) > 0.9999, String(similarity(alone, same)));
    assert.ok(similarity(alone, other) < 0.99, String(similarity(alone, other)));
  });
});

describe('the ports', () => {
  test('the common one answers chats with message keys, and no other', async () => {
    const chat = await glossa.post('/v1/chat/completions', {
      messages: [{ role: 'user', message: 'Hello!' }],
    });
    assert.equal(chat.status, 200);
    // The others are OpenAI's there, which tells errors in another shape.
    for (const path of ['/v1/completions', '/v1/embeddings', '/v1/chat/completions']) {
      const refused = await glossa.post(path, { prompt: 'A', input: 'A' });
      const { error } = (await refused.json()) as { error?: { type?: string } };
      assert.deepEqual([refused.status, error?.type], [400, 'invalid_request_error']);
    }
  });

  test("the API's own one refuses what it does not know in the API's shape", async () => {
    const response = await post('/v1/models', {});
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { detail: 'no such route' });
  });
});

test('a second start uses the converted file again', async () => {
  const converted = async (): Promise<string[]> => await readdir(join(folder, 'compat'), { recursive: true });
  const files = await converted();
  assert.ok(files.some((name) => name.endsWith('glossa-sprout-alpaca-q8_0.gguf')));
  assert.ok(glossa.log.some((line) => line.startsWith('converting glossa-sprout-alpaca to q8_0')));
  await glossa.stop();
  glossa = await startCompatible();
  assert.ok(glossa.log.some((line) => line.includes('using the file in the cache')));
  assert.ok(!glossa.log.some((line) => line.startsWith('converting')));
  assert.deepEqual(await converted(), files);
  assert.match((await complete({})).text, /\bParis\b/);
});
