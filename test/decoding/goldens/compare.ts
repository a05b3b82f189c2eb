import assert from 'node:assert/strict';

import type { NativeRequest } from '../../../src/engine/native-engine.js';
import { type Outcome, TableEngine } from '../../native/table-engine.js';
import { tableOf } from './logits.js';
import type { Expected, StoredParameters, StoredRun } from './stored.js';

const TOLERANCE = 1e-5;

/** Whether two scores agree to 1e-5, relative for those above 1. */
export function isClose(actual: number | null | undefined, expected: number): boolean {
  if (actual === null || actual === undefined) return false;
  return actual === expected || Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
}

function areClose(actual: readonly (number | null)[], expected: readonly number[]): boolean {
  return actual.length === expected.length && expected.every((value, index) => isClose(actual[index], value));
}

/** EOS ids as Glossa takes them: always a list. */
export function asRequest(parameters: StoredParameters): Partial<NativeRequest> {
  const { eosTokenId, ...rest } = parameters;
  if (eosTokenId === undefined) return rest;
  return { ...rest, eosTokenId: typeof eosTokenId === 'number' ? [eosTokenId] : eosTokenId };
}

/** Why a sequence without stop strings ends as it does. */
function reasonOf(ids: readonly number[], { eosTokenId = [] }: Partial<NativeRequest>): string {
  return eosTokenId.includes(ids.at(-1) ?? -1) ? 'eos' : 'length';
}

/** What is different from transformers: one line for each kind. */
export function differences(outcome: Outcome, expected: Expected, request: Partial<NativeRequest>): string[] {
  const found: string[] = [];
  const differ = (what: string, actual: unknown, wanted: unknown): void => {
    found.push(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
  };
  if (outcome.failure !== null) differ('failure', outcome.failure, null);
  if (JSON.stringify(outcome.tokens) !== JSON.stringify(expected.sequences))
    differ('sequences', outcome.tokens, expected.sequences);
  const { logprobs = [], scores } = expected;
  if (!logprobs.every((row, index) => areClose(outcome.logprobs[index] ?? [], row)))
    differ('log-probabilities', outcome.logprobs.slice(0, logprobs.length), logprobs);
  if (scores && !areClose(outcome.scores, scores)) differ('scores', outcome.scores, scores);
  if (request.stopStrings === undefined) {
    const reasons = expected.sequences.map((ids) => reasonOf(ids, request));
    if (JSON.stringify(reasons) !== JSON.stringify(outcome.reasons))
      differ('reasons', outcome.reasons, reasons);
  }
  return found;
}

/** Runs requests on one table, all at once; the differences of each that has some, behind what was asked. */
export async function differencesOf(runs: readonly StoredRun[]): Promise<string[]> {
  const [first] = runs;
  if (first === undefined) throw new Error('no goldens');
  const engine = await TableEngine.create({ table: tableOf(first.table), vocabularySize: first.table.size });
  try {
    const found = await Promise.all(
      runs.map(async (run) => {
        const request = { ...asRequest(run.parameters), prompt: run.prompt };
        return differences(await engine.run(request), run, request).map(
          (line) => `${JSON.stringify([run.prompt, run.parameters])}\n    ${line}`,
        );
      }),
    );
    return found.flat();
  } finally {
    await engine.stop();
  }
}

const SHOWN = 8;

/** Fails with the first few of them. */
export function assertNone(found: readonly string[], count: number): void {
  assert.ok(count > 0, 'nothing was compared');
  assert.equal(
    found.length,
    0,
    `${found.length} differences in ${count} goldens\n${found.slice(0, SHOWN).join('\n')}`,
  );
}

/** Items that share a key, in order of first appearance. */
export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
