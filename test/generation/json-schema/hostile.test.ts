import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../../src/engine/engine-process.js';
import { GlossaError } from '../../../src/errors.js';
import { checkGrammar } from '../../../src/generation/grammar.js';
import { jsonSchemaGrammar } from '../../../src/generation/json-schema/json-schema.js';
import { shippedEngineOptions } from '../../engine/shipped-model.js';

/** CPU time, far above what any of them takes, far below what one that is not bounded would. */
const MOST_MICROSECONDS = 5_000_000;
const DEEP = 60_000;
const MANY = 100_000;

let engine: EngineProcess;
before(async () => {
  engine = await EngineProcess.start(shippedEngineOptions());
});
after(() => engine.close());

/** A schema inside the same keyword, again and again, as a client would send it. */
function nested(open: string, close: string, depth = DEEP): unknown {
  return JSON.parse(`${open.repeat(depth)}true${close.repeat(depth)}`);
}

function many<T>(make: (index: number) => T, count = MANY): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function definitions(make: (index: number) => unknown, count: number): unknown {
  return {
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(many((index) => [`d${index}`, make(index)], count)),
  };
}

const next = (index: number): { $ref: string } => ({ $ref: `#/$defs/d${index + 1}` });
const pattern = (text: string): unknown => ({ type: 'string', pattern: text });

const TOO_DEEP = /^#: the schema is nested more than 256 levels deep$/;
const TOO_MANY = /^#: the schema is too large: it has more than 50000 values$/;
const TOO_LONG = /^#: the schema is too large: it has more than 1000000 characters$/;
const MULTIPLIED = /the schema is too large: references, allOf and anyOf multiply it beyond measure$/;
const TOO_NESTED = /schemas are nested more than 200 levels deep$/;
const text = (found: string, maxLength: number): unknown => ({ type: 'string', pattern: found, maxLength });
const TOO_LARGE = /the schema is too large: /;
const PATTERN_TOO_LARGE = /^#: the pattern is too large: expected at most 4000 characters and classes/;

