import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { before, describe, test, type TestContext } from 'node:test';

import { type Addon, loadAddon, type NativeModel } from '../../src/engine/addon.js';
import type { NativeEngine } from '../../src/engine/native-engine.js';
import type { SourceStep } from '../../src/engine/addon-parts.js';
import { openBackend } from '../../src/engine/backend.js';
import { BEAM_SLOTS, MOST_SEQUENCES } from '../../src/engine/cache-options.js';
import { parseGenerationRequest } from '../../src/generation/request.js';
import { shippedEngineOptions, shippedModel } from '../engine/shipped-model.js';
import { PLAIN_TERMS } from '../fakes/engine.js';

type Options = Parameters<Addon['runSourceSteps']>[1];
type Outcome = Awaited<ReturnType<Addon['runSourceSteps']>>[number];

const SLOTS = 3;
/** The first slot for beams. */
const BEAM = SLOTS;
const ROW = [400, 912, 77, 1300, 655, 240, 1801, 99, 512, 1044];

let addon: Addon;
let model: NativeModel;

before(async () => {
  addon = loadAddon();
  await openBackend(addon, 'off');
  model = await addon.loadModel({ path: shippedModel, gpuLayers: 0, adapters: [] }, () => undefined);
});

function run(overrides: Partial<Options>, steps: readonly SourceStep[]): Promise<Outcome[]> {
  const sizes = { contextSize: 256, parallelSequences: SLOTS, beamCells: 512 };
  return addon.runSourceSteps(model, { ...shippedEngineOptions(), ...sizes, ...overrides }, steps);
}

/** Decodes tokens of a slot from a position on. */
function decode(tokens: readonly number[], slot: number, from = 0): SourceStep {
  return ['decode', tokens.map((token, index) => [token, from + index, slot] as const)];
}

function lastLogits(outcome: Outcome | undefined): Float32Array {
  assert.ok(Array.isArray(outcome), `expected logits, received ${String(outcome)}`);
  const row = outcome.at(-1);
  assert.ok(row !== undefined);
  return row;
}

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? NaN))), 0);
}

/** Rounding differs with the cells that a row lies in, and where a batch was cut. */
function assertClose(outcome: Outcome | undefined, expected: Float32Array): void {
  const apart = distance(lastLogits(outcome), expected);
  assert.ok(apart < 0.02, `logits are ${apart} apart`);
}

/** The likeliest tokens of a stream, beside which something is done to the engine. */
async function generate(t: TestContext, beside: (engine: NativeEngine) => Promise<void>): Promise<number[]> {
  // The engine's channel does not keep the process alive.
  const timer = setInterval(() => undefined, 1000);
  t.after(() => {
    clearInterval(timer);
  });
  const tokens: number[] = [];
  const marks = new EventEmitter();
  const started = once(marks, 'started');
  const finished = once(marks, 'finished');
  const options = { ...shippedEngineOptions(), contextSize: 256, turnFile: -1, adapterSets: [[]] };
  const engine = await addon.createEngine(model, { ...options, beamCells: 512 }, (events) => {
    for (const event of events) {
      if (event[0] === 'token') tokens.push(event[3]);
      if (event[0] === 'token') marks.emit('started');
      if (event[0] === 'finish' || event[0] === 'failed') marks.emit('finished');
    }
    engine.acknowledge();
  });
  const request = { ...parseGenerationRequest({ prompt: ROW }), maxNewTokens: 200 };
  engine.submit({ ...request, id: 1, prompt: ROW, eosTokenId: [], seed: 0, ...PLAIN_TERMS });
  await started;
  await beside(engine);
  assert.ok(tokens.length < 200, 'the stream was over before');
  await finished;
  await engine.stop();
  return tokens;
}

const layouts = [
  ['split', { kvLayout: 'split' }],
  ['unified', { kvLayout: 'unified', kvCells: 1024, beamCells: 0 }],
] as const;

