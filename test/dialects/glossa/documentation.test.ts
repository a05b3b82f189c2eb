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

interface Row {
  /** Where it acts among processors and warpers; absent of what does not change scores. */
  readonly place: number | undefined;
  readonly name: string;
  readonly range: string;
  readonly defaultValue: string;
  readonly meaning: string;
}

/** The rows of all tables that describe parameters, in their order. */
function parameterRows(markdown: string): Row[] {
  const rows: Row[] = [];
  let columns = 0;
  for (const line of markdown.split('\n')) {
    const cells = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim());
    if (/(^|, )field, range, default, meaning$/.test(cells.join(', '))) columns = cells.length;
    else if (!line.startsWith('|')) columns = 0;
    const [name = '', range = '', defaultValue = '', meaning = ''] = cells.slice(-4);
    if (cells.length !== columns || !name.startsWith('`')) continue;
    const place = columns === 5 ? Number(cells[0]) : undefined;
    rows.push({ place, name: name.replaceAll('`', ''), range, defaultValue, meaning });
  }
  return rows;
}

const rows = parameterRows(readFileSync('docs/decoding.md', 'utf8'));

test('docs/decoding.md tells range and default of every parameter, and of no other', () => {
  const defaults: Readonly<Record<string, unknown>> = GENERATION_DEFAULTS;
  const names = Object.keys(generationRequestSchema.shape);
  assert.deepEqual(rows.map(({ name }) => name).toSorted(), names.map(snakeCase).toSorted());
  for (const [name, schema] of Object.entries(generationRequestSchema.shape)) {
    const row = rows.find((candidate) => candidate.name === snakeCase(name));
    assert.equal(row?.range, rangeOf(schema), name);
    const expected =
      name in defaults ? `\`${JSON.stringify(defaults[name])}\`` : (OTHER_DEFAULTS[name] ?? 'none');
    assert.equal(row?.defaultValue, expected, name);
    assert.ok(row.meaning.length > 5, name);
  }
});

/** Native processors that are not called as the beginning of their parameter. */
const OTHER_FACTORIES: Readonly<Record<string, readonly string[]>> = {
  occurrencePenalties: ['presence_penalty', 'frequency_penalty'],
  constraint: ['grammar'],
};

test('docs/decoding.md numbers processors and warpers as the engine applies them', () => {
  const source = readFileSync('native/decoding/processors.cc', 'utf8');
  const tables = ['kAlways', 'kWhenSampling', 'kLast'].map(
    (table) => new RegExp(`std::array ${table} = \\{([^}]*)\\}`).exec(source)?.[1] ?? '',
  );
  const factories = [...tables.join(' ').matchAll(/processors::(\w+)/g)].map(([, factory = '']) => factory);
  assert.equal(factories.length, source.match(/processors::(?!Processor)\w+/g)?.length);
  const documented = rows.filter(({ place }) => place !== undefined);
  assert.deepEqual(
    documented.map(({ place }) => place).filter((place, index, all) => place !== all[index - 1]),
    factories.map((_, index) => index + 1),
  );
  for (const [index, factory] of factories.entries()) {
    const names = documented.filter(({ place }) => place === index + 1).map(({ name }) => name);
    const others = OTHER_FACTORIES[factory];
    if (others !== undefined) assert.deepEqual(names, others);
    else {
      assert.equal(names.length, 1, factory);
      assert.ok(names[0]?.startsWith(snakeCase(factory)), `${factory}: ${names.join()}`);
    }
  }
});
