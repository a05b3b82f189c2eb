import { strings, uint32 } from '../../scripts/convert/gguf/values.js';
import type { GoodModel } from './damage.js';

/** A kind of file that is no model. */
export interface BadModel {
  readonly what: string;
  /** The file's bytes. `folder` is for files that are made on the way. */
  readonly make: (good: GoodModel, folder: string) => Buffer | Promise<Buffer>;
  /** What the error has to say, after "the model can't be loaded: ". */
  readonly says: RegExp;
}

const MATRIX = 'blk.0.attn_qkv.weight';
const TOKENS = 'tokenizer.ggml.tokens';
const TOKEN_TYPES = 'tokenizer.ggml.token_type';

const notGguf: readonly BadModel[] = [
  { what: 'nothing in it', make: () => Buffer.alloc(0), says: /^the file is empty$/ },
  { what: 'a single byte', make: (good) => good.cut(1), says: /^failed to read magic$/ },
  {
    what: 'plain text',
    make: () => Buffer.from('Once upon a time there was a model.\n'.repeat(100)),
    says: /^invalid magic characters: 'Once', expected 'GGUF'$/,
  },
  {
    what: 'JSON',
    make: () => Buffer.from(JSON.stringify({ model_type: 'gpt2', n_layer: 12 })),
    says: /^invalid magic characters: /,
  },
  {
    what: 'a PNG picture',
    make: () =>
      Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(4096, 7)]),
    says: /^invalid magic characters: '.PNG'/,
  },
  {
    what: 'a big-endian magic',
    make: (good) => good.edited((copy) => copy.write('FUGG', 'latin1')),
    says: /^invalid magic characters: 'FUGG'/,
  },
  { what: 'zeros only', make: () => Buffer.alloc(100_000), says: /^invalid magic characters: / },
];

const header: readonly BadModel[] = [
  { what: 'version 0', make: (good) => good.withVersion(0), says: /^bad GGUF version: 0$/ },
  { what: 'version 1', make: (good) => good.withVersion(1), says: /^GGUFv1 is no longer supported/ },
  { what: 'version 99', make: (good) => good.withVersion(99), says: /version 99 .* up to version 3$/ },
  {
    what: 'a byte-swapped version',
    make: (good) => good.withVersion(0x03000000),
    says: /host and model endianness/,
  },
  {
    what: 'more metadata than it holds',
    make: (good) => good.withKeyCount(1n << 20n),
    says: /exceeds|failed to read key-value pairs/,
  },
  {
    what: 'an absurd metadata count',
    make: (good) => good.withKeyCount(1n << 62n),
    says: /^number of key value pairs is 4611686018427387904/,
  },
  { what: 'less metadata than it holds', make: (good) => good.withKeyCount(3n), says: /tensor/ },
  {
    what: 'more tensors than it holds',
    make: (good) => good.withTensorCount(1n << 20n),
    says: /exceeds|tensor/,
  },
  {
    what: 'an absurd tensor count',
    make: (good) => good.withTensorCount(1n << 63n),
    says: /^number of tensors is /,
  },
  {
    what: 'a key of 2^63 bytes',
    make: (good) => good.withFirstKeyLength(1n << 63n),
    says: /^string length 9223372036854775808 exceeds/,
  },
  {
    what: 'a key longer than the file',
    make: (good) => good.withFirstKeyLength(1n << 30n),
    says: /^string length 1073741824 exceeds remaining file size/,
  },
];

const cut: readonly BadModel[] = [
  { what: 'its end in the header', make: (good) => good.cut(13), says: /^failed to read header$/ },
  {
    what: 'its end in the metadata',
    make: (good) => good.cut(2000),
    says: /^failed to read key-value pairs$|exceeds remaining file size/,
  },
  {
    what: 'its end in the tensor descriptions',
    make: (good) => good.cut(good.bytes.indexOf(MATRIX) + 10),
    says: /exceeds remaining file size 10 bytes$/,
  },
  {
    what: 'its end before the tensor data',
    make: (good) => good.cut(good.file.dataOffset),
    says: /is not within the file bounds/,
  },
  {
    what: 'its end in the tensor data',
    make: (good) => good.cut(good.bytes.length >> 1),
    says: /is not within the file bounds/,
  },
  {
    what: 'its last byte missing',
    make: (good) => good.cut(good.bytes.length - 1),
    says: /is not within the file bounds/,
  },
];

