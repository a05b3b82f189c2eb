import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { loadConfiguration } from '../../../src/config/load.js';
import { FAKE_SEED } from '../../fakes/engine.js';
import { SOME_FILE, testServer, type TestServer, type TestServerOptions } from '../../fakes/server.js';
import { framesOf } from './frames.js';

interface Answer {
  sequences: { finish_reason: string; score?: number }[];
  seed?: number;
  warnings?: string[];
}

async function answerTo(server: TestServer, body: object): Promise<Answer> {
  const response = await server.post('/glossa/generate', { prompt: 'The dog', max_new_tokens: 2, ...body });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Answer;
}

async function firstFrame(server: TestServer, body: object): Promise<object> {
  const request = { prompt: 'The dog', max_new_tokens: 2, stream: true, ...body };
  const [frame = ''] = await framesOf(await server.post('/glossa/generate', request));
  return JSON.parse(frame) as object;
}

async function refusalOf(server: TestServer, body: object): Promise<{ message: string; param: string }> {
  const response = await server.post('/glossa/generate', { prompt: 'The dog', ...body });
  assert.equal(response.status, 400);
  return ((await response.json()) as { error: { message: string; param: string } }).error;
}

/** A server with a configuration file. */
function configured(t: TestContext, file: object, options: TestServerOptions = {}): TestServer {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-config-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  const configuration = loadConfiguration({
    flags: {},
    env: {},
    cwd: folder,
    packageRoot: '/package',
    physicalCores: () => 1,
  });
  return testServer({ ...options, configuration });
}

describe('beams', () => {
  test('have scores, best first', async () => {
    const { sequences, seed } = await answerTo(testServer(), { num_beams: 3, num_return_sequences: 2 });
    assert.deepEqual(
      sequences.map(({ score }) => score),
      [-0.5, -1.5],
    );
    assert.equal(seed, undefined);
  });

  test('tell what the search took, and what of it is in no sequence', async () => {
    const body = { num_beams: 3, num_return_sequences: 2, max_new_tokens: 5 };
    const answer = { ...(await answerTo(testServer(), body)) } as Record<string, unknown>;
    assert.deepEqual([answer['search_tokens'], answer['discarded_tokens']], [15, 5]);
    const plain = await answerTo(testServer(), { max_new_tokens: 5 });
    assert.ok(!('search_tokens' in plain) && !('discarded_tokens' in plain));
  });

  test('may be exhausted', async () => {
    const server = testServer({ engine: { script: () => ['<none>'] } });
    const { sequences } = await answerTo(server, { num_beams: 3 });
    assert.deepEqual(
      sequences.map(({ finish_reason }) => finish_reason),
      ['exhausted'],
    );
  });

  test('do not stream', async () => {
    const error = await refusalOf(testServer(), { num_beams: 2, stream: true });
    assert.deepEqual(
      [error.message, error.param],
      ['stream: expected false with num_beams above 1', 'stream'],
    );
    assert.equal((await answerTo(testServer(), { num_beams: 2, stream: false })).sequences.length, 1);
  });

  test('do not stream when the configuration asks for them', async (t) => {
    const server = configured(t, { models: { a: { path: SOME_FILE, generation: { numBeams: 2 } } } });
    const error = await refusalOf(server, { stream: true });
    assert.equal(error.message, 'stream: expected false with the configured num_beams above 1');
    assert.deepEqual(await firstFrame(server, { num_beams: 1 }), {
      type: 'prompt',
      prompt_tokens: 2,
      cached_tokens: 0,
    });
    await server.models.close();
  });

  test('give no more than there are', async () => {
    assert.deepEqual(await refusalOf(testServer(), { num_beams: 2, num_return_sequences: 3 }), {
      code: 'INVALID_REQUEST',
      message: 'num_return_sequences: expected at most num_beams (2), received 3',
      param: 'num_return_sequences',
    });
  });
});

