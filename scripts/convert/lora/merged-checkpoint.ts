import type { LowRankOptions } from '../../../src/engine/low-rank.js';
import type { Checkpoint, CheckpointTensor } from '../checkpoint.js';
import type { MergedTensor, MergeStep } from './merge-plan.js';
import { readFactor, readValues } from './values.js';

/** Adds scale x (b @ a) to a matrix in place. The addon's is src/engine/low-rank.ts. */
export type AddLowRank = (
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  options: LowRankOptions,
) => Promise<void>;

/** How tensors are merged. */
export interface MergeArithmetic {
  readonly addLowRank: AddLowRank;
  /** Default: as many as there are cores. */
  readonly threads: number | undefined;
}

/**
 * A checkpoint with adapters merged into it, tensor by tensor as they are read: merged ones are F32 and all
 * others are the base's. Beside the tensor asked for, only the factors that are added to it are in memory.
 */
export class MergedCheckpoint implements Checkpoint {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly files: readonly string[];
  readonly #base: Checkpoint;
  readonly #adapters: readonly Checkpoint[];
  readonly #merged: ReadonlyMap<string, MergedTensor>;
  readonly #arithmetic: MergeArithmetic;

  constructor(
    base: Checkpoint,
    adapters: readonly Checkpoint[],
    merged: ReadonlyMap<string, MergedTensor>,
    arithmetic: MergeArithmetic,
  ) {
    const tensors = new Map(base.tensors);
    // Replaces in place; a name that the base does not have comes last.
    for (const [name, { shape }] of merged) tensors.set(name, { name, dtype: 'F32', shape });
    this.tensors = tensors;
    this.files = [base, ...adapters].flatMap(({ files }) => files);
    this.#base = base;
    this.#adapters = adapters;
    this.#merged = merged;
    this.#arithmetic = arithmetic;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const merged = this.#merged.get(name);
    if (merged === undefined) return this.#base.read(name);
    const [first, ...others] = merged.steps;
    const { threads } = this.#arithmetic;
    const replaced = first?.kind === 'replace';
    const values = replaced
      ? await readValues(first.adapter.checkpoint, first.tensor, threads)
      : await readValues(this.#base, merged.origin, threads);
    for (const step of replaced ? others : merged.steps) await this.#apply(values, step);
    return new Uint8Array(values.buffer);
  }

  async close(): Promise<void> {
    await Promise.all([this.#base, ...this.#adapters].map((checkpoint) => checkpoint.close()));
  }

  async #apply(values: Float32Array<ArrayBuffer>, step: MergeStep): Promise<void> {
    const { addLowRank, threads } = this.#arithmetic;
    switch (step.kind) {
      case 'replace':
        values.set(await readValues(step.adapter.checkpoint, step.tensor, threads));
        return;
      case 'bias':
        addScaled(values, await readFactor(step.adapter.checkpoint, step.tensor, threads), step.scale);
        return;
      case 'lowRank': {
        const { adapter, module, scale, transposed } = step;
        const a = await readFactor(adapter.checkpoint, module.a, threads);
        const b = await readFactor(adapter.checkpoint, module.b, threads);
        const [rows = 0] = module.b.shape;
        const [rank = 0, columns = 0] = module.a.shape;
        await addLowRank(values, b, a, { rows, columns, rank, scale, transposed, threads });
      }
    }
  }
}

/** In binary32, as PEFT computes it: the product is rounded, then the sum. */
function addScaled(values: Float32Array, summand: Float32Array, scale: number): void {
  const factor = Math.fround(scale);
  for (let index = 0; index < values.length; index += 1)
    values[index] = (values[index] ?? 0) + Math.fround((summand[index] ?? 0) * factor);
}
