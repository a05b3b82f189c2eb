import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { generationRequestSchema, parseGenerationRequest } from '../../src/generation/request.js';
import { hasCode } from '../engine/conformance.js';

const INT32 = 2_147_483_647;

/** What a parameter must be, and values at and just beyond its bounds. */
interface Expectation {
  readonly expected: string;
  readonly accepted: readonly unknown[];
  /** Numbers out of range, shown in the message. */
  readonly outside: readonly number[];
}

/** The neighbour of a binary64 number, towards plus or minus infinity. */
function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? direction : -direction));
  return view.getFloat64(0);
}

function integer(least: number, most: number): Expectation {
  return {
    expected: `an integer from ${least} to ${most}`,
    accepted: [least, most],
    outside: [least - 1, most + 1, least + 0.5, NaN, Infinity, -Infinity, 1e300],
  };
}

function number(least: number, most: number): Expectation {
  return {
    expected: `a number from ${least} to ${most}`,
    accepted: [least, most],
    outside: [neighbour(least, -1), neighbour(most, 1), NaN, Infinity, -Infinity],
  };
}

function positive(most: number): Expectation {
  return {
    expected: `a number above 0 and at most ${most}`,
    accepted: [Number.MIN_VALUE, most],
    outside: [0, neighbour(most, 1), NaN, Infinity, -Infinity],
  };
}

const cutoff: Expectation = {
  expected: 'a number of at least 0 and below 1',
  accepted: [0, neighbour(1, -1)],
  outside: [-Number.MIN_VALUE, 1, NaN, Infinity],
};

const flag: Expectation = { expected: 'true or false', accepted: [true, false], outside: [0, 1] };

function ids(most: number): Expectation {
  return {
    expected: `an array of at most ${most} token ids`,
    accepted: [[], [0, INT32], Array(most).fill(1)],
    outside: [5],
  };
}

const oneOrMoreIds: Expectation = {
  expected: 'a token id or an array of at most 64',
  accepted: [0, INT32, [], [7], Array(64).fill(1)],
  outside: [],
};

/** Every parameter; a test below sees to it. */
const EXPECTATIONS: Readonly<Record<keyof typeof generationRequestSchema.shape, Expectation>> = {
  prompt: { expected: 'text or an array of token ids', accepted: ['', 'a', [], [0, INT32]], outside: [7] },
  maxNewTokens: integer(0, INT32),
  maxLength: integer(1, INT32),
  logprobs: integer(0, 20),
  promptLogprobs: integer(0, 20),
  minLength: integer(0, INT32),
  minNewTokens: integer(0, INT32),
  doSample: flag,
  numBeams: integer(1, 64),
  earlyStopping: { expected: 'false, true or "never"', accepted: [true, false, 'never'], outside: [1] },
  lengthPenalty: number(-100, 100),
  sequenceBias: {
    expected: 'an array of at most 65536 pairs of 1 to 64 token ids and a number from -1000000 to 1000000',
    accepted: [[], [[[1], 1e6]], [[Array(64).fill(0), -1e6]]],
    outside: [1],
  },
  encoderRepetitionPenalty: number(1e-6, 1e6),
  repetitionPenalty: number(1e-6, 1e6),
  presencePenalty: number(-1e6, 1e6),
  frequencyPenalty: number(-1e6, 1e6),
  noRepeatNgramSize: integer(0, INT32),
  encoderNoRepeatNgramSize: integer(0, INT32),
  badWordsIds: {
    expected: 'an array of at most 4096 arrays of 1 to 64 token ids',
    accepted: [[], [[1]], [Array(64).fill(INT32)], Array(4096).fill([1])],
    outside: [1],
  },
  forcedBosTokenId: integer(0, INT32),
  forcedEosTokenId: oneOrMoreIds,
  removeInvalidValues: flag,
  exponentialDecayLengthPenalty: {
    expected: '[an integer from 0 to 2147483647, a number above 0 and at most 1000000]',
    accepted: [
      [0, Number.MIN_VALUE],
      [INT32, 1e6],
    ],
    outside: [1],
  },
  suppressTokens: ids(65_536),
  beginSuppressTokens: ids(65_536),
  grammar: { expected: 'a GBNF grammar', accepted: ['root ::= "a"'], outside: [1] },
  temperature: number(1e-6, 1e6),
  topH: positive(1),
  topK: integer(0, INT32),
  topP: number(0, 1),
  minP: number(0, 1),
  typicalP: positive(1),
  epsilonCutoff: cutoff,
  etaCutoff: cutoff,
  renormalizeLogits: flag,
  generator: { expected: '"philox" or "torch"', accepted: ['philox', 'torch'], outside: [1] },
  seed: integer(0, Number.MAX_SAFE_INTEGER),
  numReturnSequences: integer(1, 128),
  eosTokenId: oneOrMoreIds,
  stopStrings: {
    expected: 'an array of at most 64 texts of 1 to 1024 characters',
    accepted: [[], ['a'.repeat(1024)], Array(64).fill('b')],
    outside: [1],
  },
  stopStringsSpanPrompt: flag,
  maxTime: positive(86_400),
};

