import { GGML_TYPES } from '../gguf/ggml-types.js';
import { halfFromFloatBits } from '../tensors/half.js';

const { blockSize, blockBytes } = GGML_TYPES.Q8_0;

/**
 * Quantises to Q8_0 as ggml does (quantize_row_q8_0_ref): per block of 32 the largest magnitude / 127 in binary32
 * as the scale, stored in F16, and eight bits a value, rounded half away from zero.
 *
 * @param values finite, a whole number of blocks
 */
export function encodeQ8(values: Float32Array): Uint8Array<ArrayBuffer> {
  const blocks = values.length / blockSize;
  const bytes = new Uint8Array(blocks * blockBytes);
  const view = new DataView(bytes.buffer);
  const bits = new DataView(new ArrayBuffer(4));
  for (let block = 0; block < blocks; block += 1) {
    const part = values.subarray(block * blockSize, (block + 1) * blockSize);
    const scale = Math.fround(part.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    bits.setFloat32(0, scale);
    view.setUint16(block * blockBytes, halfFromFloatBits(bits.getUint32(0)), true);
    for (const [index, value] of part.entries())
      view.setInt8(block * blockBytes + 2 + index, roundHalfAway(Math.fround(value * inverse)));
  }
  return bytes;
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
