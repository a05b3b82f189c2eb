import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import { collect, type CollectedSequence } from '../../src/generation/collect.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { hasCode } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

const NUMBERS = 'root ::= " " [0-9]+ ("," " " [0-9]+)*';

describe('a text continued on the shipped model', () => {
  let engine: EngineProcess;
  before(async () => {
    engine = await EngineProcess.start(shippedEngineOptions());
  });
  after(() => engine.close());

  async function once(
    input: GenerationRequestInput,
    prompt: readonly number[],
    continuedTokens = 0,
  ): Promise<CollectedSequence> {
    const { sequences } = await collect(
      engine.generate({ eosTokenId: [], ...input, prompt: [...prompt] }, { continuedTokens }),
    );
    assert.ok(sequences[0] !== undefined);
    return sequences[0];
  }

  const cases: Record<string, Partial<GenerationRequestInput>> = {
    greedily: {},
    'with draws': { doSample: true, seed: 5 },
    "with torch's draws": { doSample: true, seed: 5, generator: 'torch' },
    'with penalties': { presencePenalty: 1, frequencyPenalty: 0.5 },
    'in a grammar': { grammar: NUMBERS, doSample: true, seed: 9 },
    'whose tokens are bytes': { grammar: 'root ::= [é-ÿ🐀-🐿]+', doSample: true, seed: 3 },
  };
  for (const [name, parameters] of Object.entries(cases)) {
    test(`${name}: 20 tokens and 20 more are the 40 of one call`, async () => {
      const prompt = await engine.tokenize('The little dog counted: 1, 2,');
      const input = { prompt, ...parameters };
      const whole = await once({ ...input, maxNewTokens: 40 }, prompt);
      const splits = name === 'whose tokens are bytes' ? [19, 20, 21, 22] : [20];
      for (const split of splits) {
        const first = await once({ ...input, maxNewTokens: split }, prompt);
        const second = await once(
          { ...input, maxNewTokens: 40 - split },
          [...prompt, ...first.tokenIds],
          split,
        );
        assert.deepEqual([...first.tokenIds, ...second.tokenIds], whole.tokenIds);
        const unfinished = first.endsInsideCharacter === true;
        assert.equal((unfinished ? first.text.slice(0, -1) : first.text) + second.text, whole.text);
        if (unfinished) assert.ok(first.text.endsWith('\uFFFD'));
      }
    });
  }

  test('whose tokens do not obey the grammar is refused by name', async () => {
    const prompt = await engine.tokenize('Once upon a time');
    await assert.rejects(
      once({ prompt, grammar: NUMBERS }, prompt, 2),
      hasCode('INVALID_REQUEST', 'grammar'),
    );
  });

  test('of more tokens than the prompt has is refused', async () => {
    await assert.rejects(
      collect(engine.generate({ prompt: [5, 6] }, { continuedTokens: 3 })),
      hasCode('INVALID_REQUEST', 'continuedTokens'),
    );
  });
});
