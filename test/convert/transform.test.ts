import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  gatherQueriesKeysValues,
  interleaveRotaryHalves,
} from '../../scripts/convert/architectures/row-orders.js';
import { FormatError } from '../../scripts/convert/format-error.js';
import {
  applyTransform,
  type TensorTransform,
  transformedShape,
  type TypedData,
} from '../../scripts/convert/tensors/transform.js';

const float32 = (...values: number[]): TypedData => ({
  data: new Uint8Array(Float32Array.from(values).buffer),
  dtype: 'F32',
});
const halves = (dtype: 'F16' | 'BF16', ...bits: number[]): TypedData => ({
  data: new Uint8Array(Uint16Array.from(bits).buffer),
  dtype,
});
const values = ({ data }: TypedData): number[] => [...new Float32Array(data.slice().buffer)];

/** A matrix of `rows` rows whose elements say their row and column. */
const numbered = (rows: number, columns: number): TypedData =>
  float32(
    ...Array.from(
      { length: rows * columns },
      (_, index) => Math.floor(index / columns) * 10 + (index % columns),
    ),
  );

describe('transforming a tensor', () => {
  test('nothing gives the same memory', async () => {
    const tensor = float32(1, 2);
    assert.equal((await applyTransform(undefined, tensor, [2])).data, tensor.data);
    assert.deepEqual(transformedShape(undefined, [2, 3]), [2, 3]);
  });

  test('transposition turns the shape, too', async () => {
    const turned = await applyTransform({ kind: 'transpose' }, numbered(2, 3), [2, 3]);
    assert.deepEqual(values(turned), [0, 10, 1, 11, 2, 12]);
    assert.deepEqual(transformedShape({ kind: 'transpose' }, [2, 3]), [3, 2]);
  });

  test("queries: a head's first and second half become neighbours", async () => {
    // Two heads of four rows.
    const order = [0, 2, 1, 3, 4, 6, 5, 7];
    const turned = await applyTransform(interleaveRotaryHalves(4), numbered(8, 2), [8, 2]);
    assert.deepEqual(
      values(turned),
      order.flatMap((row) => [row * 10, row * 10 + 1]),
    );
    assert.deepEqual(transformedShape(interleaveRotaryHalves(4), [8, 2]), [8, 2]);
  });

  test('fused queries, keys and values: a bias has rows of one element', async () => {
    // Rows by head, part and dimension: hundreds, tens, ones.
    const bias = [0, 1].flatMap((head) =>
      [0, 1, 2].flatMap((part) => [0, 1].map((at) => head * 100 + part * 10 + at)),
    );
    const turned = await applyTransform(gatherQueriesKeysValues(2, 2), float32(...bias), [12]);
    assert.deepEqual(values(turned), [0, 1, 100, 101, 10, 11, 110, 111, 20, 21, 120, 121]);
  });

  test('rows of two-byte elements', async () => {
    const swap: TensorTransform = { kind: 'rows', order: (row) => 1 - row };
    const turned = await applyTransform(swap, halves('BF16', 1, 2, 3, 4), [2, 2]);
    assert.deepEqual([...new Uint16Array(turned.data.slice().buffer)], [3, 4, 1, 2]);
    assert.equal(turned.dtype, 'BF16');
  });

  test('an order that leads out of the tensor is an error', async () => {
    for (const row of [2, -1, NaN]) {
      await assert.rejects(
        applyTransform({ kind: 'rows', order: () => row }, float32(1, 2), [2]),
        FormatError,
      );
    }
  });
});

describe('adding 1', () => {
  const plusOne: TensorTransform = { kind: 'add', value: 1 };
  // 2 to the power of -12: between 1 and the next binary16 number, and a binary16 and a bfloat16 number itself.
  const TINY = 2 ** -12;

  test('to F16 happens in F16', async () => {
    const sum = await applyTransform(plusOne, halves('F16', 0x0c00, 0x3c00, 0xbc00), [3]);
    assert.equal(sum.dtype, 'F16');
    assert.deepEqual([...new Uint16Array(sum.data.slice().buffer)], [0x3c00, 0x4000, 0]);
  });

  test('to BF16 happens in F32', async () => {
    const sum = await applyTransform(plusOne, halves('BF16', 0x3980, 0x3f80), [2]);
    assert.equal(sum.dtype, 'F32');
    assert.deepEqual(values(sum), [1 + TINY, 2]);
  });

  test('to F64 happens in F32, after rounding', async () => {
    const doubles = Float64Array.of(TINY, 2 ** -24 + 2 ** -60);
    const sum = await applyTransform(plusOne, { data: new Uint8Array(doubles.buffer), dtype: 'F64' }, [2]);
    assert.equal(sum.dtype, 'F32');
    assert.deepEqual(values(sum), [1 + TINY, 1]);
  });

  test('to F32 leaves the input as it was', async () => {
    const tensor = float32(0.5, -1);
    assert.deepEqual(values(await applyTransform(plusOne, tensor, [2])), [1.5, 0]);
    assert.deepEqual(values(tensor), [0.5, -1]);
  });
});
