import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { tablesOf } from '../dialects/tables.js';

const GENERATION_CONFIG = [
  ...['num_beams', 'do_sample', 'temperature', 'top_p', 'top_k', 'max_new_tokens'],
  ...['repetition_penalty', 'length_penalty'],
];
const ALPACA_DECODING = [
  ...['max_tokens', 'temperature', 'num_beams', 'top_k', 'top_p', 'repetition_penalty'],
];

/** What the original documents list, by the document's heading. */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  Autocomplete: [
    ...['context', 'length', 'n_samples', 'samples', 'max_time', 'model_size', 'temperature', 'max_tokens'],
    ...['top_p', 'top_k'],
  ],
  'Booste, gpt2, gpt2_async_start': ['api_key', 'in_string', 'length', 'temperature', 'window_max'],
  'Booste, gpt2_async_check': ['api_key', 'task_id'],
  'Generate, POST /api/generate-one': [
    ...['request_id', 'prompt', 'only_new_tokens', 'stream_response', 'generation_config'],
  ],
  'Generate, POST /api/generate-one, generation_config': GENERATION_CONFIG,
  'Generate, POST /api/generate-batch': [
    ...['prompts', 'prompts.request_id', 'prompts.prompt', 'only_new_tokens', 'generation_config'],
  ],
  'Generate, POST /api/generate-batch, generation_config': GENERATION_CONFIG,
  'Generate, Environment': [
    ...GENERATION_CONFIG.map((name) => `MODEL_DEFAULT_${name.toUpperCase()}`),
    ...['MODEL_SEED', 'MAX_CACHE_SIZE', 'MAX_CACHE_TTL', 'SERVER_HOST', 'SERVER_PORT', 'MODEL_PATH'],
  ],
  'Alpaca, glossa serve --compat alpaca': [
    ...['--base_model', '--lora_model', '--tokenizer_path', '--only_cpu', '--gpus', '--load_in_8bit'],
  ],
  'Alpaca, POST /v1/completions': ['prompt', ...ALPACA_DECODING],
  'Alpaca, POST /v1/chat/completions': [
    ...['messages', 'messages.role', 'messages.message', 'prompt'],
    ...ALPACA_DECODING,
  ],
  'Alpaca, POST /v1/embeddings': ['input'],
  'Sagemaker, InvokeEndpoint': ['EndpointName', 'ContentType'],
  'Sagemaker, Body': [
    ...['input', 'max_length', 'num_return_sequences', 'mode', 'top_p', 'top_k', 'temperature', 'num_beams'],
    ...['no_repeat_ngram_size', 'seed'],
  ],
};

const COLUMNS = [
  'parameter',
  'default',
  'what it does here',
  'test of its effect',
  'test of its default',
] as const;
const [, , , EFFECT, DEFAULT] = COLUMNS;

const tables = tablesOf(readFileSync('docs/parameters.md', 'utf8'));
const place = (headings: readonly string[]): string => headings.slice(1).join(', ').replaceAll('`', '');

/** The tests that a cell names: each a file, and a title or a part of one. */
function citationsIn(cell: string): { path: string; title: string }[] {
  const found = [...cell.matchAll(/(\S+\.test\.ts) "([^"]+)"/g)];
  const citations = found.map(([, path = '', title = '']) => ({ path: join('test', path), title }));
  assert.equal(citations.map(({ path, title }) => `${path.slice(5)} "${title}"`).join('; '), cell);
  return citations;
}

test('docs/parameters.md lists every documented parameter, and no other', () => {
  const listed = tables.map(({ headings, rows }) => [place(headings), rows.map((row) => row['parameter'])]);
  assert.deepEqual(Object.fromEntries(listed), DOCUMENTED);
  assert.equal(listed.length, Object.keys(DOCUMENTED).length);
});

for (const { headings, columns, rows } of tables) {
  describe(place(headings), () => {
    test('has the columns that are asked for, and no empty cell', () => {
      assert.deepEqual(columns, COLUMNS);
      for (const row of rows)
        for (const [column, cell] of Object.entries(row))
          assert.ok(cell !== '', `${row['parameter'] ?? ''}: ${column}`);
    });

    for (const row of rows) {
      const parameter = row['parameter'] ?? '';
      test(`${parameter} has the tests that it names`, () => {
        for (const column of [EFFECT, DEFAULT]) {
          const citations = citationsIn(row[column] ?? '');
          assert.ok(citations.length > 0);
          for (const { path, title } of citations) {
            assert.ok(existsSync(path), path);
            assert.ok(isTitleIn(readFileSync(path, 'utf8'), title), `${path} has no test "${title}"`);
          }
          const sources = citations.map(({ path }) => readFileSync(path, 'utf8')).join('\n');
          const names = namesOf(parameter);
          assert.ok(
            names.some((name) => sources.includes(name)),
            `${column}: no word of ${parameter}`,
          );
        }
      });
    }
  });
}

/** Whether a text stands in a literal of the source that may be a title: on one line, after a quote. */
function isTitleIn(source: string, title: string): boolean {
  return source.split('\n').some((line) => {
    const at = line.indexOf(title);
    return at > 0 && /['"`]/.test(line.slice(0, at)) && /['"`]/.test(line.slice(at + title.length));
  });
}

/** How a test may call a parameter: by its own name, by the part after a point, or as clients and settings do. */
function namesOf(parameter: string): string[] {
  const last = parameter.split('.').at(-1) ?? '';
  const plain = last
    .replace(/^--/, '')
    .replace(/^(in|MODEL_DEFAULT)_/, '')
    .toLowerCase();
  const camel = plain.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const settings: Readonly<Record<string, string>> = {
    MAX_CACHE_SIZE: 'continuationLimit',
    MAX_CACHE_TTL: 'continuationTtl',
    MODEL_PATH: 'glossa-tales',
    MODEL_SEED: 'seed',
    task_id: 'taskID',
    EndpointName: 'endpoint',
    ContentType: 'content-type',
  };
  return [last, plain, camel, settings[parameter] ?? last];
}
