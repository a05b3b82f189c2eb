import type { Dtype } from '../checkpoint.js';
import { DTYPE_BYTES } from '../checkpoint.js';
import { quote } from '../format-error.js';
import { fault } from './fault.js';
import {
  kindOf,
  PickledDict,
  PickledGlobal,
  PickledStorage,
  PickledTensor,
  PickledTuple,
  type PickleValue,
} from './values.js';

/** Element types by the storage classes that stand for them in a persistent id. */
const STORAGE_DTYPES: ReadonlyMap<string, Dtype | undefined> = new Map<string, Dtype | undefined>([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
  // What torch writes for the younger types, whose name is then an argument of _rebuild_tensor_v3.
  ['torch.storage.UntypedStorage', undefined],
]);

const TENSOR_DTYPES: ReadonlyMap<string, Dtype> = new Map<string, Dtype>([
  ['torch.uint16', 'U16'],
  ['torch.uint32', 'U32'],
  ['torch.uint64', 'U64'],
  ['torch.float8_e4m3fn', 'F8_E4M3'],
  ['torch.float8_e5m2', 'F8_E5M2'],
  ['torch.float8_e8m0fnu', 'F8_E8M0'],
]);

/** torch's own limit on dimensions. */
const MAX_DIMENSIONS = 64;

type Rebuild = (values: readonly PickleValue[]) => PickleValue;

/** All that a pickle may call; none of them does anything but build one of our values. */
const FUNCTIONS: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor_v2', (values) => tensor(values, '_rebuild_tensor_v2')],
  ['torch._utils._rebuild_tensor_v3', (values) => tensor(values, '_rebuild_tensor_v3')],
  ['torch._utils._rebuild_parameter', parameter],
  ['torch.Size', size],
]);

/** @throws FormatError naming a global that is not on the list */
export function findGlobal(module: string, name: string): PickledGlobal {
  const global = `${module}.${name}`;
  if (FUNCTIONS.has(global) || STORAGE_DTYPES.has(global) || TENSOR_DTYPES.has(global)) {
    return new PickledGlobal(global);
  }
  throw fault(`the global ${quote(global)} is not allowed`);
}

/**
 * What REDUCE does.
 *
 * @throws FormatError if that is no function of the list or its arguments are not what torch passes
 */
export function callGlobal(callable: PickleValue, values: PickleValue): PickleValue {
  if (!(callable instanceof PickledGlobal)) {
    throw fault(`expected an allowed function for REDUCE to call, received ${kindOf(callable)}`);
  }
  const rebuild = FUNCTIONS.get(callable.name);
  if (rebuild === undefined) throw fault(`the global ${quote(callable.name)} may not be called`);
  if (!(values instanceof PickledTuple)) {
    throw fault(`expected a tuple for the arguments of ${callable.name}, received ${kindOf(values)}`);
  }
  return rebuild(values.items);
}

/**
 * The storage that a persistent id names: ('storage', type, key, device, number of elements).
 *
 * @throws FormatError if it is anything else
 */
