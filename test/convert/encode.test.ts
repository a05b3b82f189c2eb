import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { DTYPE_BYTES, type FloatDtype } from '../../scripts/convert/checkpoint.js';
import { encodeTensor, type WrittenType } from '../../scripts/convert/tensors/encode.js';
import { transpose } from '../../scripts/convert/tensors/transpose.js';
import { bfloatFromFloatBits, floatBitsFromHalf, halfFromFloatBits } from './half.js';

type Numbers =
  Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function bytesOf(values: Numbers): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer);
}

async function encode(
  values: Numbers,
  dtype: FloatDtype,
  type: WrittenType,
): Promise<Uint8Array<ArrayBuffer>> {
  const columns = type === 'Q8_0' ? 32 : 1;
  return (await encodeTensor({ data: bytesOf(values), dtype }, { type, columns })).data;
}

async function halvesOf(values: Numbers): Promise<Uint16Array> {
  return new Uint16Array((await encode(values, 'F32', 'F16')).buffer);
}

async function bitsOf(values: Numbers, dtype: FloatDtype): Promise<Uint32Array<ArrayBuffer>> {
  return new Uint32Array((await encode(values, dtype, 'F32')).buffer);
}

/** Every interesting binary32: exponents and significands' ends in all combinations, both signs. */
function floatPatterns(): Uint32Array<ArrayBuffer> {
  const significands = [
    0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0x7fff, 0x8000, 0x8001, 0x18000, 0x7fe000, 0x7ff000,
    0x7fffff,
  ];
  const patterns = [];
  for (let exponent = 0; exponent < 512; exponent += 1)
    for (const significand of significands) patterns.push(exponent * 0x800000 + significand);
  return Uint32Array.from(patterns);
}

/** Values and their binary16, as numpy casts them. */
const HALVES: readonly (readonly [value: number, half: number])[] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [65_504, 0x7bff], // the largest
  [65_519.996, 0x7bff],
  [65_520, 0x7c00], // halfway to 65536: to even, infinity
  [1e10, 0x7c00],
  [-Infinity, 0xfc00],
  [2 ** -14, 0x0400], // the smallest normal
  [2 ** -14 - 2 ** -25, 0x0400], // halfway between the largest subnormal and it: to even
  [2 ** -14 - 2 ** -24, 0x03ff],
  [2 ** -24, 0x0001], // the smallest subnormal
  [2 ** -25, 0x0000], // half of it: to even, zero
  [2 ** -25 * 1.0001, 0x0001],
  [3 * 2 ** -25, 0x0002], // one and a half: to even
  [-1e-30, 0x8000],
  [1 + 2 ** -11, 0x3c00], // halfway: to even, down
  [1 + 3 * 2 ** -11, 0x3c02], // halfway: to even, up
  [2 - 2 ** -11, 0x4000], // carries into the exponent
];

const EVERY_HALF = Uint16Array.from({ length: 0x10000 }, (_, half) => half);

describe('binary16', () => {
  test('known values', async () => {
    const halves = await halvesOf(Float32Array.from(HALVES, ([value]) => value));
    for (const [index, [value, half]] of HALVES.entries()) assert.equal(halves[index], half, String(value));
  });

  test('every one of the 65,536 patterns widens as the reference says and survives the way back', async () => {
    const bits = await bitsOf(EVERY_HALF, 'F16');
    assert.deepEqual(bits, Uint32Array.from(EVERY_HALF, floatBitsFromHalf));
    assert.deepEqual(await halvesOf(bits), EVERY_HALF);
  });

  test('halfway between neighbours goes to the even one, and past it to the nearer, over the whole range', async () => {
    const finite = Uint16Array.from({ length: 0x7bff }, (_, half) => half);
    const widened = new Float32Array((await bitsOf(EVERY_HALF, 'F16')).buffer);
    const middles = Float32Array.from(
      finite,
      (half) => ((widened[half] ?? 0) + (widened[half + 1] ?? 0)) / 2,
    );
    const bits = new Uint32Array(middles.buffer);
    assert.deepEqual(
      await halvesOf(middles),
      finite.map((half) => half + (half & 1)),
    );
    assert.deepEqual(await halvesOf(bits.map((pattern) => pattern - 1)), finite);
    assert.deepEqual(
      await halvesOf(bits.map((pattern) => pattern + 1)),
      finite.map((half) => half + 1),
    );
  });

  test('patterns of every exponent, NaNs included, round as the reference says', async () => {
    const patterns = floatPatterns();
    assert.deepEqual(await halvesOf(patterns), Uint16Array.from(patterns, halfFromFloatBits));
  });
});

