import type { GeneratedTensor } from '../architecture.js';
import { unexpected } from '../config-checks.js';
import type { RopeConfig } from './config.js';

const f = Math.fround;

/**
 * The tensors of frequency factors that llama.cpp divides rotary frequencies by; most models have none.
 *
 * @param dimensions rotated dimensions of a head, even
 * @throws FormatError if config.json's factors are not half as many
 */
export function ropeTensors(rope: RopeConfig, dimensions: number): GeneratedTensor[] {
  const { scaling } = rope;
  if (scaling.type === 'llama3') {
    return [{ target: 'rope_freqs.weight', values: llama3Factors(rope, scaling, dimensions) }];
  }
  if (scaling.type !== 'longrope') return [];
  return (['long', 'short'] as const).map((length) => {
    const values = scaling[`${length}_factor`];
    if (values.length !== dimensions / 2)
      throw unexpected(`${length}_factor`, `${dimensions / 2} numbers`, values.length);
    return { target: `rope_factors_${length}.weight`, values: Float32Array.from(values) };
  });
}

type Llama3 = Extract<RopeConfig['scaling'], { type: 'llama3' }>;

/**
 * LLaMA 3.1's factors: 1 for short wavelengths, `factor` for long ones, in between interpolated in frequency.
 * Each step is rounded to binary32 as torch does it, so that the bits are those of llama.cpp's converter.
 */
function llama3Factors(rope: RopeConfig, scaling: Llama3, dimensions: number): Float32Array<ArrayBuffer> {
  const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
  const original = rope.originalContext;
  return Float32Array.from({ length: dimensions / 2 }, (_, index) => {
    const frequency = f(1 / f(f(rope.theta) ** f((2 * index) / dimensions)));
    // torch divides a number by a tensor as reciprocal, then product.
    const wavelength = f(f(1 / frequency) * f(2 * Math.PI));
    if (wavelength < f(original / high)) return 1;
    if (wavelength > f(original / low)) return factor;
    const smooth = f(f(f(f(1 / wavelength) * f(original)) - f(low)) / f(high - low));
    return f(1 / f(f(f(1 - smooth) / f(factor)) + smooth));
  });
}
