import { type Checkpoint, type CheckpointTensor, sameShape } from '../checkpoint.js';
import { quote } from '../format-error.js';
import type { Adapter, AdaptedModule, Replacement } from './adapter.js';
import type { BaseModel } from './base-model.js';
import { Misfits } from './misfits.js';

/** One thing that happens to a tensor of the base. */
export type MergeStep =
  /** The adapter's tensor takes its place. */
  | { readonly kind: 'replace'; readonly adapter: Adapter; readonly tensor: CheckpointTensor }
  /** scale x (B A) is added, or the transpose of that. */
  | {
      readonly kind: 'lowRank';
      readonly adapter: Adapter;
      readonly module: AdaptedModule;
      readonly scale: number;
      readonly transposed: boolean;
    }
  /** scale x a vector is added (`lora_bias`). */
  | {
      readonly kind: 'bias';
      readonly adapter: Adapter;
      readonly tensor: CheckpointTensor;
      readonly scale: number;
    };

/** A tensor of the merged model that is not simply the base's. */
export interface MergedTensor {
  /** The base's tensor that it starts from. */
  readonly origin: CheckpointTensor;
  readonly shape: readonly number[];
  /** In order. */
  readonly steps: readonly MergeStep[];
}

/** Works out, adapter by adapter, what becomes of each tensor. */
export class MergePlan {
  /** By the tensor's name in the merged checkpoint. */
  readonly tensors = new Map<string, MergedTensor>();
  readonly #base: BaseModel;
  /** The base's tensors by their names without prefix. */
  readonly #origins = new Map<string, CheckpointTensor>();
  readonly #warn: (message: string) => void;
  #untied = false;

  constructor(base: BaseModel, checkpoint: Checkpoint, warn: (message: string) => void) {
    this.#base = base;
    this.#warn = warn;
    for (const tensor of checkpoint.tensors.values()) this.#origins.set(base.plainName(tensor.name), tensor);
  }

  /** Whether the output matrix, which the base shares with the embedding, got a tensor of its own. */
  get untied(): boolean {
    return this.#untied;
  }

  /** Rows of the embedding in the merged model, undefined if the base has none by that name. */
  get vocabularySize(): number | undefined {
    const { embedding } = this.#base;
    return embedding === undefined ? undefined : this.#current(embedding.source)?.shape[0];
  }

  /**
   * Adds an adapter to the result of those before it.
   *
   * @param scale the user's factor
   * @throws FormatError listing what does not fit the base
   */
  add(adapter: Adapter, scale: number): void {
    const misfits = new Misfits();
    this.#untieFor(adapter, misfits);
    // Before any sum, since what LoRA is added to may itself come with the adapter (`base_layer`).
    for (const replacement of adapter.replacements) this.#replace(adapter, replacement, misfits);
    for (const module of adapter.modules) this.#addModule(adapter, module, scale, misfits);
    this.#checkSaved(adapter, misfits);
    misfits.check(adapter.name);
  }