for (const [name, layout] of layouts) {
  describe(`${name} KV cells`, () => {
    let continued: Float32Array;
    let other: Float32Array;

    before(async () => {
      const outcomes = await run({}, [decode([...ROW, 700], 0), decode([...ROW.slice(0, 6), 31, 32], 1)]);
      continued = lastLogits(outcomes[0]);
      other = lastLogits(outcomes[1]);
      assert.ok(distance(continued, other) > 1);
    });

    test('a beam is scored as a stream is, beside streams in one batch', async () => {
      const outcomes = await run(layout, [
        ['prepareBeams'],
        ['prepareBeams'],
        [
          'decode',
          [...ROW.entries()].flatMap(([position, token]) => [
            [token, position, 2] as const,
            [token, position, BEAM + 63] as const,
          ]),
        ],
        [
          'decode',
          [
            [700, ROW.length, BEAM + 63],
            [31, ROW.length, 2],
          ],
        ],
        ['remove', 2, 6],
        [
          'decode',
          [
            [31, 6, 2],
            [32, 7, 2],
          ],
        ],
      ]);
      assert.equal(outcomes[1], true);
      const rows = outcomes[3];
      assert.ok(Array.isArray(rows) && rows[0] !== undefined && rows[1] !== undefined);
      assertClose([rows[0]], continued);
      assert.ok(distance(rows[1], continued) > 0.2);
      assertClose(outcomes[5], other);
    });

    test('a fork goes on whatever becomes of the beam it came from', async () => {
      const outcomes = await run(layout, [
        ['prepareBeams'],
        decode(ROW, BEAM),
        ['copy', BEAM, BEAM + 1, ROW.length],
        ['copy', BEAM, BEAM + 2, 6],
        decode([5, 6, 7], BEAM, ROW.length),
        ['remove', BEAM, 0],
        decode([31, 32], BEAM + 2, 6),
        decode([700], BEAM + 1, ROW.length),
        decode([...ROW.slice(0, 6), 31, 32], BEAM),
      ]);
      assert.deepEqual([outcomes[2], outcomes[3]], [true, true]);
      assertClose(outcomes[6], other);
      assertClose(outcomes[7], continued);
      assertClose(outcomes[8], other);
    });

    test('cells travel between streams and beams, both ways', async () => {
      const outcomes = await run(layout, [
        ['prepareBeams'],
        decode(ROW, 1),
        ['copy', 1, BEAM + 5, ROW.length],
        ['copy', BEAM + 5, 2, 6],
        ['copy', 1, 0, ROW.length],
        ['restore', 1, BEAM + 7],
        ['restore', BEAM + 7, BEAM + 8],
        ['remove', 1, 0],
        ['restore', BEAM + 7, 1],
        decode([700], BEAM + 5, ROW.length),
        decode([31, 32], 2, 6),
        decode([700], BEAM + 8, ROW.length),
        decode([700], 1, ROW.length),
        decode([700], 0, ROW.length),
      ]);
      assert.deepEqual(outcomes.slice(2, 9), Array<boolean>(7).fill(true));
      assertClose(outcomes[9], continued);
      assertClose(outcomes[10], other);
      for (const outcome of outcomes.slice(11)) assertClose(outcome, continued);
    });

    test('cells of an empty slot leave the other empty', async () => {
      const outcomes = await run(layout, [
        ['prepareBeams'],
        ['restore', 0, BEAM],
        decode(ROW, BEAM),
        decode(ROW, 2),
      ]);
      assertClose(outcomes[2], lastLogits(outcomes[3]));
    });
  });
}

