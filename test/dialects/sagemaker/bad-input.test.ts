import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertError, SagemakerServer } from './served.js';

const INTEGERS = {
  max_length: [1, 'an integer from 1 to 2147483647'],
  num_return_sequences: [0, 'an integer from 1 to 128'],
  top_k: [-1, 'an integer from 0 to 2147483647'],
  num_beams: [0, 'an integer from 1 to 64'],
  no_repeat_ngram_size: [-1, 'an integer from 0 to 2147483647'],
  seed: [-2, 'an integer from -1 to 9007199254740991'],
} as const;
const NUMBERS = {
  top_p: [1.01, 'a number from 0 to 1'],
  temperature: [0, 'a number from 0.000001 to 1000000'],
} as const;

/** A mode that uses the field. */
function modeOf(field: string): string {
  return ['num_beams', 'no_repeat_ngram_size'].includes(field) ? 'beam' : 'sample';
}

/** The message of the refusal of a body in JSON. */
async function refusal(json: string): Promise<string> {
  return await assertError(await new SagemakerServer().post(json), 400, 'ValidationError');
}

/** A body in which a field has a value, as JSON has it. */
function bodyWith(field: string, json: string): string {
  return `{"input":"A","mode":"${modeOf(field)}","${field}":${json}}`;
}

describe('each field of the documented form', () => {
  for (const [field, [outOfRange, expected]] of Object.entries({ ...INTEGERS, ...NUMBERS })) {
    const wrong: readonly (readonly [json: string, received: string])[] = [
      ['"5"', 'string'],
      ['true', 'boolean'],
      ['[5]', 'array'],
      ['{}', 'object'],
      ['1e999', 'Infinity'],
      ['-1e300', '-1e+300'],
      ...(field in INTEGERS ? ([['1.5', '1.5']] as const) : []),
      ...(field === 'max_length' ? [] : ([[String(outOfRange), String(outOfRange)]] as const)),
    ];
    for (const [json, received] of wrong) {
      test(`${field} of ${json} is refused`, async () => {
        const message = await refusal(bodyWith(field, json));
        assert.equal(message, `${field}: expected ${expected}, received ${received}`);
      });
    }

    test(`${field} twice counts as it stands the last time`, async () => {
      const text = bodyWith(field, `${field === 'seed' ? -1 : 1},"${field}":"no"`);
      assert.match(await refusal(text), new RegExp(`^${field}: expected`));
    });
  }

  for (const field of ['top_p', 'top_k', 'temperature', 'num_beams', 'no_repeat_ngram_size']) {
    test(`${field} of a wrong type is refused where it has no effect too`, async () => {
      for (const json of ['"5"', 'true', '[5]', '{}'])
        assert.equal(
          await refusal(`{"input":"A","mode":"greedy","${field}":${json}}`),
          `${field}: expected a number`,
        );
    });
  }

  for (const json of ['"sample-top"', '"Greedy"', '""', '5', 'true', '["greedy"]', '{}']) {
    test(`mode of ${json} is refused`, async () => {
      const message = await refusal(`{"input":"A","mode":${json}}`);
      assert.match(
        message,
        /^mode: expected "sample-top-p", "sample-top-k", "sample", "beam" or "greedy", received /,
      );
    });
  }

  const inputs: readonly [json: string, message: RegExp][] = [
    ['null', /^input: expected text, received nothing$/],
    ['5', /^input: expected text, received 5$/],
    ['true', /^input: expected text, received boolean$/],
    ['["A"]', /^input: expected text, received array$/],
    ['[1,2,3]', /^input: expected text, received array$/],
    ['{"text":"A"}', /^input: expected text, received object$/],
    [String.raw`"a\u0000b"`, /^input: expected text without NUL/],
    [String.raw`"a\ud800b"`, /^input: expected .*surrogates/],
  ];
  for (const [json, message] of inputs) {
    test(`input of ${json} is refused`, async () => {
      assert.match(await refusal(`{"input":${json}}`), message);
    });
  }
});

describe('bodies as a whole', () => {
  const deep = '['.repeat(999) + ']'.repeat(999);
  const bodies: readonly [what: string, body: string, message: RegExp][] = [
    ['nothing', '', /received an empty body$/],
    ['no JSON', '{"input":"The', /received malformed JSON$/],
    ['text', 'The little dog', /received malformed JSON$/],
    ['a string', '"The little dog"', /received a string$/],
    ['an array', '["The little dog"]', /received an array$/],
    ['null', 'null', /received null$/],
    ['a number', '5', /received a number$/],
    ['an empty object', '{}', /^input: expected text, received nothing$/],
    ['deep nesting', deep, /received an array$/],
    ['deep nesting in a field', `{"input":${deep}}`, /^input: expected text, received array$/],
    ['an unknown field', '{"input":"A","inputs":"B"}', /^unknown field inputs; did you mean input\?$/],
    ['an unknown field beside a wrong one', '{"input":5,"inputs":"B"}', /^unknown field inputs/],
    ['a near name', '{"input":"A","max_lenght":5}', /^unknown field max_lenght; did you mean max_length\?$/],
    ['__proto__', '{"input":"A","__proto__":{"mode":"greedy"}}', /^unknown field __proto__$/],
    ['a name of 100,000 letters', `{"input":"A","${'x'.repeat(100_000)}":1}`, /^unknown field x{64}$/],
  ];
  for (const [what, body, message] of bodies) {
    test(`${what} is refused`, async () => {
      assert.match(await refusal(body), message);
    });
  }

  test('bytes that are no UTF-8 are refused', async () => {
    const body = Buffer.from('{"input":"\xff\xfe"}', 'latin1');
    const response = await new SagemakerServer().app.request('/invocations', { method: 'POST', body });
    assert.match(await assertError(response, 400, 'ValidationError'), /UTF-8/);
  });

  test('a message never holds the input', async () => {
    assert.doesNotMatch(await refusal('{"input":"my secret", oops}'), /secret/);
    assert.doesNotMatch(await refusal('{"input":["my secret"]}'), /secret/);
  });

  test('6,291,456 bytes are taken, one more is not', async () => {
    const server = new SagemakerServer();
    const json = '{"input":"A","max_length":3}';
    assert.equal((await server.post(json.padEnd(6_291_456))).status, 200);
    const message = await assertError(await server.post(json.padEnd(6_291_457)), 400, 'ValidationError');
    assert.equal(message, 'the body exceeds the limit of 6291456 bytes');
  });
});
