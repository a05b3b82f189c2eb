import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { packageRoot } from '../../../src/engine/addon.js';
import { EngineProcess } from '../../../src/engine/engine-process.js';
import { shippedEngineOptions } from '../../engine/shipped-model.js';
import { compare, outcomeOf, type Verdict } from './comparison.js';
import { type GoldenCase, readModelGoldens } from './golden.js';

/** Generations that must be compared, and the share of them that may differ as near-ties. */
const LEAST_GENERATIONS = 300;
const MOST_NEAR_TIES = 0.01;

/** The shipped checkpoint as float32, weights and KV cache, in an engine of its own. */
async function startEngine(model: string, folder: string): Promise<EngineProcess> {
  const outfile = path.join(folder, `${model}.gguf`);
  await convertCheckpoint({ source: path.join(packageRoot(), 'models', model), outtype: 'f32', outfile });
  return EngineProcess.start(
    shippedEngineOptions({ modelPath: outfile, threads: 1, queueLimit: 1000, kvType: 'f32' }),
  );
}

function report(golden: GoldenCase, { difference }: Verdict): string {
  return `${JSON.stringify(golden.request)}\n  ${difference} (margin ${golden.margin ?? 'above 0.001'})`;
}

describe('generations of the shipped models in float32 are those of transformers', () => {
  const verdicts: Verdict[] = [];
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'glossa-decoding-'));
  });
  after(() => rm(folder, { recursive: true }));

  for (const model of ['glossa-tales', 'glossa-sprout']) {
    test(model, async (t) => {
      const { cases } = await readModelGoldens(model);
      const engine = await startEngine(model, folder);
      t.after(() => engine.close());
      const compared = await Promise.all(
        cases.map(async (golden) => {
          const verdict = compare(golden, await outcomeOf(engine, golden));
          verdicts.push(verdict);
          return { golden, verdict };
        }),
      );
      const unequal = compared.filter(({ verdict }) => verdict.kind !== 'equal');
      for (const { golden, verdict } of unequal) {
        if (verdict.kind === 'near-tie') t.diagnostic(`accepted near-tie: ${report(golden, verdict)}`);
      }
      const different = unequal.filter(({ verdict }) => verdict.kind === 'different');
      assert.deepEqual(
        different.map(({ golden, verdict }) => report(golden, verdict)),
        [],
      );
    });
  }

  test('and hardly any is a near-tie', (t) => {
    const count = (kind: Verdict['kind']): number =>
      verdicts.filter((verdict) => verdict.kind === kind).length;
    const share = count('near-tie') / verdicts.length;
    t.diagnostic(
      `${verdicts.length} generations: ${count('equal')} equal, ${count('near-tie')} accepted near-ties ` +
        `(${(100 * share).toFixed(1)}%)`,
    );
    assert.ok(verdicts.length >= LEAST_GENERATIONS, `only ${verdicts.length} generations were compared`);
    assert.ok(share < MOST_NEAR_TIES, `${count('near-tie')} of ${verdicts.length} are near-ties`);
  });
});