const descriptions: readonly BadModel[] = [
  {
    what: 'an unknown tensor type',
    make: (good) => good.withDescription(MATRIX, (copy, { typeAt }) => copy.writeUInt32LE(9999, typeAt)),
    says: /'blk.0.attn_qkv.weight' has invalid ggml type 9999/,
  },
  {
    what: 'a removed tensor type',
    make: (good) => good.withDescription(MATRIX, (copy, { typeAt }) => copy.writeUInt32LE(4, typeAt)),
    says: /'blk.0.attn_qkv.weight' of type 4 \(DEPRECATED\)/,
  },
  {
    what: 'a tensor type of another size',
    make: (good) => good.withDescription(MATRIX, (copy, { typeAt }) => copy.writeUInt32LE(0, typeAt)),
    says: /has offset \d+, expected \d+$/,
  },
  {
    what: 'a tensor that begins behind the end',
    make: (good) =>
      good.withDescription(MATRIX, (copy, { offsetAt }) => copy.writeBigUInt64LE(1n << 40n, offsetAt)),
    says: /'blk.0.attn_qkv.weight' has offset 1099511627776, expected/,
  },
  {
    what: 'a tensor at an odd offset',
    make: (good) =>
      good.withDescription(MATRIX, (copy, { offsetAt }) => copy.writeBigUInt64LE(17n, offsetAt)),
    says: /'blk.0.attn_qkv.weight' has offset 17, expected/,
  },
  {
    what: 'a tensor with a negative dimension',
    make: (good) =>
      good.withDescription(MATRIX, (copy, { dimensionsAt }) => copy.writeBigInt64LE(-256n, dimensionsAt)),
    says: /'blk.0.attn_qkv.weight' dimension 0 has invalid number of elements: -256/,
  },
  {
    what: 'a tensor whose size overflows',
    make: (good) =>
      good.withDescription(MATRIX, (copy, { dimensionsAt }) => {
        copy.writeBigInt64LE(1n << 62n, dimensionsAt);
        copy.writeBigInt64LE(1n << 62n, dimensionsAt + 8);
      }),
    says: /tensor/,
  },
  {
    what: 'a tensor of another shape',
    make: (good) =>
      good.withDescription(MATRIX, (copy, { dimensionsAt }) => {
        copy.writeBigInt64LE(768n, dimensionsAt);
        copy.writeBigInt64LE(256n, dimensionsAt + 8);
      }),
    says: /'blk.0.attn_qkv.weight' has wrong shape/,
  },
  {
    what: 'a tensor of a hundred dimensions',
    make: (good) => good.withDescription(MATRIX, (copy, { countAt }) => copy.writeUInt32LE(100, countAt)),
    says: /'blk.0.attn_qkv.weight' has invalid number of dimensions: 100/,
  },
  {
    what: 'a tensor twice',
    make: (good) =>
      good.withDescription('blk.1.attn_qkv.weight', (copy, { nameAt }) => copy.write(MATRIX, nameAt)),
    says: /^duplicate tensor name 'blk.0.attn_qkv.weight'/,
  },
];

