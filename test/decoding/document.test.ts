import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { startEngine } from '../../src/engine/start.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ModelRegistry } from '../../src/models/registry.js';
import type { ServerApp } from '../../src/server/dialect.js';
import { inMemoryApp, silent } from '../fakes/server.js';

/** As docs/decoding.md says, of numbers above 1 relatively: what a CPU's kernels may change over 8-bit weights. */
const TOLERANCE = 0.05;

interface Example {
  readonly line: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly [field: string]: unknown;
  readonly sequences?: readonly { readonly text: string; readonly token_ids: readonly number[] }[];
}

const markdown = readFileSync('docs/decoding.md', 'utf8');
const examples = examplesOf(markdown);

/** Every request of the document with the answer that follows it. */
function examplesOf(text: string): Example[] {
  const blocks = [...text.matchAll(/^```(json[^\n]*)\n([^]*?)^```$/gm)].map(
    ({ 1: kind, 2: json = '', index }) => ({
      kind,
      value: JSON.parse(json) as Readonly<Record<string, unknown>>,
      line: text.slice(0, index).split('\n').length,
    }),
  );
  return blocks.flatMap(({ kind, value, line }, index) => {
    assert.equal(kind, index % 2 === 0 ? 'json request' : 'json answer', `line ${line}`);
    const answer = blocks[index + 1]?.value;
    if (index % 2 === 1) return [];
    assert.ok(answer, `line ${line}: a request without an answer`);
    return [{ line, request: value, answer }];
  });
}

/** Whether everything that is expected is there: fields of objects, items of arrays one by one, numbers nearly. */
function assertHolds(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === 'number' && !Number.isInteger(expected)) {
    assert.ok(
      typeof actual === 'number' &&
        Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)),
      `${where}: ${String(actual)}`,
    );
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, where);
    if (Array.isArray(expected)) assert.equal((actual as unknown[]).length, expected.length, where);
    for (const [key, value] of Object.entries(expected))
      assertHolds((actual as Record<string, unknown>)[key], value, `${where}.${key}`);
  } else {
    assert.equal(actual, expected, where);
  }
}

describe('the examples of docs/decoding.md', () => {
  let app: ServerApp;
  let models: ModelRegistry;

  before(() => {
    const configuration = loadConfiguration({
      // What is decoded at the same time changes nothing then.
      flags: { gpu: 'off', reproducible: true },
      env: {},
      cwd: resolve('test'),
      packageRoot: resolve('.'),
      physicalCores: () => 1,
    });
    models = new ModelRegistry({
      catalogue: configuration.catalogue,
      startEngine,
      memoryBudget: 0,
      log: silent,
    });
    app = inMemoryApp({ configuration, models, log: silent });
  });
  after(async () => {
    await models.close();
  });

  async function answerTo(request: object): Promise<Answer> {
    const body = JSON.stringify(request);
    const response = await app.request('/glossa/generate', { method: 'POST', body });
    return (await response.json()) as Answer;
  }

  test('are at least ten', () => {
    assert.ok(examples.length >= 10, String(examples.length));
  });

  for (const { line, request, answer: expected } of examples) {
    test(`line ${line}: ${Object.keys(request).join(', ')}`, async () => {
      const answer = await answerTo(request);
      const texts = answer.sequences?.map(({ text }) => text);
      assertHolds({ ...answer, distinct_texts: new Set(texts).size }, expected, 'answer');
      if (request['seed'] === undefined) return;
      const again = await answerTo(request);
      assert.deepEqual(
        again.sequences?.map(({ token_ids }) => token_ids),
        answer.sequences?.map(({ token_ids }) => token_ids),
      );
    });
  }
});