/** A value of each type of JSON but number, and what messages call it. */
const TYPES: readonly [unknown, string][] = [
  [null, 'null'],
  [true, 'boolean'],
  ['something', 'string'],
  [{}, 'object'],
  [[{}], 'array'],
];

function assertMessage(name: string, value: unknown, message: string): void {
  const input = { prompt: 'a', [name]: value };
  assert.throws(
    () => parseGenerationRequest(input),
    (error: Error) => {
      assert.equal(error.message, message);
      return hasCode('INVALID_REQUEST', name)(error);
    },
  );
}

function isAccepted(name: string, value: unknown): boolean {
  return generationRequestSchema.safeParse({ prompt: 'a', [name]: value }).success;
}

test('every parameter of a request is expected below', () => {
  assert.deepEqual(
    Object.keys(generationRequestSchema.shape).toSorted(),
    Object.keys(EXPECTATIONS).toSorted(),
  );
});

for (const [name, { expected, accepted, outside }] of Object.entries(EXPECTATIONS)) {
  describe(name, () => {
    test(`is ${expected}`, () => {
      for (const value of accepted) assert.ok(isAccepted(name, value), JSON.stringify(value));
    });

    test('out of range is refused with the range', () => {
      for (const value of outside)
        assertMessage(name, value, `${name}: expected ${expected}, received ${value}`);
    });

    test('of another type is refused with what was expected', () => {
      const own = accepted.map((value) => (Array.isArray(value) ? 'array' : typeof value));
      const others = TYPES.filter(([, type]) => !own.includes(type as 'array'));
      assert.ok(others.length >= 3);
      for (const [value, type] of others)
        assertMessage(name, value, `${name}: expected ${expected}, received ${type}`);
    });
  });
}

