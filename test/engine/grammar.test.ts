import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import { GlossaError } from '../../src/errors.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { shippedEngineOptions } from './shipped-model.js';

const LIST = String.raw`
root ::= "[" item ("," " " item)* "]"
item ::= ["] word ["] | [1-9] [0-9]{0,3}
word ::= [a-z]{1,8}
`;
const YES_OR_NO = 'root ::= " yes" | " no" | " perhaps"';
/** Twice as many readings with every character. */
const AMBIGUOUS = 'root ::= [a-z .] root "b" | [a-z .] root "c" | [a-z .]';

interface Result {
  readonly texts: string[];
  readonly reasons: string[];
}

describe('grammars', () => {
  let engine: EngineProcess;
  before(async () => {
    engine = await EngineProcess.start(shippedEngineOptions());
  });
  after(() => engine.close());

  async function run(request: Partial<GenerationRequestInput>): Promise<Result> {
    const result: Result = { texts: [], reasons: [] };
    for await (const event of engine.generate({ prompt: 'The little dog said', ...request })) {
      if (event.type === 'prompt') continue;
      result.texts[event.sequence] = (result.texts[event.sequence] ?? '') + event.text;
      if (event.type === 'finish') result.reasons[event.sequence] = event.finishReason;
    }
    return result;
  }

  for (const [mode, parameters] of [
    ['greedy', {}],
    ['sampling', { doSample: true, topK: 0, temperature: 2, seed: 3, numReturnSequences: 6 }],
    ['beam search', { numBeams: 5, numReturnSequences: 5 }],
    ['beam sampling', { numBeams: 3, numReturnSequences: 3, doSample: true, topK: 0, seed: 4 }],
  ] as const) {
    test(`hold in ${mode}`, async () => {
      const { texts, reasons } = await run({ ...parameters, grammar: LIST, maxNewTokens: 60 });
      texts.forEach((text, index) => {
        const item = '("[a-z]{1,8}"|[1-9][0-9]{0,3})';
        const whole = new RegExp(`^\\[${item}(, ${item})*\\]$`);
        if (reasons[index] === 'length') assert.match(text, /^\[["a-z0-9, ]*\]?$/);
        else assert.match(text, whole);
      });
      assert.ok(texts.length > 0);
    });
  }

  for (const [name, gbnf, text] of [
    ['two characters', 'root ::= ("😀" | "東"){6}', /^[😀東]{6}$/u],
    ['ranges of both', 'root ::= ([一-龥] | [😀-🙏]){6}', /^[一-龥😀-🙏]{6}$/u],
    ['all characters but ASCII', 'root ::= [\\u0080-\\U0010FFFF]{6}', /^[^\0-\x7f\uFFFD]{6}$/u],
  ] as const) {
    test(`emoji and CJK come whole from a vocabulary that has only their bytes: ${name}, 20 seeds`, async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, seed) =>
          run({ grammar: gbnf, doSample: true, topK: 0, temperature: 2, seed, maxNewTokens: 24 }),
        ),
      );
      for (const { texts, reasons } of results) {
        assert.match(texts[0] ?? '', text);
        assert.deepEqual(reasons, ['stop']);
      }
      assert.ok(new Set(results.flatMap((each) => each.texts)).size > 10);
    });
  }

  test('a sequence ends when the grammar allows nothing more', async () => {
    const { texts, reasons } = await run({ grammar: YES_OR_NO, eosTokenId: [] });
    assert.ok([' yes', ' no', ' perhaps'].includes(texts[0] ?? ''));
    assert.deepEqual(reasons, ['stop']);
  });

  test('beams: as many hypotheses as there are ways to say it, the rest is exhausted', async () => {
    const { texts, reasons } = await run({
      grammar: 'root ::= "!" | "?"',
      numBeams: 4,
      numReturnSequences: 4,
    });
    assert.deepEqual(texts.toSorted(), ['', '', '!', '?']);
    assert.deepEqual(reasons, ['stop', 'stop', 'exhausted', 'exhausted']);
  });

  test('one whose row has nothing left to choose fails by itself, in every mode', async () => {
    const modes = [
      {},
      { doSample: true, seed: 1 },
      { numBeams: 3 },
      { numBeams: 3, doSample: true, topK: 0, seed: 1 },
    ];
    for (const mode of modes) {
      const bystander = run({ maxNewTokens: 60, eosTokenId: [] });
      const starved = run({
        ...mode,
        grammar: 'root ::= "abc" "def"',
        forcedEosTokenId: [2],
        maxNewTokens: 1,
      });
      if ('numBeams' in mode) assert.deepEqual((await starved).reasons, ['exhausted']);
      else {
        await assert.rejects(starved, {
          code: 'INVALID_REQUEST',
          message: 'the processors left no token to choose from',
        });
      }
      assert.deepEqual((await bystander).reasons, ['length']);
    }
  });

  test('a sample that comes to a dead end is exhausted, its siblings are not', async () => {
    const { texts, reasons } = await run({
      // The second 5 would repeat the first.
      grammar: 'root ::= <[5]> <[5]> | "xyz"',
      noRepeatNgramSize: 1,
      doSample: true,
      topK: 0,
      temperature: 3,
      seed: 1,
      numReturnSequences: 12,
    });
    assert.ok(reasons.includes('exhausted') && reasons.includes('stop'), reasons.join(' '));
    texts.forEach((text, index) => {
      assert.equal(text === 'xyz', reasons[index] === 'stop');
    });
  });

  test('beams end with their text when nothing ends them otherwise', async () => {
    const { texts, reasons } = await run({ grammar: 'root ::= " a" " b"', numBeams: 3, eosTokenId: [] });
    assert.deepEqual({ texts, reasons }, { texts: [' a b'], reasons: ['stop'] });
  });

  test('one that turns out too ambiguous fails by itself', async () => {
    const other = run({ maxNewTokens: 80, eosTokenId: [] });
    await assert.rejects(
      run({ grammar: AMBIGUOUS, maxNewTokens: 60, doSample: true, seed: 1, topK: 0 }),
      (error) =>
        error instanceof GlossaError && error.code === 'INVALID_REQUEST' && error.message.includes('grammar'),
    );
    assert.deepEqual((await other).reasons, ['length']);
  });
});
