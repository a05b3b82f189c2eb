import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { loadConfiguration } from '../../src/config/load.js';
import type { GenerationDefaults } from '../../src/generation/request.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-config-'));
});
after(() => {
  rmSync(folder, { recursive: true });
});

/** What the requests of each model are generated with. */
function load(file: object, env: NodeJS.ProcessEnv = {}): Record<string, GenerationDefaults> {
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  const environment = { packageRoot: '/package', physicalCores: () => 3 };
  const { catalogue } = loadConfiguration({ flags: {}, env, cwd: folder, ...environment });
  return Object.fromEntries(catalogue.models.map(({ id, generation }) => [id, generation]));
}

describe('generation in the configuration file', () => {
  test('is nothing unless it is set', () => {
    assert.deepEqual(load({}), { 'glossa-tales': {} });
  });

  test('of a model goes before that of the server, parameter by parameter', () => {
    const models = { a: { path: 'a.gguf', generation: { topK: 5, seed: 1 } }, b: { path: 'b.gguf' } };
    assert.deepEqual(load({ generation: { topK: 9, topP: 0.9 }, models }), {
      a: { topK: 5, topP: 0.9, seed: 1 },
      b: { topK: 9, topP: 0.9 },
    });
  });

  test('of a base holds for what shares its weights, unless that has its own', () => {
    const models = {
      base: { path: 'a.gguf', generation: { topK: 5, doSample: true } },
      alpaca: { base: 'base', lora: ['l.gguf'], generation: { topK: 3, stopStrings: ['###'] } },
      plain: { base: 'base' },
      poet: { base: 'alpaca', generation: { minP: 0.1 } },
    };
    assert.deepEqual(load({ generation: { topP: 0.9 }, models }), {
      base: { topP: 0.9, topK: 5, doSample: true },
      alpaca: { topP: 0.9, topK: 3, doSample: true, stopStrings: ['###'] },
      plain: { topP: 0.9, topK: 5, doSample: true },
      poet: { topP: 0.9, topK: 3, doSample: true, stopStrings: ['###'], minP: 0.1 },
    });
  });

  test('is stored as it will be used', () => {
    const { 'glossa-tales': generation } = load({ generation: { eosTokenId: 5, forcedEosTokenId: [6] } });
    assert.deepEqual(generation, { eosTokenId: [5], forcedEosTokenId: [6] });
  });

  test('of a model takes both lengths from one place', () => {
    const models = { a: { path: 'a.gguf', generation: { maxLength: 50 } } };
    assert.deepEqual(load({ generation: { maxNewTokens: 9 }, models }), { a: { maxLength: 50 } });
  });
});

describe('what is refused of it', () => {
  const ofModel = (generation: unknown): object => ({ models: { a: { path: 'a.gguf', generation } } });
  const cases: readonly [string, object, RegExp][] = [
    [
      'a value out of range',
      { generation: { topP: 2 } },
      /^generation in glossa.json \(topP\): expected a number from 0 to 1, received 2$/,
    ],
    [
      "a model's value of the wrong type",
      ofModel({ topK: '5' }),
      /^models in glossa.json \(a.generation.topK\): expected an integer from 0 to 2147483647, received string$/,
    ],
    [
      'a bad part of a value',
      { generation: { badWordsIds: [[]] } },
      /^generation in glossa.json \(badWordsIds\): expected an array of at most 4096 arrays of 1 to 64 token ids, received 0$/,
    ],
    [
      'an unknown name, with the nearest known one',
      { generation: { numBeam: 2 } },
      /^generation in glossa.json: unknown key numBeam; did you mean numBeams\?$/,
    ],
    [
      "an unknown name of a model's",
      ofModel({ top_k: 5 }),
      /^models in glossa.json \(a.generation\): unknown key top_k; did you mean topK\?$/,
    ],
    [
      'a grammar that is none',
      { generation: { grammar: 'root ::= nope' } },
      /^generation in glossa.json \(grammar\): line 1: the rule nope is not defined$/,
    ],
    ['a prompt', { generation: { prompt: 'a' } }, /^generation in glossa.json: unknown key prompt/],
    ['no object', { generation: [] }, /^generation in glossa.json: expected object, received array$/],
    [
      'more sequences than greedy decoding gives',
      { generation: { numReturnSequences: 3 } },
      /^generation.numReturnSequences: expected 1 in greedy decoding, received 3; set doSample or numBeams$/,
    ],
    [
      "more sequences than a model's beams",
      {
        generation: { numReturnSequences: 3, numBeams: 3 },
        models: { a: { path: 'a.gguf', generation: { numBeams: 2 } } },
      },
      /^generation.numReturnSequences: expected at most numBeams \(2\), received 3$/,
    ],
    [
      "a model's least length above the server's greatest",
      { generation: { maxNewTokens: 9 }, ...ofModel({ minNewTokens: 10 }) },
      /^models.a.generation.minNewTokens: expected at most 9 \(maxNewTokens\), received 10$/,
    ],
    [
      'a least length above what is generated when nothing says how much',
      ofModel({ minNewTokens: 21 }),
      /^models.a.generation.minNewTokens: expected at most 20 \(new tokens at most\), received 21$/,
    ],
    [
      "what a base's values make of a model's",
      {
        models: {
          a: { path: 'a.gguf', generation: { suppressTokens: [7] } },
          b: { base: 'a', generation: { forcedBosTokenId: 7 } },
        },
      },
      /^models.b.generation.forcedBosTokenId: expected an id that is not in suppressTokens, received 7$/,
    ],
    [
      'what only a default contradicts',
      ofModel({ doSample: true, numBeams: 60, eosTokenId: 1 }),
      /^models.a.generation.topK: expected 0 or at least 120 to sample with numBeams of 60 and 1 end-of-sequence ids, received 50$/,
    ],
  ];
  for (const [what, file, message] of cases) {
    test(what, () => {
      assert.throws(() => load(file), { code: 'CONFIG_INVALID', message });
    });
  }

  test('but not what the model or a request decides', () => {
    const inOrder = { numBeams: 4, doSample: true, topK: 9, minLength: 30, maxLength: 40, minNewTokens: 20 };
    assert.deepEqual(load({ generation: inOrder }), { 'glossa-tales': inOrder });
  });

  test('a variable: only the file can hold it', () => {
    assert.throws(() => load({}, { GLOSSA_GENERATION: '{}' }), {
      message: /^unknown environment variable GLOSSA_GENERATION/,
    });
  });
});
