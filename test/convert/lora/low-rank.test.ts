import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addLowRank } from '../../../src/engine/low-rank.js';
import { valuesOf } from '../tiny-gpt2.js';

/** weight + scale x (b @ a), each operation rounded to binary32, sums in the order of the rank. */
function expected(
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  [rows, rank, columns]: readonly [number, number, number],
  scale: number,
  transposed: boolean,
): Float32Array {
  const result = weight.slice();
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let k = 0; k < rank; k += 1)
        sum = Math.fround(sum + Math.fround((b[row * rank + k] ?? NaN) * (a[k * columns + column] ?? NaN)));
      const place = transposed ? column * rows + row : row * columns + column;
      result[place] = (weight[place] ?? NaN) + Math.fround(Math.fround(scale) * sum);
    }
  }
  return result;
}

describe('addLowRank', () => {
  test('a product small enough to do by hand', async () => {
    const weight = Float32Array.of(100, 200, 300, 400, 500, 600);
    const b = Float32Array.of(1, 2, 3, 4);
    const a = Float32Array.of(1, 0, 2, 0, 1, 3);
    // b @ a = [[1, 2, 8], [3, 4, 18]]
    await addLowRank(weight, b, a, { rows: 2, columns: 3, rank: 2, scale: 10, transposed: false });
    assert.deepEqual([...weight], [110, 220, 380, 430, 540, 780]);
    await addLowRank(weight, b, a, { rows: 2, columns: 3, rank: 2, scale: -10, transposed: false });
    assert.deepEqual([...weight], [100, 200, 300, 400, 500, 600]);
    // Stored [3, 2]: the transpose, [[1, 3], [2, 4], [8, 18]], is added.
    await addLowRank(weight, b, a, { rows: 2, columns: 3, rank: 2, scale: 1, transposed: true });
    assert.deepEqual([...weight], [101, 203, 302, 404, 508, 618]);
  });

  // Rows and columns below, at and beyond the sizes of tiles and blocks; the last ones by several threads.
  const shapes = [
    [1, 1, 1],
    [3, 2, 7],
    [4, 8, 8],
    [5, 3, 65],
    [67, 16, 130],
    [501, 64, 1030],
  ] as const;
  for (const [rows, rank, columns] of shapes) {
    for (const transposed of [false, true]) {
      test(`[${rows}, ${rank}] @ [${rank}, ${columns}]${transposed ? ', transposed' : ''}`, async () => {
        const b = valuesOf('b', rows * rank);
        const a = valuesOf('a', rank * columns);
        const weight = valuesOf('weight', rows * columns);
        const wanted = expected(weight, b, a, [rows, rank, columns], 0.3, transposed);
        await addLowRank(weight, b, a, { rows, columns, rank, scale: 0.3, transposed });
        // A processor may fuse a multiplication with an addition, which rounds once instead of twice.
        const tolerance = (rank + 2) * 2 ** -23 * rank;
        for (const [index, value] of weight.entries())
          if (!(Math.abs(value - (wanted[index] ?? NaN)) <= tolerance))
            assert.fail(`element ${index}: ${value}`);
      });
    }
  }

  test('the same with one thread and with several', async () => {
    const [rows, rank, columns] = [501, 64, 1030];
    const b = valuesOf('b', rows * rank);
    const a = valuesOf('a', rank * columns);
    const results = await Promise.all(
      [1, 3, 0, 1000].map(async (threads) => {
        const weight = valuesOf('weight', rows * columns);
        await addLowRank(weight, b, a, { rows, columns, rank, scale: 0.3, transposed: false, threads });
        return Buffer.from(weight.buffer);
      }),
    );
    for (const result of results) assert.ok(result.equals(results[0] ?? assert.fail()));
  });

  test('NaN and infinities go through', async () => {
    const weight = Float32Array.of(1, 2);
    const options = { rows: 1, columns: 2, rank: 1, scale: 1, transposed: false };
    await addLowRank(weight, Float32Array.of(1), Float32Array.of(NaN, Infinity), options);
    assert.deepEqual([...weight], [NaN, Infinity]);
  });

  test('arrays of other lengths than stated are refused before they are touched', async () => {
    const options = { rows: 2, columns: 2, rank: 1, scale: 1, transposed: false };
    const [two, four] = [new Float32Array(2), new Float32Array(4)];
    for (const [weight, b, a] of [
      [two, two, two],
      [four, four, two],
      [four, two, four],
    ] as const) {
      await assert.rejects(addLowRank(weight, b, a, options), RangeError);
    }
    const absurd = { ...options, rows: 2 ** 33, columns: 2 ** 33 };
    await assert.rejects(addLowRank(four, two, two, absurd), RangeError);
  });
});