describe('values with parts', () => {
  const ID = 'expected token ids from 0 to 2147483647';
  const cases: readonly [string, unknown, string][] = [
    ['prompt', [1, -1], `${ID}, received -1`],
    ['prompt', [1, 2 ** 31], `${ID}, received 2147483648`],
    ['prompt', [0.5], `${ID}, received 0.5`],
    ['prompt', ['secret'], `${ID}, received string`],
    ['prompt', Array(2), `${ID}, received nothing`],
    ['prompt', 'a\uD800', 'expected text without lone surrogates, received one'],
    ['prompt', 'a\0b', 'expected text without NUL characters, received one'],
    ['grammar', 'a\0b', 'expected text without NUL characters, received one'],
    ['grammar', 'root ::= nope', 'line 1: the rule nope is not defined'],
    [
      'grammar',
      `root ::= ${'('.repeat(10_000)}`,
      'expected parentheses nested at most 64 deep, received more',
    ],
    ['grammar', 'a'.repeat(5_000_000), 'expected at most 262144 characters, received 5000000'],
    ['earlyStopping', 'always', 'expected false, true or "never", received "always"'],
    ['generator', 'a text of several words', 'expected "philox" or "torch", received string'],
    ['generator', 'x'.repeat(33), 'expected "philox" or "torch", received string'],
    ['generator', 'mersenne', 'expected "philox" or "torch", received "mersenne"'],
    ['eosTokenId', -1, `${ID}, received -1`],
    ['eosTokenId', [1, null], `${ID}, received null`],
    ['eosTokenId', Array(65).fill(1), 'expected a token id or an array of at most 64, received 65'],
    ['forcedEosTokenId', 1.5, `${ID}, received 1.5`],
    ['forcedEosTokenId', [[1]], `${ID}, received array`],
    ['suppressTokens', [-2], `${ID}, received -2`],
    ['suppressTokens', Array(65_537).fill(1), 'expected an array of at most 65536 token ids, received 65537'],
    ['beginSuppressTokens', ['1'], `${ID}, received string`],
    ['badWordsIds', [[]], 'expected an array of at most 4096 arrays of 1 to 64 token ids, received 0'],
    ['badWordsIds', [[1], 2], 'expected an array of at most 4096 arrays of 1 to 64 token ids, received 2'],
    [
      'badWordsIds',
      [Array(65).fill(1)],
      'expected an array of at most 4096 arrays of 1 to 64 token ids, received 65',
    ],
    [
      'badWordsIds',
      Array(4097).fill([1]),
      'expected an array of at most 4096 arrays of 1 to 64 token ids, received 4097',
    ],
    [
      'badWordsIds',
      [
        [1, 2],
        [3, -3],
      ],
      `${ID}, received -3`,
    ],
    ['sequenceBias', [[[1], 1, 1]], `expected ${EXPECTATIONS.sequenceBias.expected}, received array`],
    ['sequenceBias', [[[1]]], `expected ${EXPECTATIONS.sequenceBias.expected}, received array`],
    ['sequenceBias', [{ 1: 2 }], `expected ${EXPECTATIONS.sequenceBias.expected}, received object`],
    ['sequenceBias', [[[], 1]], `expected ${EXPECTATIONS.sequenceBias.expected}, received 0`],
    ['sequenceBias', [[[1], 1e7]], `expected ${EXPECTATIONS.sequenceBias.expected}, received 10000000`],
    ['sequenceBias', [[[1], NaN]], `expected ${EXPECTATIONS.sequenceBias.expected}, received NaN`],
    ['sequenceBias', [[[1], '1']], `expected ${EXPECTATIONS.sequenceBias.expected}, received string`],
    ['sequenceBias', [[['x'], 1]], `${ID}, received string`],
    ['sequenceBias', [[1, 1]], `expected ${EXPECTATIONS.sequenceBias.expected}, received 1`],
    [
      'exponentialDecayLengthPenalty',
      [1],
      `expected ${EXPECTATIONS.exponentialDecayLengthPenalty.expected}, received array`,
    ],
    [
      'exponentialDecayLengthPenalty',
      [-1, 2],
      `expected ${EXPECTATIONS.exponentialDecayLengthPenalty.expected}, received -1`,
    ],
    [
      'exponentialDecayLengthPenalty',
      [1, 0],
      `expected ${EXPECTATIONS.exponentialDecayLengthPenalty.expected}, received 0`,
    ],
    [
      'exponentialDecayLengthPenalty',
      [1, '2'],
      `expected ${EXPECTATIONS.exponentialDecayLengthPenalty.expected}, received string`,
    ],
    ['stopStrings', [''], `expected ${EXPECTATIONS.stopStrings.expected}, received one of 0 characters`],
    [
      'stopStrings',
      ['a'.repeat(1025)],
      `expected ${EXPECTATIONS.stopStrings.expected}, received one of 1025 characters`,
    ],
    ['stopStrings', Array(65).fill('a'), `expected ${EXPECTATIONS.stopStrings.expected}, received 65`],
    ['stopStrings', ['a', 1], `expected ${EXPECTATIONS.stopStrings.expected}, received 1`],
    ['stopStrings', ['\uDC00'], 'expected text without lone surrogates, received one'],
  ];
  for (const [name, value, message] of cases) {
    test(`${name}: ${message.slice(-40)}`, () => {
      assertMessage(name, value, `${name}: ${message}`);
    });
  }

  test('a prompt is required', () => {
    const nothing = {} as { prompt: string };
    assert.throws(() => parseGenerationRequest(nothing), {
      message: 'prompt: expected text or an array of token ids, received nothing',
    });
  });

  test('an unknown parameter is named, with the nearest known one', () => {
    const request = { prompt: 'a', numBeam: 2 };
    assert.throws(() => parseGenerationRequest(request), {
      message: 'request: unknown parameter numBeam; did you mean numBeams?',
    });
    assert.throws(
      () => parseGenerationRequest({ prompt: 'a', ['x'.repeat(100_000)]: 2 }),
      (error: Error) => error.message.length < 100,
    );
  });

  test('one id or several become several', () => {
    const { eosTokenId, forcedEosTokenId } = parseGenerationRequest({
      prompt: 'a',
      eosTokenId: 3,
      forcedEosTokenId: [4, 5],
    });
    assert.deepEqual([eosTokenId, forcedEosTokenId], [[3], [4, 5]]);
  });

  test('of equal sequences with biases the last one counts', () => {
    const { sequenceBias } = parseGenerationRequest({
      prompt: 'a',
      sequenceBias: [
        [[1], 1],
        [[1, 2], 2],
        [[12], 3],
        [[1], 4],
      ],
    });
    assert.deepEqual(sequenceBias, [
      [[1], 4],
      [[1, 2], 2],
      [[12], 3],
    ]);
  });
});
