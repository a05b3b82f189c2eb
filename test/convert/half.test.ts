import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { DTYPE_BYTES, type FloatDtype } from '../../scripts/convert/checkpoint.js';
import { encodeTensor, type PlainType } from '../../scripts/convert/tensors/encode.js';
import {
  bfloatFromFloatBits,
  floatBitsFromHalf,
  halfFromFloatBits,
} from '../../scripts/convert/tensors/half.js';
import { inspectValues } from '../../scripts/convert/tensors/inspect.js';
import { transpose } from '../../scripts/convert/tensors/transpose.js';

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
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

describe('binary16', () => {
  for (const [value, half] of HALVES) {
    test(`${Object.is(value, -0) ? '-0' : value} is 0x${half.toString(16).padStart(4, '0')}`, () => {
      assert.equal(halfFromFloatBits(bitsOf(value)), half);
    });
  }

  test('every one of the 65,536 patterns survives the way to binary32 and back', () => {
    for (let half = 0; half < 0x10000; half += 1)
      assert.equal(halfFromFloatBits(floatBitsFromHalf(half)), half);
  });

  test('halfway between neighbours goes to the even one, and past it to the nearer, over the whole range', () => {
    for (let half = 0; half < 0x7bff; half += 1) {
      const middle = (floatOf(floatBitsFromHalf(half)) + floatOf(floatBitsFromHalf(half + 1))) / 2;
      const bits = bitsOf(middle);
      assert.equal(halfFromFloatBits(bits), half + (half & 1), `halfway above ${half}`);
      assert.equal(halfFromFloatBits(bits - 1), half);
      assert.equal(halfFromFloatBits(bits + 1), half + 1);
    }
  });

  test('a NaN stays one, whichever bits say so', () => {
    for (const bits of [0x7fc00000, 0x7f800001, 0xffffffff]) {
      assert.ok(Number.isNaN(floatOf(floatBitsFromHalf(halfFromFloatBits(bits)))), bits.toString(16));
    }
    assert.equal(halfFromFloatBits(0x7f800001), 0x7c01);
  });
});

test('bfloat16 rounds to nearest even, carries into infinity, and makes NaNs quiet', () => {
  const cases: readonly (readonly [bits: number, bfloat: number])[] = [
    [0x3f800000, 0x3f80],
    [0x3f808000, 0x3f80],
    [0x3f808001, 0x3f81],
    [0x3f818000, 0x3f82],
    [0x80000000, 0x8000],
    [0x7f7fffff, 0x7f80],
    [0xff7fffff, 0xff80],
    [0xff800000, 0xff80],
    [0x7f800001, 0x7fc0],
    [0xffffffff, 0xffff],
  ];
  for (const [bits, bfloat] of cases) assert.equal(bfloatFromFloatBits(bits), bfloat, bits.toString(16));
});

describe('encodeTensor', () => {
  const values = [0, 1, -0.5, 65_504, 2 ** -24];
  const sources: Readonly<Record<FloatDtype, ArrayBuffer>> = {
    F64: Float64Array.from(values).buffer,
    F32: Float32Array.from(values).buffer,
    F16: Uint16Array.from(values, (value) => halfFromFloatBits(bitsOf(value))).buffer,
    BF16: Uint16Array.from([0, 1, -0.5, 65_280, 2 ** -24], (value) => bfloatFromFloatBits(bitsOf(value)))
      .buffer,
  };

  for (const dtype of Object.keys(sources) as FloatDtype[]) {
    for (const type of ['F32', 'F16', 'BF16'] as const) {
      test(`${dtype} to ${type}`, () => {
        const source = new Uint8Array(sources[dtype]);
        const expected = dtype === 'BF16' ? [0, 1, -0.5, 65_280, 2 ** -24] : values;
        const decoded = decode(Buffer.concat([...encodeTensor(source, dtype, type)]), type);
        assert.deepEqual(
          decoded,
          type === 'BF16' ? expected.map((value) => (value === 65_504 ? 65_536 : value)) : expected,
        );
      });
    }
  }

  test('tensors longer than a chunk come in several', () => {
    const source = new Float32Array(2 * 1024 * 1024 + 3).fill(1.5);
    const halves = Buffer.concat(
      [...encodeTensor(new Uint8Array(source.buffer), 'F32', 'F16')].map((piece) => Buffer.from(piece)),
    );
    assert.equal(halves.length, source.length * 2);
    assert.ok(
      new Uint16Array(halves.buffer, halves.byteOffset, source.length).every((half) => half === 0x3e00),
    );
  });

  function decode(bytes: Buffer, type: PlainType): number[] {
    const copy = new Uint8Array(bytes).buffer;
    if (type === 'F32') return Array.from(new Float32Array(copy));
    const widen = type === 'F16' ? floatBitsFromHalf : (bits: number): number => bits * 0x10000;
    return Array.from(new Uint16Array(copy), (bits) => floatOf(widen(bits)));
  }
});

describe('inspectValues', () => {
  const bytes = (array: Float32Array | Float64Array | Uint16Array): Uint8Array<ArrayBuffer> =>
    new Uint8Array(Uint8Array.from(new Uint8Array(array.buffer)).buffer);

  test('counts NaN and infinite values in every type', () => {
    const expected = { nonFinite: 3, overflowing: 0 };
    const values = [1, NaN, Infinity, -Infinity];
    assert.deepEqual(inspectValues(bytes(Float32Array.from(values)), 'F32', 'F32'), expected);
    assert.deepEqual(inspectValues(bytes(Float64Array.from(values)), 'F64', 'F16'), expected);
    assert.deepEqual(
      inspectValues(bytes(Uint16Array.of(0x3c00, 0x7e00, 0x7c00, 0xfc00)), 'F16', 'F32'),
      expected,
    );
    assert.deepEqual(
      inspectValues(bytes(Uint16Array.of(0x3f80, 0x7fc0, 0x7f80, 0xff80)), 'BF16', 'BF16'),
      expected,
    );
    assert.deepEqual(
      inspectValues(bytes(Uint16Array.of(0x3f80, 0x7fc0, 0x7f80, 0xff80)), 'BF16', 'F16'),
      expected,
    );
  });

  test('counts values beyond F16 only where F16 is written', () => {
    const data = bytes(Float32Array.of(65_519, 65_520, -1e9));
    assert.deepEqual(inspectValues(data, 'F32', 'F16'), { nonFinite: 0, overflowing: 2 });
    assert.deepEqual(inspectValues(data, 'F32', 'BF16'), { nonFinite: 0, overflowing: 0 });
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
