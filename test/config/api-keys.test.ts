import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

import type { ApiKey } from '../../src/config/api-keys.js';
import { loadConfiguration } from '../../src/config/load.js';
import { GlossaError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'glossa-keys-'));
after(() => {
  rmSync(folder, { recursive: true });
});

/** The keys of a configuration file, a key file and the environment. */
function keysOf(given: { entries?: unknown; lines?: string; env?: string }): readonly ApiKey[] {
  const { entries, lines, env } = given;
  const file = { ...(entries !== undefined && { apiKeys: entries }), model: ['models/one.gguf'] };
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  if (lines !== undefined) writeFileSync(join(folder, 'keys'), lines);
  return loadConfiguration({
    flags: lines === undefined ? {} : { apiKeyFile: 'keys' },
    env: env === undefined ? {} : { GLOSSA_API_KEYS: env },
    cwd: folder,
    packageRoot: resolve('.'),
    physicalCores: () => 1,
  }).apiKeys;
}

const limits = { requestsPerMinute: 60, tokensPerMinute: 10_000, concurrentRequests: 4 };

describe('API keys with limits', () => {
  test('are objects in the configuration file, beside texts', () => {
    const entry = { key: 'b', name: 'the editor', ...limits, models: ['one'] };
    assert.deepEqual(keysOf({ entries: ['a', entry] }), [{ key: 'a' }, entry]);
  });

  test('are lines of JSON in the key file, beside plain ones', () => {
    const lines = `\uFEFF# ours\na\n\n  ${JSON.stringify({ key: 'b', ...limits })}\r\n`;
    assert.deepEqual(keysOf({ lines, entries: ['c'] }), [
      { key: 'c' },
      { key: 'a' },
      { key: 'b', ...limits },
    ]);
  });

  test('are never in the environment', () => {
    assert.deepEqual(keysOf({ env: '{"key":"a"}' }), [{ key: '{"key":"a"}' }]);
  });

  test('list models by any of their names', () => {
    const [key] = keysOf({ entries: [{ key: 'a', models: ['one'] }] });
    assert.deepEqual(key?.models, ['one']);
  });
});

describe('are refused, without a word of the key:', () => {
  const SECRET = 'sk-secret';
  const wrong: readonly (readonly [what: string, given: Parameters<typeof keysOf>[0], message: RegExp])[] = [
    [
      'equal ones',
      { entries: [SECRET, { key: SECRET }] },
      /^apiKeys \(1\): the same key is at apiKeys \(0\) already$/,
    ],
    [
      'equal ones in both places',
      { entries: [SECRET], lines: `a\n${SECRET}` },
      /^apiKeyFile \(line 2\): the same key/,
    ],
    [
      'a model nobody knows',
      { entries: [{ key: SECRET, models: ['on'] }] },
      /no model is called on; did you mean one\?$/,
    ],
    ['no models', { entries: [{ key: SECRET, models: [] }] }, /^apiKeys in glossa\.json \(0\.models\): /],
    [
      'a limit of 0',
      { entries: [{ key: SECRET, tokensPerMinute: 0 }] },
      /\(0\.tokensPerMinute\): expected a whole number from 1 to/,
    ],
    [
      'half a request',
      { entries: [{ key: SECRET, requestsPerMinute: 1.5 }] },
      /\(0\.requestsPerMinute\): expected/,
    ],
    [
      'a limit as text',
      { lines: `{"key":"${SECRET}","concurrentRequests":"4"}` },
      /^apiKeyFile \(line 1\): concurrentRequests: /,
    ],
    [
      'an unknown field',
      { entries: [{ key: SECRET, tokenPerMinute: 5 }] },
      /unknown key; did you mean tokensPerMinute\?$/,
    ],
    ['a key for a field', { lines: `{"${SECRET}":1,"key":"a"}` }, /^apiKeyFile \(line 1\): unknown key$/],
    ['malformed JSON', { lines: `{"key":"${SECRET}"` }, /^apiKeyFile \(line 1\): malformed JSON$/],
    ['an empty key', { entries: [{ key: '' }] }, /^apiKeys in glossa\.json/],
    [
      'a name that no log line holds',
      { entries: [{ key: SECRET, name: 'a\nb' }] },
      /\(0\.name\): expected letters/,
    ],
    ['a file without any', { lines: '# none\n' }, /^apiKeyFile: the file holds no key$/],
  ];
  for (const [what, given, message] of wrong) {
    test(what, () => {
      assert.throws(
        () => keysOf(given),
        (error) => {
          assert.ok(error instanceof GlossaError);
          assert.equal(error.code, 'CONFIG_INVALID');
          assert.match(error.message, message);
          assert.ok(!error.message.includes(SECRET) && error.cause === undefined);
          return true;
        },
      );
    });
  }
});
