import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { WITHOUT_EFFECT } from '../../src/dialects/openai/body.js';
import { NEUTRAL_FIELDS } from '../../src/dialects/openai/chat/neutral-fields.js';
import { chatSchema } from '../../src/dialects/openai/chat/schema.js';
import { completionSchema } from '../../src/dialects/openai/completions/schema.js';
import { embeddingsSchema } from '../../src/dialects/openai/embeddings/schema.js';
import { NEUTRAL_FIELDS as RESPONSE_NEUTRAL_FIELDS } from '../../src/dialects/openai/responses/neutral-fields.js';
import { responseSchema } from '../../src/dialects/openai/responses/schema.js';
import { detokenizeSchema, tokenizeSchema } from '../../src/dialects/openai/tokens/schema.js';
import { testServer } from '../fakes/server.js';
import { tablesOf } from '../dialects/tables.js';

/** A route that is one of the table's columns. */
interface Route {
  readonly column: string;
  readonly path: string;
  readonly schema: { readonly shape: object };
  /** Fields that are taken only where they ask for nothing. */
  readonly refused?: readonly string[];
}

const ROUTES: readonly Route[] = [
  { column: 'completions', path: '/v1/completions', schema: completionSchema },
  {
    column: 'chat',
    path: '/v1/chat/completions',
    schema: chatSchema,
    refused: Object.keys(NEUTRAL_FIELDS),
  },
  {
    column: 'responses',
    path: '/v1/responses',
    schema: responseSchema,
    refused: Object.keys(RESPONSE_NEUTRAL_FIELDS),
  },
  { column: 'embeddings', path: '/v1/embeddings', schema: embeddingsSchema },
  { column: 'tokenize', path: '/tokenize', schema: tokenizeSchema },
  { column: 'detokenize', path: '/detokenize', schema: detokenizeSchema },
];

const [, after = ''] = readFileSync('README.md', 'utf8').split('<!-- openai-fields -->');
const [table = { columns: [], rows: [] }] = tablesOf(after.slice(0, after.indexOf('\n#')));

void describe("README's table of the fields of OpenAI's API", () => {
  test('has a column for each route, and remarks', () => {
    assert.deepEqual(table.columns, ['field', ...ROUTES.map(({ column }) => column), 'remarks']);
    const fields = table.rows.map(({ field }) => field);
    assert.equal(new Set(fields).size, fields.length);
    for (const row of table.rows) assert.notEqual(row['remarks'], '', row['field']);
  });

  for (const { column, path, schema, refused = [] } of ROUTES) {
    test(`says of each field of ${path} what becomes of it, and of no other`, async () => {
      const said = Object.fromEntries(
        table.rows.flatMap((row) => (row[column] === '' ? [] : [[row['field'], row[column]]])),
      ) as Readonly<Record<string, string>>;
      const expected = Object.fromEntries([
        ...Object.keys(WITHOUT_EFFECT).map((name) => [name, 'no effect']),
        // A route may have a use for what the others have none for.
        ...Object.keys(schema.shape).map((name) => [name, refused.includes(name) ? 'refused' : 'works']),
      ]) as Readonly<Record<string, string>>;
      assert.deepEqual(said, expected);
      const server = testServer();
      for (const { field = '' } of table.rows) {
        const response = await server.post(path, { [field]: { of: ['no', 'field'] } });
        const text = await response.text();
        assert.equal(
          text.includes(`unknown field ${field}"`) || text.includes(`unknown field ${field};`),
          said[field] === undefined,
          text,
        );
      }
    });
  }
});
