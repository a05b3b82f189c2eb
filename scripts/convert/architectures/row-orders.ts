import type { TensorTransform } from '../tensors/transform.js';

/**
 * Rows of queries or keys from transformers' rotary layout to that of llama.cpp's LLaMA graph. transformers
 * rotates row i of a head with row i + headDim / 2, llama.cpp rotates neighbours.
 *
 * @param headDim rows of one head, even
 */
export function interleaveRotaryHalves(headDim: number): TensorTransform {
  const half = headDim / 2;
  return {
    kind: 'rows',
    order: (row) => {
      const within = row % headDim;
      return row - within + (within % 2) * half + Math.floor(within / 2);
    },
  };
}

/**
 * Rows of a fused matrix that keeps query, key and value of a head together, to all queries, all keys, all values.
 *
 * @param heads number of heads, the same for all three
 */
export function gatherQueriesKeysValues(heads: number, headDim: number): TensorTransform {
  const width = heads * headDim;
  return {
    kind: 'rows',
    order: (row) => {
      const part = Math.floor(row / width);
      const head = Math.floor((row % width) / headDim);
      return (head * 3 + part) * headDim + (row % headDim);
    },
  };
}
