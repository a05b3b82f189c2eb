import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { z } from 'zod';

import { snakeCase } from '../../../src/dialects/glossa/snake-case.js';
import { GENERATION_DEFAULTS } from '../../../src/generation/request-defaults.js';
import { generationRequestSchema } from '../../../src/generation/request.js';
import { expectations } from '../../../src/generation/request-values.js';

/** What a parameter is by default where it is no value. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  prompt: 'required',
  maxNewTokens: '20',
  eosTokenId: "the model's",
  seed: 'random',
};

function rangeOf(schema: z.ZodType): string | undefined {
  const inner = 'unwrap' in schema ? (schema as z.ZodOptional<z.ZodType>).unwrap() : schema;
  return expectations.get(inner)?.expected;
}

test('docs/api.md tells range and default of every parameter', () => {
  const rows = new Map(
    readFileSync('docs/api.md', 'utf8')
      .split('\n')
      .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
      // The table of parameters is the one with four columns that begins with names.
      .filter((cells) => cells.length === 4)
      .map(([name = '', ...cells]) => [name, cells]),
  );
  const defaults: Readonly<Record<string, unknown>> = GENERATION_DEFAULTS;
  for (const [name, schema] of Object.entries(generationRequestSchema.shape)) {
    const [range, defaultValue, meaning = ''] = rows.get(`\`${snakeCase(name)}\``) ?? [];
    assert.equal(range, rangeOf(schema), name);
    const expected =
      name in defaults ? `\`${JSON.stringify(defaults[name])}\`` : (OTHER_DEFAULTS[name] ?? 'none');
    assert.equal(defaultValue, expected, name);
    assert.ok(meaning.length > 5, name);
  }
});