describe("the beams' pool", () => {
  const long = Array.from({ length: 200 }, (_, index) => 300 + ((index * 7) % 2000));

  test('that is full changes nothing, in the streams neither', async () => {
    const outcomes = await run({ beamCells: 256 }, [
      ['prepareBeams'],
      decode(ROW, 0),
      decode(long, BEAM),
      [
        'decode',
        [[31, ROW.length, 0], ...long.slice(0, 100).map((token, index) => [token, index, BEAM + 1] as const)],
      ],
      decode([700], 0, ROW.length),
      ['copy', BEAM, BEAM + 1, 200],
      decode(long.slice(0, 56), BEAM + 1, 200),
      decode([1], BEAM, 200),
    ]);
    const [reference] = await run({}, [decode([...ROW, 700], 0)]);
    assert.deepEqual([outcomes[3], outcomes[7]], ['full', 'full']);
    assertClose(outcomes[4], lastLogits(reference));
    assert.ok(Array.isArray(outcomes[6]));
  });

  test('refuses more tokens than it has cells', async () => {
    const outcomes = await run({ beamCells: 256 }, [
      ['prepareBeams'],
      decode([...long, ...long], BEAM),
      decode(ROW, BEAM),
    ]);
    assert.equal(outcomes[1], 'full');
    assert.ok(Array.isArray(outcomes[2]));
  });

  test("loses a batch's cells if the streams' part of it fails", async () => {
    const outcomes = await run({}, [
      ['prepareBeams'],
      decode(ROW, BEAM),
      // A position is left out, which llama.cpp refuses.
      [
        'decode',
        [
          [5, ROW.length, BEAM],
          [400, 0, 0],
          [400, 7, 0],
        ],
      ],
      decode([700], BEAM, ROW.length),
    ]);
    const [reference] = await run({}, [decode([...ROW, 700], 0)]);
    assert.equal(outcomes[2], 'failed');
    assertClose(outcomes[3], lastLogits(reference));
  });

  test('can be made while streams are decoded', async (t) => {
    const alone = await generate(t, () => Promise.resolve());
    const beside = await generate(t, async (engine) => {
      await Promise.all([engine.prepareBeams(), engine.prepareBeams()]);
      await engine.prepareBeams();
    });
    assert.equal(alone.length, 200);
    assert.deepEqual(beside, alone);
  });

  test('is needed before the first beam', async () => {
    await assert.rejects(run({}, [decode(ROW, BEAM)]), /used before prepareBeams/);
  });

  test('that can not be had is refused with the reason', async () => {
    await assert.rejects(
      run({ beamCells: 2 ** 33 }, [['prepareBeams']]),
      /can't have more than 4294967295 cells/,
    );
  });
});

test('beside 64 beams one pool tells 192 streams apart, and no more', async () => {
  const unified = { kvLayout: 'unified', kvCells: 512, beamCells: 0 } as const;
  const most = MOST_SEQUENCES.unified;
  const steps = [decode(ROW, most - 1), decode(ROW, most + BEAM_SLOTS - 1)];
  const [stream, beam] = await run({ ...unified, parallelSequences: most }, steps);
  assertClose(beam, lastLogits(stream));
  await assert.rejects(run({ ...unified, parallelSequences: most + 1 }, steps), /n_seq_max must be <= 256/);
});

describe('element types', () => {
  test('f16 is close to f32, q8_0 less so, and all are their own', async () => {
    const scores = new Map<string, Float32Array>();
    for (const kvType of ['f32', 'f16', 'q8_0'] as const) {
      const outcomes = await run({ kvType }, [
        ['prepareBeams'],
        decode(ROW, 0),
        decode(ROW, BEAM),
        decode([700], 0, ROW.length),
        decode([700], BEAM, ROW.length),
      ]);
      scores.set(kvType, lastLogits(outcomes[3]));
      assertClose(outcomes[4], lastLogits(outcomes[3]));
    }
    const [f32, f16, q8] = [...scores.values()];
    assert.ok(f32 && f16 && q8);
    const apart = [distance(f32, f16), distance(f32, q8)] as const;
    assert.ok(apart[0] > 0 && apart[0] < apart[1], `${apart.join(' and ')} from f32`);
    assert.ok(apart[1] < 0.5, `${apart[1]} from f32`);
  });
});
