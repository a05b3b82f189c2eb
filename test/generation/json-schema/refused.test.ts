import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GrammarRules } from '../../../src/generation/grammar-rules.js';
import { checkGrammar } from '../../../src/generation/grammar.js';
import {
  addJsonObject,
  addJsonSchema,
  jsonSchemaGrammar,
} from '../../../src/generation/json-schema/json-schema.js';

const text = (rest: object): object => ({ type: 'string', ...rest });

const REFUSED: readonly (readonly [schema: unknown, message: string])[] = [
  ...['not', 'if', 'contains', 'dependentRequired', 'minContains'].map(
    (name) => [{ [name]: {} }, `#: the keyword \`${name}\` is not supported`] as const,
  ),
  [
    { properties: { 'a/b': { items: { nullable: true } } } },
    '#/properties/a~1b/items: the keyword `nullable` is not supported; "null" in a list of types is',
  ],
  [{ propertees: {} }, '#: the keyword `propertees` is not supported; did you mean properties?'],
  [{ constructor: {} }, '#: the keyword `constructor` is not supported'],
  [
    { patternProperties: {} },
    '#: the keyword `patternProperties` is not supported; `propertyNames` with a `pattern` beside `additionalProperties` is',
  ],
  [
    { unevaluatedProperties: false },
    '#: the keyword `unevaluatedProperties` is not supported; `additionalProperties` is',
  ],
  [{ type: 'array', uniqueItems: true }, '#: the keyword `uniqueItems` is not supported unless it is false'],
  [
    { type: 'integer', multipleOf: 5 },
    '#: the keyword `multipleOf` is not supported, unless it is 1 and the type is integer',
  ],
  [
    { type: 'number', multipleOf: 1 },
    '#: the keyword `multipleOf` is not supported, unless it is 1 and the type is integer',
  ],
  [{ items: [{}] }, '#: a list as `items` is not supported; `prefixItems` is'],
  [{ type: 'text' }, '#/type: expected types among object, array, string, integer, number, boolean, null'],
  [{ type: 'object', required: 'a' }, '#/required: expected a list of names'],
  [{ type: 'object', properties: [] }, '#/properties: expected an object of schemas by name'],
  [
    { type: 'object', properties: { a: 'string' } },
    '#/properties/a: expected a schema: an object, true or false',
  ],
  [{ anyOf: [] }, '#/anyOf: expected a list of at least one schema'],
  [{ enum: [] }, '#/enum: expected a list of at least one value'],
  [{ minLength: -1 }, '#/minLength: expected an integer that is not negative'],
  [{ maximum: '3' }, '#/maximum: expected a number'],
  [
    { enum: [1, 2], minimum: 2 },
    '#: other conditions beside `enum` and `const` are not supported, but `type` is',
  ],
  [
    text({ format: 'regex' }),
    '#/format: the format regex is not supported; these are: date, time, date-time, duration, uuid, email, hostname, ipv4, ipv6, uri',
  ],
  [{ type: 'integer', format: 'date' }, '#/format: the format is not supported for numbers'],
  [
    { $ref: 'https://example.org/a' },
    '#: `$ref` to https://example.org/a is not supported: expected # or a pointer that begins with #/',
  ],
  [{ $ref: '#/$defs/x', $defs: {} }, '#: `$ref` leads to nothing: #/$defs/x'],
  [{ $ref: '#/constructor' }, '#: `$ref` leads to nothing: #/constructor'],
  [
    { type: 'object', properties: { a: {} }, maxProperties: 0 },
    '#/maxProperties: `maxProperties` below the number of properties is not supported',
  ],
  [
    { type: 'object', minProperties: 2 },
    '#/minProperties: `minProperties` above 1 and above the number of required properties is not supported',
  ],
  [{ type: 'number', minimum: 1e300 }, '#/minimum: expected a bound below 10^15'],
  [{ type: 'integer', minimum: 2 ** 53 }, '#/minimum: expected a bound from -(2^53 - 1) to 2^53 - 1'],
  [
    { type: 'number', minimum: 1e-11 },
    '#/minimum: expected a bound of at most 10 digits behind the point and 15 in all',
  ],
  [text({ pattern: '(?=a)' }), '#/pattern: a lookahead, (?=, is not supported (character 1)'],
  [text({ pattern: 'a(?<!b)' }), '#/pattern: a lookbehind, (?<!, is not supported (character 2)'],
  [text({ pattern: '(a)\\1' }), '#/pattern: a back reference, \\1, is not supported (character 5)'],
  [text({ pattern: '\\bword' }), '#/pattern: a word boundary, \\b, is not supported (character 2)'],
  [text({ pattern: '\\p{L}' }), '#/pattern: a property of Unicode, \\p, is not supported (character 2)'],
  [
    text({ pattern: 'a^b' }),
    '#/pattern: the anchors ^ and $ are supported at the beginning and at the end of a pattern only',
  ],
  [text({ pattern: '(a' }), '#/pattern: a group is not closed (character 2)'],
  [
    text({ pattern: '[b-a]' }),
    '#/pattern: a range in brackets needs two characters in ascending order (character 4)',
  ],
  [text({ pattern: '\\ud800' }), '#/pattern: a surrogate without its pair is not supported (character 6)'],
  [false, '#: no value satisfies this schema'],
  [text({ minLength: 3, maxLength: 2 }), '#: no value satisfies this schema'],
  [text({ pattern: '^a{3}$', maxLength: 2 }), '#: no value satisfies this schema'],
  [
    { type: 'object', required: ['a'], properties: {}, additionalProperties: false },
    '#: no value satisfies this schema',
  ],
  [{ allOf: [{ type: 'string' }, { type: 'null' }] }, '#: no value satisfies this schema'],
];

describe('refused with a pointer', () => {
  for (const [schema, message] of REFUSED) {
    test(message, () => {
      assert.throws(() => jsonSchemaGrammar(schema), {
        name: 'GlossaError',
        code: 'INVALID_REQUEST',
        param: undefined,
        message,
      });
    });
  }
});

test('several schemas and any object share one grammar', () => {
  const rules = new GrammarRules();
  const names = [
    addJsonSchema(rules, { type: 'object', properties: { a: { type: 'string' } } }),
    addJsonSchema(rules, { type: 'array', items: { $ref: '#' } }),
    addJsonSchema(rules, { const: 'x' }),
    addJsonSchema(rules, {}),
    addJsonObject(rules),
  ];
  assert.equal(new Set(names).size, 5);
  for (const name of names) assert.match(name, /^[a-z][a-z0-9-]*$/);
  const grammar = rules.toString(names.join(' | '));
  checkGrammar(grammar);
  // What they have in common is there once.
  assert.equal(grammar.match(/^string ::= /gm)?.length, 1);
});

test('names of rules cost the same however many there are', () => {
  const rules = new GrammarRules();
  const names = Array.from({ length: 50_000 }, () => rules.reserve('rule'));
  assert.deepEqual([new Set(names).size, names.at(-1)], [50_000, 'rule-50000']);
  assert.equal(rules.reserve('rule-7'), 'rule-7-2');
});
