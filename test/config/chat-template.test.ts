import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ALPACA_TEMPLATE } from '../../src/chat/alpaca-template.js';
import { loadConfiguration } from '../../src/config/load.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-config-'));
  writeFileSync(join(folder, 'own.jinja'), '{{ messages[0].content }}');
  writeFileSync(join(folder, 'broken.jinja'), '{% for m in messages %}');
});
after(() => {
  rmSync(folder, { recursive: true });
});

function load(
  file: object,
  flags: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  const environment = { packageRoot: '/package', physicalCores: () => 3 };
  const { catalogue } = loadConfiguration({ flags, env: {}, cwd: folder, ...environment });
  return Object.fromEntries(catalogue.models.map(({ id, chatTemplate }) => [id, chatTemplate]));
}

describe('chatTemplate', () => {
  test("is the model file's own unless it is set", () => {
    assert.deepEqual(load({}), { 'glossa-tales': undefined });
  });

  test('is the text of a file beside the configuration, or the alpaca template by its name', () => {
    const models = { a: { path: 'a.gguf', chatTemplate: 'own.jinja' }, b: { path: 'b.gguf' } };
    assert.deepEqual(load({ chatTemplate: 'alpaca', models }), {
      a: '{{ messages[0].content }}',
      b: ALPACA_TEMPLATE,
    });
    assert.deepEqual(load({}, { chatTemplate: 'own.jinja' }), {
      'glossa-tales': '{{ messages[0].content }}',
    });
  });

  test('of a base holds for what shares its weights, unless that has its own', () => {
    const models = {
      base: { path: 'a.gguf', chatTemplate: 'own.jinja' },
      same: { base: 'base' },
      other: { base: 'base', chatTemplate: 'alpaca' },
    };
    assert.deepEqual(load({ models }), {
      base: '{{ messages[0].content }}',
      same: '{{ messages[0].content }}',
      other: ALPACA_TEMPLATE,
    });
  });

  const refusals: readonly [string, object, RegExp][] = [
    ['a file that is not there', { chatTemplate: 'no.jinja' }, /^chatTemplate: the file does not exist$/],
    [
      'a file that is no template',
      { models: { a: { path: 'a.gguf', chatTemplate: 'broken.jinja' } } },
      /^models\.a\.chatTemplate: the template can't be used: it is incomplete$/,
    ],
    ['what is no text', { chatTemplate: 5 }, /^chatTemplate in glossa\.json: /],
  ];
  for (const [what, file, message] of refusals) {
    test(`${what} is refused at start`, () => {
      assert.throws(() => load(file), { code: 'CONFIG_INVALID', message });
    });
  }
});