test('bfloat16 rounds to nearest even, carries into infinity, and makes NaNs quiet', async () => {
  const patterns = floatPatterns();
  const bfloats = new Uint16Array((await encode(patterns, 'F32', 'BF16')).buffer);
  assert.deepEqual(bfloats, Uint16Array.from(patterns, bfloatFromFloatBits));
  assert.equal(bfloatFromFloatBits(0x3f818000), 0x3f82);
  assert.equal(bfloatFromFloatBits(0x7f7fffff), 0x7f80);
  assert.equal(bfloatFromFloatBits(0x7f800001), 0x7fc0);
  const every = await bitsOf(EVERY_HALF, 'BF16');
  assert.deepEqual(
    every,
    Uint32Array.from(EVERY_HALF, (bits) => bits * 0x10000),
  );
});

test('binary64 is rounded to binary32', async () => {
  const values = [0.1, 1 + 2 ** -24, 1 + 2 ** -24 + 2 ** -50, 1e300, -0];
  const widened = new Float32Array((await encode(Float64Array.from(values), 'F64', 'F32')).buffer);
  assert.deepEqual(widened, Float32Array.from(values));
});

test('a type that stays costs no copy', async () => {
  const data = bytesOf(Float32Array.of(1, 2, 3));
  const encoded = await encodeTensor({ data, dtype: 'F32' }, { type: 'F32', columns: 3 });
  assert.equal(encoded.data, data);
});

test('on several threads a tensor of many rows comes out as on one', async () => {
  const values = Float32Array.from({ length: 700 * 1024 }, (_, index) => Math.sin(index));
  const source = { data: bytesOf(values), dtype: 'F32' } as const;
  for (const type of ['F16', 'Q8_0'] as const) {
    const [one, four] = await Promise.all(
      [1, 4].map((threads) => encodeTensor(source, { type, columns: 1024, threads })),
    );
    assert.deepEqual(one?.data, four?.data, type);
  }
});

test('Q8_0: a block of 32 has its largest magnitude / 127 as its scale, and rounds half away from zero', async () => {
  const values = Float32Array.from({ length: 64 }, (_, index) => (index < 32 ? (index - 16) * 0.5 : 0));
  values[0] = 127;
  const blocks = await encode(values, 'F32', 'Q8_0');
  assert.equal(blocks.length, 2 * 34);
  const view = new DataView(blocks.buffer);
  assert.equal(view.getUint16(0, true), 0x3c00);
  const expected = Array.from(
    values.subarray(0, 32),
    (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5) + 0,
  );
  assert.deepEqual(Array.from(new Int8Array(blocks.buffer, 2, 32)), expected);
  assert.deepEqual(Array.from(blocks.subarray(34)), new Array(34).fill(0));
});

describe('values that a reader should hear of', () => {
  const faults = async (values: Numbers, dtype: FloatDtype): Promise<unknown> =>
    (await encodeTensor({ data: bytesOf(values), dtype }, { type: 'F16', columns: 1 })).faults;

  test('NaN and infinite values are counted in every type', async () => {
    const expected = { nonFinite: 3, overflowing: 0 };
    const values = [1, NaN, Infinity, -Infinity];
    assert.deepEqual(await faults(Float32Array.from(values), 'F32'), expected);
    assert.deepEqual(await faults(Float64Array.from(values), 'F64'), expected);
    assert.deepEqual(await faults(Uint16Array.of(0x3c00, 0x7e00, 0x7c00, 0xfc00), 'F16'), expected);
    assert.deepEqual(await faults(Uint16Array.of(0x3f80, 0x7fc0, 0x7f80, 0xff80), 'BF16'), expected);
  });

  test('and finite ones that F16 cannot hold', async () => {
    const expected = { nonFinite: 0, overflowing: 2 };
    assert.deepEqual(await faults(Float32Array.of(65_519, 65_520, -1e9), 'F32'), expected);
  });
});

test('transpose swaps rows and columns, tiles or not, in every element size', () => {
  for (const [rows, columns] of [
    [1, 1],
    [3, 2],
    [130, 67],
  ] as const) {
    for (const [dtype, ArrayType] of [
      ['F16', Uint16Array],
      ['F32', Uint32Array],
      ['F64', Float64Array],
    ] as const) {
      const source = new ArrayType(Array.from({ length: rows * columns }, (_, index) => index));
      const flipped = transpose(new Uint8Array(source.buffer), [rows, columns], DTYPE_BYTES[dtype]);
      const result = new ArrayType(flipped.buffer);
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          assert.equal(result[column * rows + row], source[row * columns + column]);
        }
      }
    }
  }
});
