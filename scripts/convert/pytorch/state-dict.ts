import { type CheckpointTensor, DTYPE_BYTES } from '../checkpoint.js';
import { quote } from '../format-error.js';
import type { TorchArchive } from './archive.js';
import { fault } from './fault.js';
import { storageBytes } from './globals.js';
import type { View } from './strided.js';
import { kindOf, PickledDict, PickledTensor, type PickleValue } from './values.js';

/** A tensor of a state dict and where its elements are. */
export interface StoredView extends CheckpointTensor, View {
  /** Offset of its storage in the file, in bytes. */
  readonly storageOffset: number;
}

/**
 * The tensors of a state dict in the dict's order.
 *
 * @throws FormatError if the pickle holds anything but a dict of tensors, or a tensor leaves its storage
 */
export function stateDictTensors(root: PickleValue, archive: TorchArchive): Map<string, StoredView> {
  if (!(root instanceof PickledDict)) {
    throw fault(`expected a dict of tensors in data.pkl, received ${kindOf(root)}`);
  }
  const tensors = new Map<string, StoredView>();
  for (const [name, value] of root.entries) {
    if (typeof name !== 'string')
      throw fault(`expected a text for the name of a tensor, received the int ${name}`);
    if (!(value instanceof PickledTensor)) {
      throw fault(`expected a tensor for ${quote(name)}, received ${kindOf(value)}`);
    }
    tensors.set(name, locate(name, value, archive));
  }
  return tensors;
}

function locate(name: string, tensor: PickledTensor, archive: TorchArchive): StoredView {
  const what = `tensor ${quote(name)}`;
  const { storage, dtype, offset, shape, strides } = tensor;
  const entry = archive.storage(storage.key);
  if (entry === undefined) throw fault(`the data ${quote(storage.key)} of ${what} are not in the archive`);
  const needed = storageBytes(storage);
  if (needed !== BigInt(entry.bytes)) {
    throw fault(
      `the storage of ${what} takes ${needed.toString()} bytes, its data ${quote(storage.key)} have ${entry.bytes}`,
    );
  }
  checkWithin(what, tensor, BigInt(entry.bytes) / BigInt(DTYPE_BYTES[dtype]));
  return { name, dtype, shape, strides, offset, storageOffset: entry.offset };
}

/** In bigint: a hostile shape may overflow any fixed width. */
function checkWithin(what: string, { offset, shape, strides }: PickledTensor, available: bigint): void {
  const count = shape.reduce((product, size) => product * BigInt(size), 1n);
  const where = `${what} of shape [${shape.join(', ')}], strides [${strides.join(', ')}] and offset ${offset}`;
  if (count > available) {
    throw fault(`${where} has more elements than its storage, ${available.toString()}`);
  }
  const reach = shape.reduce((sum, size, axis) => sum + BigInt(size - 1) * BigInt(strides[axis] ?? 0), 1n);
  if (BigInt(offset) + (count === 0n ? 0n : reach) > available) {
    throw fault(`${where} reaches past the end of its storage of ${available.toString()} elements`);
  }
}
