import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { loadAddon } from '../../../src/engine/addon.js';
import type { NativeRequest } from '../../../src/engine/native-engine.js';
import { GlossaError } from '../../../src/errors.js';
import { parseGenerationRequest } from '../../../src/generation/request.js';
import { defaults } from '../../native/reference.js';
import { TableEngine } from '../../native/table-engine.js';
import { asRequest, assertNone, differences, grouped, isClose } from './compare.js';
import { tableOf } from './logits.js';
import { type Batch, type Expected, readVectors, type Vector } from './stored.js';

const addon = loadAddon();
const { cases, batches } = readVectors();

async function withEngine<Result>(
  { table, pieces }: Pick<Vector, 'table' | 'pieces'>,
  use: (engine: TableEngine) => Promise<Result>,
): Promise<Result> {
  const engine = await TableEngine.create({
    table: tableOf(table),
    vocabularySize: table.size,
    ...(pieces === undefined ? {} : { pieces }),
  });
  try {
    return await use(engine);
  } finally {
    await engine.stop();
  }
}

/** Processed scores of each step of the golden's own first sequence. */
function rowDifferences(vector: Vector, request: Partial<NativeRequest>): string[] {
  const table = tableOf(vector.table);
  const [sequence = []] = vector.sequences ?? [];
  return (vector.processed ?? []).flatMap((expected, step) => {
    const history = [...vector.prompt, ...sequence.slice(0, step)];
    const start = (history.at(-1) ?? 0) * vector.table.size;
    const logits = table.slice(start, start + vector.table.size);
    const scores = addon.processScores(
      logits,
      history,
      { ...defaults, doSample: false, ...request },
      vector.prompt.length,
    );
    const same = vector.countOnly
      ? scores.filter((score) => score > -Infinity).length ===
        expected.filter((score) => score !== null).length
      : expected.every((score, id) => isClose(scores[id], score ?? -Infinity));
    return same ? [] : [`row of step ${step}: ${scores.join(' ')} instead of ${expected.join(' ')}`];
  });
}

function expectedOf({ sequences = [], logprobs = [], scores = null }: Vector): Expected {
  return { sequences, logprobs, scores };
}

async function vectorDifferences(vector: Vector): Promise<string[]> {
  const request = { ...asRequest(vector.parameters), prompt: vector.prompt };
  const found = rowDifferences(vector, request);
  if (!vector.countOnly) {
    const outcome = await withEngine(vector, (engine) => engine.run(request));
    found.push(...differences(outcome, expectedOf(vector), request));
  }
  return found.map((line) => `${vector.name} ${JSON.stringify(vector.parameters)}\n    ${line}`);
}

/** A batch's row is what its prompt gives alone, and padding: with beams EOS where the pad id is 0. */
async function batchDifferences(batch: Batch): Promise<string[]> {
  const { name, pad, prompts, rows, scores } = batch;
  const request = asRequest(batch.parameters);
  const outcomes = await withEngine(batch, (engine) =>
    Promise.all(prompts.map((prompt) => engine.run({ ...request, prompt }))),
  );
  const fill = (request.numBeams ?? 1) > 1 && pad === 0 ? request.eosTokenId?.[0] : pad;
  const width = rows[0]?.length ?? 0;
  const actual = outcomes
    .flatMap(({ tokens }) => tokens)
    .map((tokens) => [...tokens, ...Array<number | undefined>(width - tokens.length).fill(fill)]);
  const found: string[] = [];
  if (JSON.stringify(actual) !== JSON.stringify(rows))
    found.push(`${name}: ${JSON.stringify(actual)} instead of ${JSON.stringify(rows)}`);
  const actualScores = outcomes.flatMap((outcome) => outcome.scores);
  if (scores && !scores.every((score, index) => isClose(actualScores[index], score)))
    found.push(`${name}: scores ${JSON.stringify(actualScores)} instead of ${JSON.stringify(scores)}`);
  return found;
}

/** Refused where requests enter, or by the engine, which alone knows the vocabulary. */
async function isRefused(vector: Vector): Promise<boolean> {
  const request = asRequest(vector.parameters);
  try {
    parseGenerationRequest({ prompt: vector.prompt, ...request });
  } catch (error) {
    return error instanceof GlossaError && error.code === 'INVALID_REQUEST';
  }
  return await withEngine(vector, (engine) =>
    engine.run({ ...request, prompt: vector.prompt }).then(
      () => false,
      (error: unknown) => error instanceof RangeError,
    ),
  );
}

const refused = cases.filter((vector) => vector.error !== undefined || vector.refused !== undefined);
const answered = cases.filter((vector) => !refused.includes(vector));

describe(`vectors of the toy table give transformers' tokens and scores: ${answered.length} cases, ${batches.length} batches`, () => {
  for (const [number, group] of grouped(answered, ({ vector }) => String(vector))) {
    test(`vector ${number}: ${group.length} cases`, async () => {
      const found: string[] = [];
      for (const vector of group) found.push(...(await vectorDifferences(vector)));
      assertNone(found, group.length);
    });
  }

  for (const [number, group] of grouped(batches, ({ vector }) => String(vector))) {
    test(`vector ${number}: ${group.length} batches, prompt by prompt`, async () => {
      const found: string[] = [];
      for (const batch of group) found.push(...(await batchDifferences(batch)));
      assertNone(found, group.length);
    });
  }
});

describe('what transformers refuses is refused', () => {
  for (const vector of refused) {
    // A request to Glossa has no length of the whole row, so there is none that the prompt could fill.
    const inexpressible = vector.transformers !== undefined;
    const skip = inexpressible ? 'requests have no maxLength' : false;
    test(`vector ${vector.vector}: ${vector.name}`, { skip }, async () => {
      assert.ok(await isRefused(vector), JSON.stringify(vector.parameters));
    });
  }
});

/** What Glossa refuses by intent though transformers answers it, by the parameter that is named. */
const REFUSED_BY_INTENT: Readonly<Record<string, string>> = {
  minNewTokens: 'more than maxNewTokens: transformers warns',
  topK: 'less than beam sampling draws: transformers fills up with what has no probability',
};

/** The parameter that the request is refused for, or null. */
function refusalOf({ prompt, parameters }: Vector): string | null {
  try {
    parseGenerationRequest({ prompt, ...asRequest(parameters) });
    return null;
  } catch (error) {
    return error instanceof GlossaError ? (error.param ?? error.code) : 'an error that is none of ours';
  }
}

test('what transformers answers is no bad request, but for what is refused by intent', (context) => {
  const params = answered.map(refusalOf).filter((param) => param !== null);
  assert.deepEqual(
    params.filter((param) => REFUSED_BY_INTENT[param] === undefined),
    [],
  );
  context.diagnostic(`${answered.length - params.length} of ${answered.length} accepted`);
});
