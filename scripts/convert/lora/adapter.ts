import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { type Checkpoint, type CheckpointTensor, isFloatDtype } from '../checkpoint.js';
import { FormatError, quote } from '../format-error.js';
import { openPytorch } from '../pytorch/reader.js';
import { openSafetensors } from '../safetensors/reader.js';
import { checkFolder } from '../source.js';
import { ADAPTER_CONFIG, type AdapterConfig, readAdapterConfig } from './adapter-config.js';
import { scalingOf } from './scaling.js';
import { type AdapterRole, parseTensorName } from './tensor-names.js';

/** Names of the weights, the first that is there being read, and how they are opened. */
const WEIGHTS: readonly (readonly [name: string, open: (path: string) => Promise<Checkpoint>])[] = [
  ['adapter_model.safetensors', openSafetensors],
  ['adapter_model.bin', openPytorch],
];

/** A module that two factors are added to: weight + scale x (B A), transposed for embeddings. */
export interface AdaptedModule {
  /** Its name in the model: "model.layers.0.self_attn.q_proj". */
  readonly module: string;
  readonly kind: 'linear' | 'embedding';
  /** [rank, in]. */
  readonly a: CheckpointTensor;
  /** [out, rank]. */
  readonly b: CheckpointTensor;
  /** [out], added to the module's bias with the same scale (`lora_bias`). */
  readonly bBias: CheckpointTensor | undefined;
  readonly rank: number;
  /** Without the user's factor. */
  readonly scale: number;
}

/** A tensor that takes the place of the base's. */
export interface Replacement {
  /** The base's tensor: "lm_head.weight". */
  readonly target: string;
  readonly tensor: CheckpointTensor;
  /** False for the base's own part of a layer that LoRA is added to, saved along with it. */
  readonly trained: boolean;
}

/** An opened PEFT folder. */
export interface Adapter {
  /** The folder's own name, for messages. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly config: AdapterConfig;
  readonly checkpoint: Checkpoint;
  /** In the order of the file. */
  readonly modules: readonly AdaptedModule[];
  readonly replacements: readonly Replacement[];
}

/**
 * Opens a PEFT folder: adapter_config.json with adapter_model.safetensors or adapter_model.bin.
 *
 * @throws GlossaError CONVERSION_FAILED if there is no such folder
 * @throws FormatError if it is malformed or of a kind that is not supported
 */
export async function openAdapter(path: string): Promise<Adapter> {
  const folder = resolve(path);
  await checkFolder(folder, 'the adapter');
  const names = new Set(await readdir(folder));
  if (!names.has(ADAPTER_CONFIG))
    throw new FormatError('adapter', `there is no ${ADAPTER_CONFIG} in the folder`);
  const config = await readAdapterConfig(folder);
  const checkpoint = await openWeights(folder, names);
  try {
    return { name: basename(folder), folder, config, checkpoint, ...sortTensors(config, checkpoint) };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

function openWeights(folder: string, names: ReadonlySet<string>): Promise<Checkpoint> {
  for (const [name, open] of WEIGHTS) if (names.has(name)) return open(join(folder, name));
  const expected = WEIGHTS.map(([name]) => name).join(' nor ');
  throw new FormatError('adapter', `there is neither ${expected} in the folder`);
}

type Parts = Map<AdapterRole, CheckpointTensor>;

/** Roles of whole tensors, in the order in which they count. */
const WHOLE: readonly AdapterRole[] = ['replacement', 'base', 'copy', 'original'];

function sortTensors(
  config: AdapterConfig,
  checkpoint: Checkpoint,
): Pick<Adapter, 'modules' | 'replacements'> {
  const modules = new Map<string, Parts>();
  const wholes = new Map<string, Parts>();
  for (const tensor of checkpoint.tensors.values()) {
    if (!isFloatDtype(tensor.dtype)) {
      throw new FormatError(
        'adapter',
        `expected F64, F32, F16 or BF16 for tensor ${quote(tensor.name)}, received ${tensor.dtype}`,
      );
    }
    const { role, target } = parseTensorName(tensor.name);
    const group = WHOLE.includes(role) ? wholes : modules;
    const parts = group.get(target) ?? new Map<AdapterRole, CheckpointTensor>();
    refuseSecond(parts.has(role), tensor);
    group.set(target, parts.set(role, tensor));
  }
  const replacements = [...wholes].flatMap(([target, parts]) => replacement(target, parts));
  if (modules.size === 0 && replacements.length === 0)
    throw new FormatError('adapter', 'there is nothing to add to a model');
  return {
    modules: [...modules].map(([module, parts]) => adaptedModule(config, module, parts)),
    replacements,
  };
}

function replacement(target: string, parts: Parts): Replacement[] {
  const tensor = parts.get('replacement') ?? parts.get('base') ?? parts.get('copy');
  if (tensor === undefined) return [];
  return [{ target, tensor, trained: tensor !== parts.get('base') }];
}

function refuseSecond(present: boolean, { name }: CheckpointTensor): void {
  if (present)
    throw new FormatError('adapter', `tensor ${quote(name)} stands for what another one is already`);
}

function adaptedModule(config: AdapterConfig, module: string, parts: Parts): AdaptedModule {
  const kind = parts.has('embeddingA') || parts.has('embeddingB') ? 'embedding' : 'linear';
  const [roleA, roleB, nameA, nameB] =
    kind === 'embedding'
      ? (['embeddingA', 'embeddingB', 'lora_embedding_A', 'lora_embedding_B'] as const)
      : (['a', 'b', 'lora_A', 'lora_B'] as const);
  const a = parts.get(roleA);
  const b = parts.get(roleB);
  const bBias = parts.get('bBias');
  if (a === undefined || b === undefined) {
    const [there, missing] = a === undefined ? [nameB, nameA] : [nameA, nameB];
    throw new FormatError('adapter', `module ${quote(module)} has ${there} without ${missing}`);
  }
  if (kind === 'embedding' && parts.size > 2)
    throw new FormatError('adapter', `module ${quote(module)} has factors of two kinds`);
  const { rank, scale } = scalingOf(config, module);
  checkRank(a, a.shape[0], rank);
  checkRank(b, b.shape[1], rank);
  checkBias(config, module, kind, bBias);
  return { module, kind, a, b, bBias, rank, scale };
}

function checkRank({ name, shape }: CheckpointTensor, received: number | undefined, rank: number): void {
  if (shape.length === 2 && received === rank) return;
  const what = `tensor ${quote(name)}, received shape [${shape.join(', ')}]`;
  throw new FormatError('adapter', `expected a matrix of rank ${rank} (${ADAPTER_CONFIG}) for ${what}`);
}

function checkBias(
  config: AdapterConfig,
  module: string,
  kind: AdaptedModule['kind'],
  bBias: CheckpointTensor | undefined,
): void {
  const expected = config.lora_bias === true && kind === 'linear';
  if (expected === (bBias !== undefined)) return;
  const [wanted, received] = expected ? ['a', 'none'] : ['no', 'one'];
  throw new FormatError(
    'adapter',
    `expected ${wanted} lora_B.bias for module ${quote(module)}, received ${received}`,
  );
}
