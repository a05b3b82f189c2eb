import {
  type Architecture,
  type GeneratedTensor,
  type ModelDescription,
  plainName,
  type TensorRule,
} from './architectures/architecture.js';
import {
  type Checkpoint,
  type CheckpointTensor,
  type Dtype,
  type FloatDtype,
  isFloatDtype,
  sameShape,
} from './checkpoint.js';
import { FormatError, quote } from './format-error.js';
import type { TensorDescription } from './gguf/writer.js';
import type { PlainType, WrittenType } from './tensors/encode.js';
import { type TensorTransform, transformedShape } from './tensors/transform.js';

/** One tensor of the file to come and what it is made from. */
export interface PlannedTensor extends TensorDescription {
  readonly type: WrittenType;
  readonly origin: TensorOrigin;
}

/** Where a tensor's values come from. */
export type TensorOrigin =
  | {
      readonly kind: 'checkpoint';
      readonly tensor: CheckpointTensor & { readonly dtype: FloatDtype };
      readonly transform: TensorTransform | undefined;
    }
  | { readonly kind: 'generated'; readonly values: Float32Array<ArrayBuffer> };

/**
 * Tensors that llama.cpp wants in F32 although they are matrices; its converter keeps the same list, and its
 * quantiser leaves them alone.
 */
const ALWAYS_F32 = new Set(['position_embd.weight', 'token_types.weight']);

/** Elements in a block of Q8_0. */
const Q8_0_BLOCK = 32;

/**
 * The type a tensor gets in a file whose matrices have type `matrices`, as llama.cpp's converter decides it.
 *
 * @param dimensions fastest-varying first
 */
export function storedType(
  target: string,
  dimensions: readonly number[],
  matrices: WrittenType,
): WrittenType {
  const keep =
    dimensions.length <= 1 ||
    target.endsWith('_norm.weight') ||
    !target.endsWith('.weight') ||
    ALWAYS_F32.has(target);
  if (keep) return 'F32';
  return matrices === 'Q8_0' && (dimensions[0] ?? 0) % Q8_0_BLOCK !== 0 ? 'F16' : matrices;
}

/**
 * Matches a checkpoint's tensors with an architecture's rules.
 *
 * @param matrices the type of the file's matrices; "exact" for the smallest that holds each one's values
 * @returns generated tensors, then the others in the checkpoint's order, which is llama.cpp's converter's
 * @throws FormatError if one is missing, unknown, of another shape, or no tensor of floats
 */
export function planTensors(
  architecture: Architecture,
  model: ModelDescription,
  checkpoint: Checkpoint,
  matrices: WrittenType | 'exact',
): PlannedTensor[] {
  const rules = new Map(model.tensors.map((rule) => [rule.source, rule]));
  const planned = (model.generated ?? []).map(planGenerated);
  for (const tensor of checkpoint.tensors.values()) {
    if (architecture.ignored.test(tensor.name)) continue;
    const source = plainName(architecture, tensor.name);
    const rule = rules.get(source);
    if (rule === undefined) {
      throw new FormatError(
        'checkpoint',
        `tensor ${quote(tensor.name)} has no place in ${architecture.name}`,
      );
    }
    // Taken once: a second tensor of that name, with and without the prefix, finds no rule any more.
    rules.delete(source);
    planned.push(plan(rule, tensor, matrices === 'exact' ? exactType(tensor.dtype) : matrices));
  }
  const missing = [...rules.values()].filter((rule) => rule.optional !== true);
  if (missing.length > 0) throw new FormatError('checkpoint', describeMissing(missing));
  return planned;
}

function exactType(dtype: Dtype): PlainType {
  return dtype === 'F16' || dtype === 'BF16' ? dtype : 'F32';
}

function describeMissing(missing: readonly TensorRule[]): string {
  const [first] = missing;
  const others = missing.length === 1 ? '' : ` and ${missing.length - 1} others`;
  return `tensor ${quote(first?.source ?? '')}${others} missing`;
}

function plan(rule: TensorRule, tensor: CheckpointTensor, matrices: WrittenType): PlannedTensor {
  const { dtype, shape } = tensor;
  if (!isFloatDtype(dtype)) {
    throw new FormatError(
      'checkpoint',
      `expected F64, F32, F16 or BF16 for tensor ${quote(tensor.name)}, received ${dtype}`,
    );
  }
  if (!sameShape(shape, rule.shape)) {
    throw new FormatError(
      'checkpoint',
      `expected shape [${rule.shape.join(', ')}] for tensor ${quote(tensor.name)}, received [${shape.join(', ')}]`,
    );
  }
  const { transform } = rule;
  // ggml counts dimensions from the fastest-varying one.
  const dimensions = [...transformedShape(transform, shape)].reverse();
  return {
    name: rule.target,
    type: storedType(rule.target, dimensions, matrices),
    dimensions,
    origin: { kind: 'checkpoint', tensor: { ...tensor, dtype }, transform },
  };
}

function planGenerated({ target, values }: GeneratedTensor): PlannedTensor {
  return { name: target, type: 'F32', dimensions: [values.length], origin: { kind: 'generated', values } };
}
