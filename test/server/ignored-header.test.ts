import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IGNORED_HEADER, ignoredHeader, unknownKeys } from '../../src/server/ignored-header.js';

const many = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(100, 'n'));

test('unknown keys are those that are not known, the first 32', () => {
  assert.deepEqual(unknownKeys({ b: 1, a: 2, c: 3, toString: 4 }, { a: 0, d: 0 }), ['b', 'c', 'toString']);
  const given = Object.fromEntries(['a', ...many].map((name) => [name, 0]));
  assert.deepEqual(unknownKeys(given, { a: 0 }), many.slice(0, 32));
});

test('the header has 32 names, 64 characters of each, and none that breaks it', () => {
  assert.deepEqual(ignoredHeader([]), {});
  assert.equal(ignoredHeader(['a', 'b\r\nc', '\u00e9'])[IGNORED_HEADER], 'a, b??c, ?');
  const names = ignoredHeader(many)[IGNORED_HEADER]?.split(', ') ?? [];
  assert.deepEqual(
    names,
    many.slice(0, 32).map((name) => name.slice(0, 64)),
  );
});
