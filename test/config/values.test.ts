import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { isLoopback } from '../../src/config/loopback.js';
import { formatByteSize, parseByteSize } from '../../src/config/values.js';
import { nearestName } from '../../src/nearest-name.js';

describe('parseByteSize', () => {
  const sizes: readonly [string, number | undefined][] = [
    ['0', 0],
    ['1024', 1024],
    ['512MiB', 512 * 2 ** 20],
    ['512 mib', 512 * 2 ** 20],
    ['1.5GB', 1.5e9],
    ['2k', 2048],
    ['', undefined],
    ['-1', undefined],
    ['12 parsecs', undefined],
    ['1e3', undefined],
    ['9999999999 TiB', undefined],
  ];
  for (const [text, bytes] of sizes) {
    test(`"${text}" is ${bytes ?? 'no size'}`, () => {
      assert.equal(parseByteSize(text), bytes);
    });
  }
});

test('formatByteSize chooses a unit', () => {
  assert.deepEqual([0, 999, 8_400_000, 2.5e9].map(formatByteSize), ['0 B', '999 B', '8.4 MB', '2.5 GB']);
});

test('isLoopback knows the names of this machine', () => {
  for (const host of ['localhost', 'LOCALHOST.', 'app.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]']) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '192.168.1.1',
    'example.com',
    '127.0.0.1.example.com',
    'localhost.example.com',
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});

test('nearestName finds misspellings, and nothing that is far off', () => {
  const known = ['cacheRam', 'port', 'host', 'parallelSequences'];
  assert.equal(nearestName('cache-ram', known), 'cacheRam');
  assert.equal(nearestName('prot', known), 'port');
  assert.equal(nearestName('paralelSequence', known), 'parallelSequences');
  assert.equal(nearestName('colour', known), undefined);
  assert.equal(nearestName('x'.repeat(100_000), known), undefined);
});
