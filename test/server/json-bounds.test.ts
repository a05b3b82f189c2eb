import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseJsonObject } from '../../src/server/json-body.js';
import { checkJsonBounds } from '../../src/server/json-bounds.js';

const MEGABYTE = 1024 * 1024;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const parse = (text: string): unknown => parseJsonObject(bytes(text));
const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"${index}":1`).join(',')}}`;

/** Processor time of this process in milliseconds: what a busy machine takes away does not count. */
function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('what a body of JSON may hold', () => {
  test('a thousand levels, and not one more', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    parse(nested(1000));
    assert.throws(() => parse(nested(1001)), {
      code: 'INVALID_REQUEST',
      message: 'expected a JSON object as the body, received one that is nested deeper than 1000',
    });
    assert.throws(() => parse('{"a":'.repeat(1001)), /nested deeper than 1000/);
  });

  test('many keys and arrays, and no more', () => {
    const ids = `{"prompt":[${'1,'.repeat(4_000_000)}1]}`;
    checkJsonBounds(bytes(ids));
    checkJsonBounds(bytes(keys(131_072)));
    assert.throws(() => parse(keys(131_073)), /received one that holds more than 131072 keys$/);
    const arrays = (count: number): string => `{"a":[${'[],'.repeat(count)}1]}`;
    checkJsonBounds(bytes(arrays(199_998)));
    assert.throws(() => parse(arrays(199_999)), /holds more than 200000 arrays and objects$/);
    assert.throws(() => parse(`{"a":[${'1,'.repeat(4_200_001)}1]}`), /holds more than 4200000 values$/);
  });

  test('levels that lie beside each other are not added up', () => {
    parse(`{"a":[${Array<string>(5000).fill('[[[]]]').join(',')}]}`);
  });

  test('texts may hold anything, whatever is escaped in them', () => {
    const texts = [
      '['.repeat(5000),
      '{"a":'.repeat(5000),
      '"'.repeat(3),
      '\\',
      '\\"',
      '\\\\"[',
      ',:'.repeat(150_000),
    ];
    const value = { texts, [`"[{\\`]: '"' };
    assert.deepEqual(parse(JSON.stringify(value)), value);
    assert.throws(() => parse(`{"\\\\":${'['.repeat(2000)}`), /nested deeper/);
  });

  test('what is no JSON is told as before', () => {
    for (const text of [']]]]', '{"a', '{"a\\', '"', ''])
      assert.throws(() => parse(text), /expected a JSON object as the body/);
  });

  test('the worst megabytes take no longer than honest ones', () => {
    const honest = bytes(`{"prompt":"${'ab '.repeat(2 * MEGABYTE)}"}`);
    parseJsonObject(honest);
    const reference = timeOf(() => {
      for (let round = 0; round < 5; round += 1) parseJsonObject(honest);
    });
    const worst = ['[', '[[],', '{"a":', '[{},', '\\"'].map((text) =>
      bytes(`{"a":${text.repeat((6 * MEGABYTE) / text.length)}`),
    );
    for (const body of worst) {
      const time = timeOf(() => {
        assert.throws(() => parseJsonObject(body));
      });
      assert.ok(time < 3 * reference + 50, `${time} ms, ${reference} ms for five honest ones`);
    }
  });
});