const contents: readonly BadModel[] = [
  {
    what: 'a vocabulary and no tensors',
    make: (good, folder) => good.altered(folder, { without: 'all' }),
    says: /^tensor 'token_embd.weight' not found$/,
  },
  {
    what: 'a tensor missing',
    make: (good, folder) => good.altered(folder, { without: [MATRIX] }),
    says: /^tensor 'blk.0.attn_qkv.weight' not found$/,
  },
  {
    what: 'more blocks announced than there are',
    make: (good, folder) => good.altered(folder, { metadata: { 'gpt2.block_count': uint32(50) } }),
    says: /^tensor 'blk.\d+.\w+.weight' not found$/,
  },
  {
    what: 'an absurd number of blocks',
    make: (good, folder) => good.altered(folder, { metadata: { 'gpt2.block_count': uint32(0xffffffff) } }),
    says: /^the engine process ended .*: GGML_ASSERT\(.*n_layer.*\) failed$/,
  },
  {
    what: 'no attention heads',
    make: (good, folder) => good.altered(folder, { metadata: { 'gpt2.attention.head_count': uint32(0) } }),
    says: /has wrong shape/,
  },
  {
    what: 'a context longer than its positions',
    make: (good, folder) => good.altered(folder, { metadata: { 'gpt2.context_length': uint32(1 << 24) } }),
    says: /'position_embd.weight' has wrong shape/,
  },
  {
    what: 'an unknown architecture',
    make: (good, folder) =>
      good.altered(folder, { metadata: { 'general.architecture': { type: 'string', value: 'gpt999' } } }),
    says: /^unknown model architecture: 'gpt999'$/,
  },
  {
    what: 'no architecture',
    make: (good, folder) => good.altered(folder, { metadata: { 'general.architecture': undefined } }),
    says: /^unknown model architecture: ''$/,
  },
  {
    what: 'no hyperparameters',
    make: (good, folder) => good.altered(folder, { metadata: { 'gpt2.embedding_length': undefined } }),
    says: /^key not found in model: gpt2.embedding_length$/,
  },
  {
    what: 'no tokenizer',
    make: (good, folder) =>
      good.altered(folder, { metadata: { 'tokenizer.ggml.model': undefined, [TOKENS]: undefined } }),
    says: /^key not found in model: tokenizer.ggml.model$/,
  },
  {
    what: 'an unknown tokenizer',
    make: (good, folder) =>
      good.altered(folder, { metadata: { 'tokenizer.ggml.model': { type: 'string', value: 'abacus' } } }),
    says: /^unknown tokenizer: 'abacus'$/,
  },
  {
    what: 'more tokens than embeddings',
    make: (good, folder) => {
      const tokens = [...good.strings(TOKENS), '\u0120zyzzyva-1', '\u0120zyzzyva-2'];
      return good.altered(folder, { metadata: { [TOKENS]: strings(tokens), [TOKEN_TYPES]: undefined } });
    },
    says: /'token_embd.weight' has wrong shape/,
  },
  {
    what: 'two tokens of the same text',
    make: (good, folder) => {
      const [first = '', , ...rest] = good.strings(TOKENS);
      return good.altered(folder, { metadata: { [TOKENS]: strings([first, first, ...rest]) } });
    },
    says: /GGML_ASSERT\(id_to_token.*\) failed$/,
  },
  {
    what: 'fewer tokens than embeddings',
    make: (good, folder) =>
      good.altered(folder, { metadata: { [TOKENS]: strings(good.strings(TOKENS).slice(0, -10)) } }),
    says: /'token_embd.weight' has wrong shape/,
  },
  {
    what: 'tokens of the wrong kind',
    make: (good, folder) => good.altered(folder, { metadata: { [TOKENS]: uint32(7) } }),
    says: /^invalid gguf type for tokenizer.ggml.tokens$/,
  },
  {
    what: 'not a number as a weight',
    make: (good) => good.withData('output_norm.weight', (data) => data.writeFloatLE(NaN, 40)),
    says: /^tensor 'output_norm.weight' has invalid data$/,
  },
  {
    what: 'an infinite weight',
    make: (good) => good.withData('output_norm.weight', (data) => data.writeFloatLE(Infinity, 40)),
    says: /^tensor 'output_norm.weight' has invalid data$/,
  },
  {
    // A Q8_0 block is a half-precision scale and 32 numbers.
    what: 'not a number as the scale of a quantised block',
    make: (good) => good.withData(MATRIX, (data) => data.writeUInt16LE(0x7e00, 34 * 5)),
    says: /^tensor 'blk.0.attn_qkv.weight' has invalid data$/,
  },
];

/** Every kind that comes as a regular file. */
export const badModels: readonly BadModel[] = [...notGguf, ...header, ...cut, ...descriptions, ...contents];
