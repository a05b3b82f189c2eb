import type { TensorTransform } from '../tensors/transform.js';
import type { TensorRule } from './architecture.js';

/** One tensor in an architecture's table; its shape is given by names of sizes. */
export interface Row<Size extends string> {
  /** Name in the checkpoint, without what stands before every name of its kind. */
  readonly source: string;
  /** llama.cpp's name, likewise. */
  readonly target: string;
  readonly shape: readonly Size[];
  /** Default nothing. */
  readonly transform?: TensorTransform;
  /** May be absent. Default false. */
  readonly optional?: boolean;
}

/** All tensors of an architecture: those that are there once, and those that every layer has. */
export interface TensorTable<Size extends string> {
  readonly model: readonly Row<Size>[];
  readonly layer: readonly Row<Size>[];
  /** What stands before a layer's number in the checkpoint, e.g. "layers". */
  readonly layers: string;
}

/** The rules that a table means for a model of these sizes. */
export function tensorRules<Size extends string>(
  table: TensorTable<Size>,
  sizes: Readonly<Record<Size, number>>,
  layerCount: number,
): TensorRule[] {
  const rule = (row: Row<Size>, sourcePrefix: string, targetPrefix: string): TensorRule => ({
    ...row,
    source: sourcePrefix + row.source,
    target: targetPrefix + row.target,
    shape: row.shape.map((name) => sizes[name]),
  });
  const perLayer = Array.from({ length: layerCount }, (_, layer) =>
    table.layer.map((row) => rule(row, `${table.layers}.${layer}.`, `blk.${layer}.`)),
  );
  return [...table.model.map((row) => rule(row, '', '')), ...perLayer.flat()];
}

/** A weight, and a bias as long as the weight's first dimension where there is one. */
export function linear<Size extends string>(
  source: string,
  target: string,
  shape: readonly [Size, Size],
  options: { readonly bias?: boolean; readonly transform?: TensorTransform } = {},
): Row<Size>[] {
  const { bias = false, ...rest } = options;
  const weight = { source: `${source}.weight`, target: `${target}.weight`, shape, ...rest };
  if (!bias) return [weight];
  return [weight, { source: `${source}.bias`, target: `${target}.bias`, shape: [shape[0]], ...rest }];
}

/** A layer norm's weight and bias. */
export function layerNorm<Size extends string>(source: string, target: string, width: Size): Row<Size>[] {
  return ['weight', 'bias'].map((kind) => ({
    source: `${source}.${kind}`,
    target: `${target}.${kind}`,
    shape: [width],
  }));
}
