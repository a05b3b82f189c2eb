import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { GenerationRequest } from '../../../src/generation/request.js';
import { ownServer } from './own-server.js';

interface Route {
  readonly path: string;
  readonly body: object;
  /** What it samples with where a body says nothing. */
  readonly defaults: { readonly temperature: number; readonly topP: number };
}

const ROUTES: readonly Route[] = [
  { path: '/v1/completions', body: { prompt: 'A' }, defaults: { temperature: 0.1, topP: 0.75 } },
  { path: '/v1/chat/completions', body: { messages: 'A' }, defaults: { temperature: 0.7, topP: 1 } },
];

/** How the engine was told to choose tokens. */
function choice(request: GenerationRequest): object {
  const { doSample, numBeams, temperature, topK, topP } = request;
  return doSample ? { doSample, numBeams, temperature, topK, topP } : { doSample, numBeams };
}

for (const { path, body, defaults } of ROUTES) {
  describe(path, () => {
    const requestFor = (fields: object): Promise<GenerationRequest> =>
      ownServer().requestFor(path, { ...body, ...fields });

    test('without fields is a search with 4 beams, 128 tokens long, without penalty', async () => {
      const request = await requestFor({});
      assert.deepEqual(choice(request), { doSample: false, numBeams: 4 });
      assert.equal(request.maxNewTokens, 128);
      assert.equal(request.repetitionPenalty, 1);
    });

    test('without max_tokens generates 128 tokens', async () => {
      const server = ownServer();
      assert.equal((await server.post(path, body)).status, 200);
      assert.equal((await server.engine.stats()).generatedTokens, 128);
    });

    test('max_tokens is how many tokens come', async () => {
      const server = ownServer();
      assert.equal((await server.post(path, { ...body, max_tokens: 7 })).status, 200);
      assert.equal((await server.engine.stats()).generatedTokens, 7);
    });

    test('without max_tokens takes what is left of a small context', async () => {
      const server = ownServer({ info: { contextSize: 60 } });
      const { prompt, maxNewTokens } = await server.requestFor(path, body);
      assert.equal(prompt.length + (maxNewTokens ?? 0) - 1, 60);
    });

    test('null means the default', async () => {
      const nothing = { max_tokens: null, temperature: null, top_p: null, top_k: null, num_beams: null };
      const others = { repetition_penalty: null, seed: null, stop: null, n: null, stream: null, model: null };
      assert.deepEqual(await requestFor({ ...nothing, ...others }), await requestFor({}));
    });

    const choices: readonly [object, object][] = [
      [{ num_beams: 1 }, { doSample: false, numBeams: 1 }],
      [{ num_beams: 2 }, { doSample: false, numBeams: 2 }],
      [{ temperature: 0 }, { doSample: false, numBeams: 4 }],
      [
        { temperature: 0, top_k: 3, top_p: 0.2, num_beams: 1 },
        { doSample: false, numBeams: 1 },
      ],
      [{ repetition_penalty: 1.2 }, { doSample: false, numBeams: 4 }],
      [{ temperature: 0.9 }, { ...defaults, doSample: true, numBeams: 4, topK: 40, temperature: 0.9 }],
      [{ top_p: 0.3 }, { ...defaults, doSample: true, numBeams: 4, topK: 40, topP: 0.3 }],
      [{ top_k: 30 }, { ...defaults, doSample: true, numBeams: 4, topK: 30 }],
      [{ top_k: 0 }, { ...defaults, doSample: true, numBeams: 4, topK: 0 }],
      [
        { top_p: 0.3, num_beams: 1 },
        { ...defaults, doSample: true, numBeams: 1, topK: 40, topP: 0.3 },
      ],
      [
        { temperature: '0.5', top_k: '30' },
        { ...defaults, doSample: true, numBeams: 4, topK: 30, temperature: 0.5 },
      ],
      // Drawing with beams takes two candidates a beam: a default gives way to what is given.
      [{ top_k: 5 }, { ...defaults, doSample: true, numBeams: 2, topK: 5 }],
      [{ top_k: 1 }, { ...defaults, doSample: true, numBeams: 1, topK: 1 }],
      [
        { top_p: 0.3, num_beams: 30 },
        { ...defaults, doSample: true, numBeams: 30, topK: 60, topP: 0.3 },
      ],
      [
        { top_k: 5, num_beams: 4 },
        { ...defaults, doSample: true, numBeams: 4, topK: 5 },
      ],
    ];
    for (const [fields, expected] of choices) {
      test(`${JSON.stringify(fields)} is ${JSON.stringify(expected)}`, async () => {
        assert.deepEqual(choice(await requestFor(fields)), expected);
      });
    }

    test('repetition_penalty, seed and stop reach the engine', async () => {
      const fields = { repetition_penalty: 1.3, temperature: 1, seed: 5, stop: 'END' };
      const request = await requestFor(fields);
      assert.equal(request.repetitionPenalty, 1.3);
      assert.equal(request.seed, 5);
      assert.deepEqual(request.stopStrings, ['### Instruction:', 'END']);
      assert.deepEqual((await requestFor({ stop: ['a', 'b'] })).stopStrings, ['### Instruction:', 'a', 'b']);
    });
  });
}