describe('a seed', () => {
  test('is told of samples, whether it was given or drawn', async () => {
    assert.equal((await answerTo(testServer(), { do_sample: true, seed: 7 })).seed, 7);
    assert.equal((await answerTo(testServer(), { do_sample: true })).seed, FAKE_SEED);
    assert.equal((await answerTo(testServer(), { seed: 7 })).seed, undefined);
    assert.deepEqual(await firstFrame(testServer(), { do_sample: true, seed: 7 }), {
      type: 'prompt',
      prompt_tokens: 2,
      cached_tokens: 0,
      seed: 7,
    });
  });
});

describe('warnings', () => {
  const vain = { top_k: 5, length_penalty: 2, max_length: 9 };
  const warnings = [
    'max_length: has no effect beside max_new_tokens',
    'top_k: has no effect without do_sample',
    'length_penalty: has no effect without num_beams above 1',
  ];

  test('name what has no effect', async () => {
    assert.deepEqual((await answerTo(testServer(), vain)).warnings, warnings);
    assert.deepEqual(await firstFrame(testServer(), vain), {
      type: 'prompt',
      prompt_tokens: 2,
      cached_tokens: 0,
      warnings,
    });
  });

  test('know what the model ends with', async () => {
    const server = testServer({ engine: { info: { eosTokenIds: [] } } });
    assert.deepEqual((await answerTo(server, { min_new_tokens: 1 })).warnings, [
      'min_new_tokens: has no effect without an end-of-sequence id',
    ]);
    assert.equal((await answerTo(testServer(), { min_new_tokens: 1 })).warnings, undefined);
  });

  test('are not about what the configuration says', async (t) => {
    const generation = { topK: 5, lengthPenalty: 2, seed: 3 };
    const server = configured(t, { generation, models: { a: { path: SOME_FILE } } });
    assert.deepEqual(Object.keys(await answerTo(server, {})).toSorted(), [
      'cached_tokens',
      'model',
      'prompt_tokens',
      'sequences',
    ]);
  });
});

describe('what the configuration says', () => {
  const file = {
    generation: { doSample: true, topK: 7, topP: 0.9, numReturnSequences: 2 },
    models: {
      a: { path: SOME_FILE, generation: { topK: 8 } },
      b: { base: 'a', generation: { topK: 9, maxNewTokens: 1 } },
    },
  };

  test('holds for requests that do not say otherwise, by model', async (t) => {
    const server = configured(t, file);
    const bodies = [{ model: 'a' }, { model: 'b' }, { model: 'b', top_k: 6, num_return_sequences: 1 }];
    for (const body of bodies) await server.post('/glossa/generate', { prompt: 'A', ...body });
    assert.deepEqual(
      server
        .engine()
        .requests.map(({ topK, topP, maxNewTokens, numReturnSequences }) => [
          topK,
          topP,
          maxNewTokens,
          numReturnSequences,
        ]),
      [
        [8, 0.9, undefined, 2],
        [9, 0.9, 1, 2],
        [6, 0.9, 1, 1],
      ],
    );
  });

  test('counts for the number of sequences in the answer', async (t) => {
    assert.equal((await answerTo(configured(t, file), {})).sequences.length, 2);
  });

  test('leaves what /autocomplete documents alone', async (t) => {
    const generation = { numBeams: 4, doSample: false, temperature: 3, topK: 2, topP: 0.1, maxNewTokens: 1 };
    const server = configured(t, { generation, models: { a: { path: SOME_FILE } } });
    assert.equal((await server.post('/autocomplete', { context: 'The dog' })).status, 200);
    const [request] = server.engine().requests;
    assert.deepEqual(
      [request?.numBeams, request?.doSample, request?.temperature, request?.topK, request?.topP],
      [1, true, 1, 256, 0.9],
    );
    assert.deepEqual([request?.maxNewTokens, request?.numReturnSequences], [100, 3]);
  });
});
