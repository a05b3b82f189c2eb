import { transpose } from '../tensors/transpose.js';

/** A view of a row of elements. */
export interface View {
  /** All in elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** One dimension of a view that is being copied, and where its elements go. */
interface Dimension {
  readonly size: number;
  readonly stride: number;
  readonly targetStride: number;
}

/** Reads elements `[begin, end)` of the storage. */
export type ReadSpan = (begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/** A stretch with other elements between is still read in one go up to this many times the tensor's size. */
const MAX_WASTE = 4;
/** Below this, a stretch is read in one go whatever it holds. */
const SMALL_BYTES = 1024 * 1024;

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * A view's elements in row-major order, in memory of their own.
 *
 * @param elementBytes 1, 2, 4 or 8
 */
export async function gather(
  view: View,
  elementBytes: number,
  read: ReadSpan,
): Promise<Uint8Array<ArrayBuffer>> {
  const count = elementCount(view.shape);
  if (count === 0) return new Uint8Array(0);
  const dimensions = merge(view);
  if (dimensions.every(({ stride, targetStride }) => stride === targetStride)) {
    return read(view.offset, view.offset + count);
  }
  const whole = asTransposed(dimensions, count);
  if (whole !== undefined && elementBytes > 1) {
    return transpose(await read(view.offset, view.offset + count), whole, elementBytes);
  }
  const target = new Uint8Array(count * elementBytes);
  const limit = Math.max(SMALL_BYTES, MAX_WASTE * target.length) / elementBytes;
  const bySpan = [...dimensions].sort((a, b) => b.stride - a.stride);
  await copy({ target, elementBytes, read, limit }, bySpan, view.offset, 0);
  return target;
}

/** Without dimensions of one element; neighbours that are evenly spaced together are one dimension. */
function merge({ shape, strides }: View): Dimension[] {
  const merged: Dimension[] = [];
  let targetStride = 1;
  for (let index = shape.length - 1; index >= 0; index -= 1) {
    const [size = 1, stride = 1] = [shape[index], strides[index]];
    const inner = merged[0];
    if (inner !== undefined && inner.stride * inner.size === stride && size > 1) {
      merged[0] = { ...inner, size: inner.size * size };
    } else if (size > 1) {
      merged.unshift({ size, stride, targetStride });
    }
    targetStride *= size;
  }
  return merged;
}

/** The stored matrix's [rows, columns] if the view is just its transposition, as `tensor.t()` is. */
function asTransposed(dimensions: readonly Dimension[], count: number): [number, number] | undefined {
  const [outer, inner] = dimensions;
  if (dimensions.length !== 2 || outer === undefined || inner === undefined) return undefined;
  return outer.stride === 1 && inner.stride === outer.size && inner.size * outer.size === count
    ? [inner.size, outer.size]
    : undefined;
}

interface Copying {
  readonly target: Uint8Array<ArrayBuffer>;
  readonly elementBytes: number;
  readonly read: ReadSpan;
  /** Elements that are read at a time at most, unless a single element is more. */
  readonly limit: number;
}

/** Copies a part of the view: in one go if it lies together closely enough, slice by slice otherwise. */
async function copy(job: Copying, dimensions: readonly Dimension[], from: number, to: number): Promise<void> {
  const span = dimensions.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 1);
  const [first, ...rest] = dimensions;
  if (first === undefined || span <= job.limit) {
    const source = await job.read(from, from + span);
    scatter(elements(source, job.elementBytes), elements(job.target, job.elementBytes), dimensions, to);
    return;
  }
  for (let index = 0; index < first.size; index += 1) {
    await copy(job, rest, from + index * first.stride, to + index * first.targetStride);
  }
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

function elements(bytes: Uint8Array<ArrayBuffer>, elementBytes: number): Elements {
  if (elementBytes === 2) return new Uint16Array(bytes.buffer);
  if (elementBytes === 4) return new Uint32Array(bytes.buffer);
  return elementBytes === 8 ? new BigUint64Array(bytes.buffer) : bytes;
}

/** Copies run by run: a run is the last dimension, whose elements lie closest together. */
function scatter(source: Elements, target: Elements, dimensions: readonly Dimension[], to: number): void {
  const outer = dimensions.slice(0, -1);
  const { size: run, stride, targetStride } = dimensions.at(-1) ?? { size: 1, stride: 1, targetStride: 1 };
  const index = outer.map(() => 0);
  let read = 0;
  let write = to;
  for (let left = elementCount(outer.map(({ size }) => size)); left > 0; left -= 1) {
    for (let element = 0; element < run; element += 1) {
      target[write + element * targetStride] = source[read + element * stride] ?? 0;
    }
    // Like a mileage counter: the last wheel turns fastest, and a full turn moves the one before it.
    for (let axis = outer.length - 1; axis >= 0; axis -= 1) {
      const wheel = outer[axis] ?? { size: 1, stride: 0, targetStride: 0 };
      const turned = (index[axis] ?? 0) + 1;
      const full = turned === wheel.size;
      index[axis] = full ? 0 : turned;
      read += full ? wheel.stride * (1 - wheel.size) : wheel.stride;
      write += full ? wheel.targetStride * (1 - wheel.size) : wheel.targetStride;
      if (!full) break;
    }
  }
}
