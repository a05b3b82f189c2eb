import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { format } from 'prettier';

import { OPTIONS } from '../../src/config/options.js';
import { configurationTable, replaceTable, TABLE_END, TABLE_START } from '../../src/config/table.js';

test('the table has a row for every option', () => {
  const rows = configurationTable().split('\n').slice(2);
  assert.equal(rows.length, OPTIONS.length);
  assert.equal(new Set(OPTIONS.map((option) => option.meta.description)).size, OPTIONS.length);
  assert.ok(
    rows.includes(rows.find((row) => row.includes('`--cache-ram SIZE`') && row.includes('`512MiB`')) ?? ''),
  );
});

test('replaceTable changes only what is between the marks', () => {
  const text = `before\n${TABLE_START}\nold\n${TABLE_END}\nafter\n`;
  const replaced = replaceTable(text);
  assert.ok(
    replaced.startsWith(`before\n${TABLE_START}\n\n|`) && replaced.endsWith(`|\n\n${TABLE_END}\nafter\n`),
  );
  assert.equal(replaceTable(replaced), replaced);
  assert.throws(() => replaceTable('no marks'), /config-table/);
});

test('the table is as Prettier wants it', async () => {
  const text = replaceTable(`# Title\n\n${TABLE_START}\n\n${TABLE_END}\n`);
  assert.equal(await format(text, { parser: 'markdown', printWidth: 110 }), text);
});

test('README holds the table (node dist/src/cli/main.js config-table --write README.md)', () => {
  const readme = readFileSync('README.md', 'utf8');
  assert.equal(readme, replaceTable(readme));
});