  #current(plainName: string): MergedTensor | undefined {
    const origin = this.#origins.get(plainName);
    if (origin === undefined) return undefined;
    return this.tensors.get(origin.name) ?? { origin, shape: origin.shape, steps: [] };
  }

  #append(plainName: string, step: MergeStep, shape?: readonly number[]): void {
    const current = this.#current(plainName);
    const name = this.#origins.get(plainName)?.name;
    if (current === undefined || name === undefined) return;
    this.tensors.set(name, {
      origin: current.origin,
      shape: shape ?? current.shape,
      // What comes before a replacement is of no consequence.
      steps: step.kind === 'replace' ? [step] : [...current.steps, step],
    });
  }

  #replace(adapter: Adapter, { target, tensor }: Replacement, misfits: Misfits): void {
    const plainName = this.#base.plainName(target);
    const current = this.#current(plainName);
    if (current === undefined) {
      misfits.missing(tensor.name);
      return;
    }
    const expected = this.#mayBeResized(plainName)
      ? [tensor.shape[0] ?? 0, ...current.shape.slice(1)]
      : current.shape;
    if (!sameShape(tensor.shape, expected)) misfits.shape(tensor.name, current.shape, tensor.shape);
    this.#append(plainName, { kind: 'replace', adapter, tensor }, tensor.shape);
  }

  #mayBeResized(plainName: string): boolean {
    return plainName === this.#base.embedding?.source || plainName === this.#base.output?.source;
  }

  #addModule(adapter: Adapter, module: AdaptedModule, scale: number, misfits: Misfits): void {
    const plainName = this.#base.plainName(`${module.module}.weight`);
    const current = this.#current(plainName);
    if (current === undefined) {
      misfits.missing(module.module);
      return;
    }
    const transposed = isTransposed(this.#base, module, plainName);
    const product = [module.b.shape[0] ?? 0, module.a.shape[1] ?? 0];
    const received = transposed ? product.reverse() : product;
    if (!sameShape(received, current.shape)) misfits.shape(module.module, current.shape, received);
    const total = scale * module.scale;
    this.#append(plainName, { kind: 'lowRank', adapter, module, scale: total, transposed });
    if (module.bBias !== undefined) this.#addBias(adapter, module.module, module.bBias, total, misfits);
  }

  #addBias(
    adapter: Adapter,
    module: string,
    tensor: CheckpointTensor,
    scale: number,
    misfits: Misfits,
  ): void {
    const plainName = this.#base.plainName(`${module}.bias`);
    const current = this.#current(plainName);
    if (current === undefined) misfits.missing(tensor.name);
    else if (!sameShape(tensor.shape, current.shape)) misfits.shape(tensor.name, current.shape, tensor.shape);
    this.#append(plainName, { kind: 'bias', adapter, tensor, scale });
  }

  /** PEFT, too, fails where a module of `modules_to_save` has no tensor in the file. */
  #checkSaved(adapter: Adapter, misfits: Misfits): void {
    const saved = adapter.replacements.map(({ target }) => moduleOf(target));
    for (const entry of adapter.config.modules_to_save ?? []) {
      const modules = [...this.#origins.keys()].map(moduleOf);
      const present = modules.some((module) => module.endsWith(entry));
      if (present && !saved.some((module) => module.endsWith(entry)))
        misfits.other(entry, 'is in modules_to_save but not in the file');
    }
  }

  /**
   * Where the base shares the embedding with the output matrix and the adapter changes one of them, the other
   * keeps its values in a tensor of its own: that is what was trained. PEFT's merge does the same with
   * modules_to_save, but adds LoRA to the shared matrix, and so computes something else than before merging.
   */
  #untieFor(adapter: Adapter, misfits: Misfits): void {
    const { embedding, output } = this.#base;
    const touched = touchedNames(this.#base, adapter);
    const onOutput = output !== undefined && touched.has(output.source);
    if (embedding === undefined || (output !== undefined && this.#origins.has(output.source))) return;
    if (!onOutput && !(touched.has(embedding.source) && becomesUntied(this.#base, adapter))) return;
    const current = this.#current(embedding.source);
    if (current === undefined) return;
    if (output === undefined) {
      misfits.other(embedding.source, 'is the output matrix as well, which this architecture always shares');
      return;
    }
    this.#origins.set(output.source, { ...current.origin, name: output.source });
    this.tensors.set(output.source, current);
    this.#untied = true;
    this.#warn(
      `the base shares the embedding with the output matrix, and adapter ${quote(adapter.name)} changes ` +
        `one of them: the result has both`,
    );
  }
}

/** Embeddings are looked up by row, Conv1D keeps [in, out]: both hold the transpose of what B A is. */
export function isTransposed(base: BaseModel, module: AdaptedModule, plainName: string): boolean {
  return module.kind === 'embedding' || base.rules.get(plainName)?.transform?.kind === 'transpose';
}

function touchedNames(base: BaseModel, adapter: Adapter): ReadonlySet<string> {
  return new Set([
    ...adapter.modules.map(({ module }) => base.plainName(`${module}.weight`)),
    ...adapter.replacements.map(({ target }) => base.plainName(target)),
  ]);
}

/**
 * Whether an adapter that changes a shared embedding leaves the output matrix alone: not where it merely holds
 * the embedding of a resized vocabulary.
 */
function becomesUntied(base: BaseModel, { config, modules, replacements }: Adapter): boolean {
  const isEmbedding = (name: string): boolean => base.plainName(name) === base.embedding?.source;
  const saved = config.modules_to_save ?? [];
  return (
    modules.some(({ module }) => isEmbedding(`${module}.weight`)) ||
    replacements.some(
      ({ target }) => isEmbedding(target) && saved.some((entry) => moduleOf(target).endsWith(entry)),
    )
  );
}

function moduleOf(tensor: string): string {
  return tensor.replace(/\.(weight|bias)$/, '');
}