const REFUSED: Record<string, [make: () => unknown, message: RegExp]> = {
  '60,000 lists': [() => nested('{"type":"array","items":', '}'), TOO_DEEP],
  '60,000 objects': [() => nested('{"properties":{"a":', '}}'), TOO_DEEP],
  '60,000 anyOf': [() => nested('{"anyOf":[', ']}'), TOO_DEEP],
  '60,000 allOf': [() => nested('{"allOf":[', ']}'), TOO_DEEP],
  '60,000 prefixItems': [() => nested('{"prefixItems":[', ']}'), TOO_DEEP],
  '60,000 additionalProperties': [() => nested('{"additionalProperties":', '}'), TOO_DEEP],
  '60,000 propertyNames': [() => nested('{"propertyNames":', '}'), TOO_DEEP],
  '60,000 definitions': [() => nested('{"$defs":{"a":', '}}'), TOO_DEEP],
  '60,000 not': [() => nested('{"not":', '}'), TOO_DEEP],
  '60,000 lists in a const': [() => ({ const: nested('[', ']') }), TOO_DEEP],
  '60,000 lists in an example': [() => ({ examples: nested('[', ']') }), TOO_DEEP],
  '60,000 groups of a pattern': [
    () => pattern('('.repeat(DEEP) + ')'.repeat(DEEP)),
    /^#\/pattern: expected a pattern of at most 4096 characters, received 120000$/,
  ],
  'nested groups of a short pattern': [
    () => pattern('('.repeat(500) + ')'.repeat(500)),
    /^#\/pattern: groups are nested more than 24 deep/,
  ],
  '5 MB in an enum': [() => ({ enum: many((index) => `${index}`.padStart(50, 'x')) }), TOO_MANY],
  '5 MB in a value of an enum': [() => ({ enum: ['x'.repeat(5_000_000)] }), TOO_LONG],
  '5 MB of a pattern': [() => pattern('a'.repeat(5_000_000)), TOO_LONG],
  '5 MB of a name': [() => ({ properties: { ['a'.repeat(5_000_000)]: true } }), TOO_LONG],
  '5 MB of a reference': [() => ({ $ref: `#/${'a'.repeat(5_000_000)}` }), TOO_LONG],
  'a long enum': [
    () => ({ enum: many((index) => index, 30_000) }),
    /^#: expected at most 2000 values in an enum, received 30000$/,
  ],
  'an enum of long values': [
    () => ({ enum: many((index) => `${index}`.repeat(50), 1500) }),
    /^#: the schema is too large: its grammar/,
  ],
  '100,000 properties': [
    () => ({ properties: Object.fromEntries(many((index) => [`p${index}`, true])) }),
    TOO_MANY,
  ],
  '40,000 properties': [
    () => ({ properties: Object.fromEntries(many((index) => [`p${index}`, true], 40_000)) }),
    /^#: expected at most 500 properties, received 40000$/,
  ],
  '100,000 anyOf': [() => ({ anyOf: many((index) => ({ const: index })) }), TOO_MANY],
  '100,000 required': [() => ({ type: 'object', required: many(String) }), TOO_MANY],
  'a chain of 100,000 references': [() => definitions(next, MANY), TOO_MANY],
  'a chain of 20,000 references': [
    () => definitions(next, 20_000),
    /^#: `\$ref` leads in a circle, or over more than 200 other references$/,
  ],
  'a chain of references through lists': [
    () => definitions((index) => ({ type: 'array', items: next(index) }), 10_000),
    TOO_NESTED,
  ],
  'a chain of references through allOf': [
    () => definitions((index) => ({ allOf: [next(index)] }), 10_000),
    TOO_NESTED,
  ],
  'a chain of references through anyOf': [
    () => definitions((index) => ({ anyOf: [next(index), { const: index }] }), 5000),
    TOO_NESTED,
  ],
  'twice as many with each level': [
    () =>
      definitions(
        (index) =>
          index < 100 ? { type: 'object', anyOf: [next(index), { ...next(index), title: 'b' }] } : true,
        101,
      ),
    MULTIPLIED,
  ],
  'all pairs of branches': [
    () => ({
      allOf: many(
        (each) => ({ anyOf: many((index) => ({ properties: { [`p${each}_${index}`]: true } }), 30) }),
        10,
      ),
    }),
    TOO_LARGE,
  ],
  'a reference to itself': [() => ({ $ref: '#' }), /^#: `\$ref` leads in a circle/],
  'references in a circle': [
    () => definitions((index) => ({ $ref: `#/$defs/d${1 - index}` }), 2),
    /^#: `\$ref` leads in a circle/,
  ],
  'a circle of allOf': [
    () => ({ allOf: [{ $ref: '#' }] }),
    /^#: the schema leads back to itself with nothing in between$/,
  ],
  'a circle of anyOf': [
    () => ({ anyOf: [{ $ref: '#' }, { type: 'null' }] }),
    /^#: the schema leads back to itself with nothing in between$/,
  ],
  'a circle of anyOf and more': [
    () => ({ type: 'object', anyOf: [{ $ref: '#' }, { required: ['a'] }] }),
    /^#: the schema leads back to itself with nothing in between$/,
  ],
  'a property that requires itself': [
    () =>
      definitions(() => ({ type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, required: ['a'] }), 1),
    /^#\/\$defs\/d0: the schema requires itself, so that no value comes to an end$/,
  ],
  'a list of at least one of itself': [
    () => ({ type: 'array', items: { $ref: '#' }, minItems: 1 }),
    /^#: the schema requires itself/,
  ],
  'an inner one that requires itself': [
    () => ({
      properties: { a: { $ref: '#/$defs/b' } },
      $defs: { b: { prefixItems: [{ $ref: '#/$defs/b' }] } },
    }),
    /^#\/\$defs\/b: the schema requires itself/,
  ],
  'huge minItems': [
    () => ({ type: 'array', minItems: 1e9 }),
    /^#\/minItems: expected at most 64000, received 1000000000$/,
  ],
  'huge minLength': [
    () => ({ type: 'string', minLength: 1e9 }),
    /^#\/minLength: expected at most 64000, received 1000000000$/,
  ],
  'huge minProperties': [() => ({ type: 'object', minProperties: 1e9 }), /^#\/minProperties: /],
  'huge counts of a pattern': [
    () => pattern('a{1000000000}'),
    /^#\/pattern: expected at most 1000 repetitions/,
  ],
  'repeated repetitions': [
    () => pattern('a{1000}{1000}{1000}'),
    /^#\/pattern: a repetition of a repetition needs a group around the first/,
  ],
  'repeated repetitions in groups': [() => pattern('((a{1000}){1000}){1000}'), PATTERN_TOO_LARGE],
  'many places in a long text': [
    () => ({ type: 'string', pattern: 'a.{0,30}b.{0,30}c', maxLength: 10_000 }),
    /^#: the conditions on this text are too large together/,
  ],
  'many patterns of many places': [
    () => ({ anyOf: many((index) => text(`^a.{0,5}b.{0,${index % 8}}c${index}$`, 40), 4000) }),
    TOO_LARGE,
  ],
  'many large patterns': [
    () => ({ anyOf: many((index) => text(`(a{50}){30}${index}`, 20), 9000) }),
    MULTIPLIED,
  ],
  'many branches of many properties': [
    () => ({
      properties: Object.fromEntries(many((index) => [`p${index}`, true], 400)),
      anyOf: many((index) => ({ properties: { [`x${index}`]: true } }), 9000),
    }),
    TOO_LARGE,
  ],
  'many branches of a long enum': [
    () => ({
      enum: many(String, 2000),
      anyOf: many((index) => ({ type: 'string', title: `${index}` }), 9000),
    }),
    MULTIPLIED,
  ],
  'a list of types': [
    () => ({ type: many(() => 'string', 40_000) }),
    /^#\/type: expected one to seven types$/,
  ],
  'no schema': [() => 7, /^#: expected a schema: an object, true or false$/],
};

const SERVED: Record<string, () => unknown> = {
  'a pattern that hangs what backtracks': () => pattern('^(a+)+$'),
  another: () => pattern('(a|a)*b'),
  'a third': () => pattern('^(([a-z])+.)+[A-Z]([a-z])+$'),
  'a fourth, with a length': () => ({ type: 'string', pattern: '^(a|aa)+$', maxLength: 40 }),
  'huge maxItems': () => ({ type: 'array', items: { const: 1 }, maxItems: 1e9 }),
  'huge maxLength': () => ({ type: 'string', maxLength: 1e9 }),
  'huge maxProperties': () => ({ type: 'object', maxProperties: 1e9 }),
  '500 optional properties': () => ({
    properties: Object.fromEntries(many((index) => [`p${index}`, { type: 'null' }], 500)),
  }),
  '5,000 branches alike': () => ({ anyOf: many(() => ({ type: 'null' }), 5000) }),
  'definitions that nothing refers to': () => ({
    type: 'null',
    $defs: Object.fromEntries(many((index) => [`d${index}`, { not: index }], 20_000)),
  }),
};

function refusal(schema: unknown): unknown {
  try {
    checkGrammar(jsonSchemaGrammar(schema));
  } catch (error) {
    return error;
  }
  return undefined;
}

async function generate(grammar: string): Promise<string> {
  let text = '';
  const request = {
    prompt: 'Once',
    grammar,
    doSample: true,
    topK: 0,
    temperature: 1.5,
    seed: 1,
    maxNewTokens: 40,
  };
  for await (const event of engine.generate(request)) if (event.type !== 'prompt') text += event.text;
  return text;
}

describe('hostile schemas', () => {
  for (const [name, [make, message]] of Object.entries(REFUSED)) {
    test(`refused: ${name}`, () => {
      const schema = make();
      const start = process.cpuUsage();
      const error = refusal(schema);
      assert.ok(process.cpuUsage(start).user < MOST_MICROSECONDS);
      assert.ok(error instanceof GlossaError, String(error));
      assert.match(error.message, message);
      assert.deepEqual([error.code, error.param], ['INVALID_REQUEST', undefined]);
      assert.ok(error.message.length < 500);
    });
  }
  for (const [name, make] of Object.entries(SERVED)) {
    test(`harmless: ${name}`, async () => {
      const schema = make();
      const start = process.cpuUsage();
      const grammar = jsonSchemaGrammar(schema);
      checkGrammar(grammar);
      assert.ok(process.cpuUsage(start).user < MOST_MICROSECONDS);
      assert.ok((await generate(grammar)).length > 0);
    });
  }

  test('the engine answers after all of them', async () => {
    assert.equal(await generate(jsonSchemaGrammar({ const: 'alive' })), '"alive"');
  });
});