export function persistentStorage(id: PickleValue): PickledStorage {
  if (!(id instanceof PickledTuple)) {
    throw fault(`expected a tuple for a persistent id, received ${kindOf(id)}`);
  }
  const [tag, type, key, location, length] = id.items;
  if (id.items.length !== 5 || tag !== 'storage') {
    throw fault('expected ("storage", type, key, device, length) for a persistent id');
  }
  if (!(type instanceof PickledGlobal) || !STORAGE_DTYPES.has(type.name)) {
    const received = type instanceof PickledGlobal ? quote(type.name) : kindOf(type ?? null);
    throw fault(`expected a storage type in a persistent id, received ${received}`);
  }
  if (typeof key !== 'string' || typeof location !== 'string' || !isCount(length)) {
    throw fault('expected a text, a text and a count behind the type of a persistent id');
  }
  if (!/^\w+$/.test(key)) throw fault(`the storage key ${quote(key)} is no plain name`);
  return new PickledStorage(key, STORAGE_DTYPES.get(type.name), length);
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

function orderedDict(values: readonly PickleValue[]): PickleValue {
  if (values.length > 0) throw fault('expected no arguments for collections.OrderedDict');
  return new PickledDict(true);
}

function size([sizes = null, ...rest]: readonly PickleValue[]): PickleValue {
  if (!(sizes instanceof PickledTuple) || rest.length > 0) throw fault('expected a tuple for torch.Size');
  return sizes;
}

/** (storage, offset, size, stride, requires_grad, hooks[, metadata]); _v3 has a dtype before the metadata. */
function tensor(
  values: readonly PickleValue[],
  name: '_rebuild_tensor_v2' | '_rebuild_tensor_v3',
): PickleValue {
  const typed = name === '_rebuild_tensor_v2';
  const [storage = null, offset, shape, strides, requiresGrad, hooks, ...rest] = values;
  if (!(storage instanceof PickledStorage)) {
    throw fault(`expected a storage for the first argument of ${name}, received ${kindOf(storage)}`);
  }
  const what = `a tensor of storage ${quote(storage.key)}`;
  const dtype = typed ? storage.dtype : dtypeOf(rest.shift());
  if (dtype === undefined || typed === (storage.dtype === undefined)) {
    throw fault(`${what} has an element type that ${name} does not take`);
  }
  if (!isCount(offset)) throw fault(`expected a non-negative integer for the offset of ${what}`);
  checkExtras(what, requiresGrad, hooks, rest);
  return new PickledTensor({
    storage,
    dtype,
    offset,
    ...layout(what, shape, strides),
  });
}

function dtypeOf(value: PickleValue | undefined): Dtype | undefined {
  return value instanceof PickledGlobal ? TENSOR_DTYPES.get(value.name) : undefined;
}

function layout(
  what: string,
  shape: PickleValue | undefined,
  strides: PickleValue | undefined,
): Pick<PickledTensor, 'shape' | 'strides'> {
  const counts = [shape, strides].map((value) => {
    if (value instanceof PickledTuple && value.items.length <= MAX_DIMENSIONS) {
      const { items } = value;
      if (items.every(isCount)) return items;
    }
    throw fault(
      `expected up to ${MAX_DIMENSIONS} non-negative integers for the shape and strides of ${what}`,
    );
  });
  const [sizes = [], steps = []] = counts;
  if (sizes.length !== steps.length) {
    throw fault(
      `expected as many strides as dimensions for ${what}, received ${steps.length} for ${sizes.length}`,
    );
  }
  return { shape: sizes, strides: steps };
}

/** Hooks would be functions; the metadata say that a tensor is to be conjugated or negated when read. */
function checkExtras(
  what: string,
  requiresGrad: PickleValue | undefined,
  hooks: PickleValue | undefined,
  rest: readonly PickleValue[],
): void {
  if (typeof requiresGrad !== 'boolean') throw fault(`expected a bool for requires_grad of ${what}`);
  checkHooks(what, hooks);
  if (rest.some((value) => value !== null)) throw fault(`the metadata of ${what} are not supported`);
}

function checkHooks(what: string, hooks: PickleValue | undefined): void {
  if (hooks instanceof PickledDict && hooks.size === 0) return;
  throw fault(`expected no backward hooks for ${what}`);
}

function parameter(values: readonly PickleValue[]): PickleValue {
  const [data = null, requiresGrad, hooks, ...rest] = values;
  if (!(data instanceof PickledTensor)) {
    throw fault(`expected a tensor for the first argument of _rebuild_parameter, received ${kindOf(data)}`);
  }
  checkExtras(`a parameter of storage ${quote(data.storage.key)}`, requiresGrad, hooks, rest);
  return data;
}

/** Bytes that a storage takes, exactly. */
export function storageBytes({ dtype, length }: PickledStorage): bigint {
  return BigInt(length) * BigInt(dtype === undefined ? 1 : DTYPE_BYTES[dtype]);
}
