import type { Dtype } from '../checkpoint.js';

/**
 * What a pickle may be made of. Values only ever refer to each other and are never walked through, so that
 * neither depth nor cycles nor sharing cost anything.
 */
export type PickleValue =
  | null
  | boolean
  /** An integer; what no double holds exactly is refused. */
  | number
  | string
  | PickledFloat
  | PickledTuple
  | PickledList
  | PickledDict
  | PickledGlobal
  | PickledStorage
  | PickledTensor;

export class PickledFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class PickledTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

export class PickledList {
  /** Its items are of no interest; only that it is a list is told. */
  readonly kind = 'list';
}

export class PickledDict {
  /** A collections.OrderedDict, which alone has attributes. */
  readonly ordered: boolean;
  // Made with the first entry: a file can claim a million empty dicts at a byte each.
  #entries: Map<string | number, PickleValue> | undefined;

  constructor(ordered: boolean) {
    this.ordered = ordered;
  }

  /** In the order in which they were put in. */
  get entries(): ReadonlyMap<string | number, PickleValue> {
    return (this.#entries ??= new Map());
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** Whether the key was new. */
  add(key: string | number, value: PickleValue): boolean {
    this.#entries ??= new Map();
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, value);
    return true;
  }
}

/** The name of a Python object, "module.name", out of the list of allowed ones. */
export class PickledGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a persistent id stands for: the data of one or several tensors in an entry of the archive. */
export class PickledStorage {
  /** The entry is `<root>/data/<key>`. */
  readonly key: string;
  /** Undefined for untyped bytes. */
  readonly dtype: Dtype | undefined;
  /** In elements of `dtype`, in bytes without one. */
  readonly length: number;

  constructor(key: string, dtype: Dtype | undefined, length: number) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
  }
}

/** A view of a storage; nothing says yet that it lies within it. */
export class PickledTensor {
  readonly storage: PickledStorage;
  readonly dtype: Dtype;
  /** In elements, as are the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(fields: Pick<PickledTensor, 'storage' | 'dtype' | 'offset' | 'shape' | 'strides'>) {
    this.storage = fields.storage;
    this.dtype = fields.dtype;
    this.offset = fields.offset;
    this.shape = fields.shape;
    this.strides = fields.strides;
  }
}

const KINDS: readonly (readonly [test: (value: PickleValue) => boolean, kind: string])[] = [
  [(value) => value === null, 'None'],
  [(value) => typeof value === 'boolean', 'a bool'],
  [(value) => typeof value === 'number', 'an int'],
  [(value) => typeof value === 'string', 'a text'],
  [(value) => value instanceof PickledFloat, 'a float'],
  [(value) => value instanceof PickledTuple, 'a tuple'],
  [(value) => value instanceof PickledList, 'a list'],
  [(value) => value instanceof PickledDict, 'a dict'],
  [(value) => value instanceof PickledGlobal, 'a function or type'],
  [(value) => value instanceof PickledStorage, 'a storage'],
  [(value) => value instanceof PickledTensor, 'a tensor'],
];

/** What kind of thing a value is, for a message: "a dict". */
export function kindOf(value: PickleValue): string {
  return KINDS.find(([test]) => test(value))?.[1] ?? 'something unknown';
}
