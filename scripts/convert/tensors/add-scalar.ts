import { encodeTensor } from './encode.js';
import type { TypedData } from './transform.js';

/** What a number is added to are vectors of norms: not worth a second thread. */
const threads = 1;

/**
 * Adds a number to every element as torch does after llama.cpp's converter has widened the tensor: F16 stays
 * F16 and is rounded once, everything else becomes F32.
 */
export async function addScalar({ data, dtype }: TypedData, value: number): Promise<TypedData> {
  const widened = await encodeTensor({ data, dtype }, { type: 'F32', columns: 1, threads });
  const sums = new Float32Array(widened.data.slice().buffer);
  for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] ?? 0) + value;
  const sum: TypedData = { data: new Uint8Array(sums.buffer), dtype: 'F32' };
  if (dtype !== 'F16') return sum;
  return { data: (await encodeTensor(sum, { type: 'F16', columns: 1, threads })).data, dtype };
}
