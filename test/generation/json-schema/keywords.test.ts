import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { Matcher } from './matcher.js';

let matcher: Matcher;
before(async () => {
  matcher = await Matcher.open();
});

/** Texts that a schema's grammar has, and texts that it has not. */
type Case = readonly [name: string, schema: unknown, accepted: readonly string[], refused: readonly string[]];

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' }, admin: { type: 'boolean' } },
};
const text = { type: 'string' };
const byte = { type: 'integer', minimum: 0, maximum: 255 };

const CASES: Record<string, readonly Case[]> = {
  types: [
    ['string', text, ['""', '"a b"', '"é東😀"', String.raw`"\n\u00e9\"\\\/"`], ['a', '"', '"\n"', '"a" ']],
    [
      'no surrogate without its pair',
      text,
      [String.raw`"\ud83d\ude00"`, String.raw`"\uD7FF"`],
      [String.raw`"\ud83d"`, String.raw`"\ude00"`, String.raw`"\ud83d\u0041"`],
    ],
    [
      'integer',
      { type: 'integer' },
      ['0', '-1', '1234567890123456'],
      ['01', '1.0', '1e3', '+1', '12345678901234567'],
    ],
    ['number', { type: 'number' }, ['0', '-0.5', '1.25e-7', '3E8'], ['.5', '1.', '1e', '1e999']],
    ['boolean and null', { type: ['boolean', 'null'] }, ['true', 'false', 'null'], ['True', '0', '"null"']],
    ['any value', true, ['[1, {"a": null}]', '{}', '"x"', '1'], ['[1,]', '{1:2}', '']],
    ['any object', { type: 'object' }, ['{}', '{ "a": [1, "b"], "c": {} }'], ['[]', '{"a"}']],
    ['any array', { type: 'array' }, ['[]', '[1, [2], {"a": 3}]'], ['{}', '[1 2]']],
    ['no type, but what belongs to one', { minimum: 3 }, ['3', '4.5'], ['2', '"a"']],
    [
      'title and the like say nothing',
      { type: 'null', title: 'x', description: 'y', 'x-z': 1 },
      ['null'],
      ['0'],
    ],
  ],
  'white space': [
    ['none, a space, a line', person, ['{"name":"a"}', '{ "name": "a" }', '{\n  "name":\n\t"a"\n}'], []],
    ['not without end', person, [], ['{  "name":"a"}', '{\n\n"name":"a"}', ' {}', '{} ', '{"name" :"a"}']],
  ],
  'enum and const': [
    [
      'any value',
      { enum: ['a', 'ab', 1, null, { k: [1] }, 'ü"\\\n'] },
      ['"a"', '"ab"', '1', 'null', '{"k":[1]}', String.raw`"ü\"\\\n"`],
      ['"b"', '"abc"', '{"k": [1]}', '2'],
    ],
    ['those of the type', { type: 'string', enum: ['a', 1] }, ['"a"'], ['1']],
    ['const', { const: 'x' }, ['"x"'], ['"y"']],
    ['both', { enum: [1, 2, 3], const: 2 }, ['2'], ['1']],
  ],
  objects: [
    [
      'optional properties in order',
      person,
      ['{}', '{"name":"a"}', '{"age":1}', '{"name":"a","admin":true}', '{"name":"a","age":1,"admin":true}'],
      ['{"age":1,"name":"a"}', '{"name":1}', '{"x":1}', '{,}', '{"name":"a",}', '{"name":"a","name":"a"}'],
    ],
    [
      'required ones',
      { ...person, required: ['age'] },
      ['{"age":1}', '{"name":"a","age":1}', '{"age":1,"admin":true}'],
      ['{}', '{"name":"a"}', '{"name":"a","admin":true}'],
    ],
    [
      'required without properties',
      { type: 'object', required: ['a'] },
      ['{"a":[1]}', '{"a":1,"b":2}'],
      ['{}', '{"b":1}'],
    ],
    [
      'others',
      { ...person, required: ['name'], additionalProperties: { type: 'integer' } },
      ['{"name":"a"}', '{"name":"a","x":1,"names":2,"nam":3,"":4}', '{"name":"a","age":2,"x":1}'],
      ['{"name":"a","x":"y"}', '{"name":"a","name":1}', '{"name":"a","x":1,"admin":1}', '{"x":1}'],
    ],
    ['a map', { type: 'object', additionalProperties: byte }, ['{}', '{"a":1,"b":255}'], ['{"a":256}']],
    ['none at all', { type: 'object', additionalProperties: false }, ['{}'], ['{"a":1}']],
    ['empty properties', { type: 'object', properties: {} }, ['{}'], ['{"a":1}']],
    [
      'names of prototypes',
      {
        type: 'object',
        properties: JSON.parse('{"__proto__":{"type":"null"},"constructor":{"type":"null"}}') as unknown,
        required: ['__proto__', 'constructor'],
      },
      ['{"__proto__":null,"constructor":null}'],
      ['{}', '{"constructor":null}'],
    ],
    [
      'a property that can’t be',
      { type: 'object', properties: { a: false, b: text } },
      ['{"b":""}'],
      ['{"a":1}'],
    ],
    [
      'propertyNames',
      { type: 'object', propertyNames: { pattern: '^[a-c]+$' }, additionalProperties: byte },
      ['{"abc":1}', '{}'],
      ['{"d":1}', '{"":1}'],
    ],
    [
      'an enum of names',
      { type: 'object', propertyNames: { enum: ['a', 'b'] }, additionalProperties: byte, required: ['a'] },
      ['{"a":1}', '{"a":1,"b":2}'],
      ['{"b":1}', '{"c":1}'],
    ],
    [
      'propertyNames that allows none',
      { type: 'object', propertyNames: { type: 'integer' } },
      ['{}'],
      ['{"a":1}', '{"none":1}'],
    ],
    ['minProperties', { ...person, minProperties: 1 }, ['{"age":1}'], ['{}']],
    [
      'maxProperties',
      { type: 'object', additionalProperties: byte, maxProperties: 2 },
      ['{}', '{"a":1,"b":2}'],
      ['{"a":1,"b":2,"c":3}'],
    ],
  ],
  arrays: [
    ['items', { type: 'array', items: byte }, ['[]', '[1]', '[1, 2,3]'], ['[256]', '[1,]', '["a"]']],
    [
      'bounds',
      { type: 'array', items: byte, minItems: 2, maxItems: 3 },
      ['[1,2]', '[1,2,3]'],
      ['[]', '[1]', '[1,2,3,4]'],
    ],
    ['none', { type: 'array', maxItems: 0 }, ['[]'], ['[1]']],
    ['prefixItems', { prefixItems: [byte, text] }, ['[1,"a"]'], ['[1]', '[1,"a",2]', '["a",1]']],
    [
      'prefixItems and items',
      { prefixItems: [byte], items: text, maxItems: 2 },
      ['[1]', '[1,"a"]'],
      ['[1,2]', '[1,"a","b"]', '[]'],
    ],
    [
      'many',
      { type: 'array', items: { const: 1 }, minItems: 130, maxItems: 300 },
      [ones(130), ones(200), ones(300)],
      [ones(129), ones(301)],
    ],
    ['items: false', { type: 'array', items: false }, ['[]'], ['[1]']],
  ],
  strings: [
    [
      'lengths in code points',
      { type: 'string', minLength: 2, maxLength: 3 },
      ['"ab"', '"😀😀😀"', String.raw`"\u0041\ud83d\ude00"`],
      ['"a"', '"abcd"', '"😀"'],
    ],
    [
      'long ones',
      { type: 'string', minLength: 70, maxLength: 200 },
      [letters(70), letters(127), letters(128), letters(200)],
      [letters(69), letters(201)],
    ],
    ['a pattern', { pattern: '^[A-Z]{2}-\\d+$' }, ['"AB-1"', '"XY-42"'], ['"A-1"', '"AB-"', '"AB-1 "']],
    ['found anywhere', { pattern: 'b+' }, ['"b"', '"abbc"', String.raw`"\"b\n"`], ['"a"', '""']],
    [
      'anchors of groups',
      { pattern: '^a|(b$)|^(c|d)$' },
      ['"ax"', '"xb"', '"c"', '"d"'],
      ['"xa"', '"bx"', '"cx"', '"xd"'],
    ],
    [
      'escapes and classes',
      { pattern: '^[\\w.\\-"\\\\]\\u{1F600}(?:\\x41|\\/)[^a-z\\s]$' },
      [String.raw`"-😀AZ"`, String.raw`"\"😀/1"`, String.raw`"\\😀/\u0001"`],
      ['"-😀Ba"', '"-😀A "', '" 😀AZ"'],
    ],
    [
      'counts',
      { pattern: '^(ab?){2,3}?c{2}d*$' },
      ['"aacc"', '"abaabccdd"'],
      ['"acc"', '"aacd"', '"aaaacc"'],
    ],
    [
      'a pattern and lengths',
      { pattern: '^[a-z]+( [a-z]+)*$', minLength: 3, maxLength: 5 },
      ['"abc"', '"a bc"', '"a b c"'],
      ['"ab"', '"a b "', '"abcdef"'],
    ],
    [
      'two patterns',
      { allOf: [{ pattern: 'a' }, { pattern: 'b$' }], maxLength: 4 },
      ['"ab"', '"xaxb"'],
      ['"b"', '"ba"', '"aaaab"'],
    ],
    [
      'a format and its pattern',
      { format: 'uuid', pattern: '^[0-9a-f-]{14}4' },
      ['"00000000-0000-4000-8000-000000000000"'],
      ['"00000000-0000-1000-8000-000000000000"', '"A0000000-0000-4000-8000-000000000000"'],
    ],
  ],
  formats: [
    [
      'date',
      { type: 'string', format: 'date' },
      ['"2024-02-29"', '"2000-02-29"', '"2023-12-31"'],
      ['"2023-02-29"', '"1900-02-29"', '"2023-04-31"', '"2023-13-01"'],
    ],
    [
      'time',
      { type: 'string', format: 'time' },
      ['"23:59:59Z"', '"00:00:00.5+05:30"'],
      ['"24:00:00Z"', '"12:00:00"'],
    ],
    [
      'date-time',
      { type: 'string', format: 'date-time' },
      ['"2024-01-02T03:04:05Z"'],
      ['"2024-01-02"', '"2024-01-02 03:04:05Z"'],
    ],
    [
      'duration',
      { type: 'string', format: 'duration' },
      ['"P1D"', '"PT5M"', '"P1Y2M3DT4H"', '"P3W"'],
      ['"P"', '"PT"', '"P1S"'],
    ],
    ['email', { type: 'string', format: 'email' }, ['"a.b@c-d.org"'], ['"a"', '"a@b"', '"a..b@c.org"']],
    ['hostname', { type: 'string', format: 'hostname' }, ['"a-b.org"'], ['"-a"', '"a..b"']],
    [
      'ipv4',
      { type: 'string', format: 'ipv4' },
      ['"192.168.0.255"'],
      ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"'],
    ],
    [
      'ipv6',
      { type: 'string', format: 'ipv6' },
      ['"::"', '"::1"', '"2001:db8::ff00:42:8329"', '"1:2:3:4:5:6:7:8"'],
      ['"1::2::3"', '":1"', '"12345::"'],
    ],
    ['uri', { type: 'string', format: 'uri' }, ['"https://a.org/b?c=d#e"'], ['"a.org"', '"https://"']],
  ],
  numbers: [
    [
      'integers between',
      { type: 'integer', minimum: -17, maximum: 120 },
      ['-17', '-9', '0', '99', '120'],
      ['-18', '121', '-20', '1.5'],
    ],
    ['excluded', { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 }, ['1', '9'], ['0', '10']],
    ['one side', { type: 'integer', minimum: 100 }, ['100', '9999', '123456789012345'], ['99', '-100', '0']],
    ['the other side', { type: 'integer', maximum: -5 }, ['-5', '-77'], ['-4', '0', '5']],
    [
      'safe integers',
      { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
      ['9007199254740991', '-9007199254740991'],
      ['9007199254740992'],
    ],
    ['halves', { type: 'integer', minimum: 0.5, maximum: 2.5 }, ['1', '2'], ['0', '3']],
    [
      'numbers between',
      { type: 'number', minimum: -1.5, maximum: 2 },
      ['-1.5', '-1.49', '-1', '0', '0.001', '1.999', '2', '2.0'],
      ['-1.51', '2.1', '3', '-2'],
    ],
    [
      'numbers excluded',
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      ['0.5', '0.01', '0.99'],
      ['0', '1', '0.0', '1.0', '0.00'],
    ],
    ['numbers above', { type: 'number', minimum: 0.1 }, ['0.1', '0.15', '12345.678'], ['0', '0.09', '-1']],
    ['numbers below', { type: 'number', maximum: -10 }, ['-10', '-10.5', '-99'], ['-9.9', '0', '10']],
    ['multipleOf 1', { type: 'integer', multipleOf: 1 }, ['3'], ['3.5']],
  ],
  'several schemas': [
    ['anyOf', { anyOf: [byte, text, { type: 'null' }] }, ['7', '"a"', 'null'], ['true', '256']],
    [
      'objects that begin alike',
      { oneOf: [tagged('circle', 'radius'), tagged('square', 'side')] },
      ['{"kind":"circle","radius":1}', '{"kind":"square","side":2}'],
      ['{"kind":"circle","side":1}'],
    ],
    [
      'allOf',
      { allOf: [person, { required: ['age'], properties: { age: byte } }] },
      ['{"age":255}'],
      ['{}', '{"age":256}'],
    ],
    [
      'allOf with additionalProperties',
      { allOf: [{ ...person, additionalProperties: false }, { properties: { zip: text, age: byte } }] },
      ['{"name":"a","age":3}'],
      ['{"zip":"a"}', '{"age":300}'],
    ],
    [
      'conditions beside anyOf',
      { ...person, anyOf: [{ required: ['name'] }, { required: ['age'] }] },
      ['{"name":"a"}', '{"age":1}'],
      ['{}', '{"admin":true}'],
    ],
    [
      'integer and number',
      { allOf: [{ type: 'number' }, { type: ['integer', 'string'] }] },
      ['3'],
      ['3.5', '"a"'],
    ],
    ['a branch that can’t be', { anyOf: [false, { type: 'string', enum: [1] }, byte] }, ['1'], ['"a"']],
  ],
  references: [
    ['to definitions', { $ref: '#/$defs/a~1b', $defs: { 'a/b': byte } }, ['3'], ['"a"']],
    [
      'of draft 7, with others beside',
      { definitions: { p: person }, $ref: '#/definitions/p', required: ['age'] },
      ['{"age":1}'],
      ['{}'],
    ],
    [
      'to itself',
      { type: 'object', properties: { next: { $ref: '#' }, v: byte } },
      ['{}', '{"next":{"next":{"v":1}}}'],
      ['{"next":1}'],
    ],
    [
      'a tree',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: { v: byte, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
            required: ['v', 'children'],
          },
        },
      },
      ['{"v":1,"children":[]}', '{"v":1,"children":[{"v":2,"children":[]},{"v":3,"children":[]}]}'],
      ['{"v":1}', '{"v":1,"children":[1]}'],
    ],
    [
      'in a circle',
      { anyOf: [{ type: 'array', items: { $ref: '#' }, minItems: 1 }, byte] },
      ['1', '[[1],2]'],
      ['[]', '[["a"]]'],
    ],
    ['percent-encoded', { $ref: '#/$defs/a%20b', $defs: { 'a b': byte } }, ['3'], ['null']],
  ],
};

function ones(count: number): string {
  return `[${Array<number>(count).fill(1).join()}]`;
}

function letters(count: number): string {
  return `"${'a'.repeat(count)}"`;
}

function tagged(kind: string, property: string): unknown {
  return {
    type: 'object',
    properties: { kind: { const: kind }, [property]: byte },
    required: ['kind', property],
  };
}

for (const [group, cases] of Object.entries(CASES)) {
  describe(group, () => {
    for (const [name, schema, accepted, refused] of cases) {
      test(name, () => {
        assert.deepEqual(
          accepted.filter((each) => !matcher.accepts(schema, each)),
          [],
        );
        assert.deepEqual(
          refused.filter((each) => matcher.accepts(schema, each)),
          [],
        );
      });
    }
  });
}
