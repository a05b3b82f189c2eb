/** Numbers that stand for metadata value types in a GGUF file (`enum gguf_type`). */
export const GGUF_VALUE_TYPES = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export type GgufValueType = keyof typeof GGUF_VALUE_TYPES;

/** Typed arrays of the numeric value types; also their element sizes. */
export const NUMERIC_ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
} as const;

export type GgufNumericType = keyof typeof NUMERIC_ARRAYS;
export type GgufBigintType = 'uint64' | 'int64';
export type GgufNumberType = Exclude<GgufNumericType, GgufBigintType>;

export type GgufScalar =
  | { readonly type: GgufNumberType; readonly value: number }
  | { readonly type: GgufBigintType; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string };

export type GgufArray =
  | { readonly type: 'array'; readonly elementType: GgufNumberType; readonly value: ArrayLike<number> }
  | { readonly type: 'array'; readonly elementType: GgufBigintType; readonly value: ArrayLike<bigint> }
  | { readonly type: 'array'; readonly elementType: 'bool'; readonly value: readonly boolean[] }
  | { readonly type: 'array'; readonly elementType: 'string'; readonly value: readonly string[] };

/** One metadata value with its type in the file. */
export type GgufValue = GgufScalar | GgufArray;

/** Metadata in file order. */
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

const NAMES_BY_ID = new Map<number, GgufValueType>(
  Object.entries(GGUF_VALUE_TYPES).map(([name, id]) => [id, name as GgufValueType]),
);

/** The value type with this number, or undefined if there is none. */
export function valueTypeById(id: number): GgufValueType | undefined {
  return NAMES_BY_ID.get(id);
}

/** Whether a value type is a number of fixed width. */
export function isNumericType(type: GgufValueType): type is GgufNumericType {
  return type in NUMERIC_ARRAYS;
}

export const uint32 = (value: number): GgufScalar => ({ type: 'uint32', value });
export const int32 = (value: number): GgufScalar => ({ type: 'int32', value });
export const float32 = (value: number): GgufScalar => ({ type: 'float32', value });
export const bool = (value: boolean): GgufScalar => ({ type: 'bool', value });
export const string = (value: string): GgufScalar => ({ type: 'string', value });
export const strings = (value: readonly string[]): GgufArray => ({
  type: 'array',
  elementType: 'string',
  value,
});
export const float32s = (value: ArrayLike<number>): GgufArray => ({
  type: 'array',
  elementType: 'float32',
  value,
});
export const int32s = (value: ArrayLike<number>): GgufArray => ({
  type: 'array',
  elementType: 'int32',
  value,
});
