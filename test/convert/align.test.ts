import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';

import { alignVocabulary, VOCABULARY_SIZE_KEY } from '../../scripts/convert/align/align-vocabulary.js';
import { type RowPadding, withPadding } from '../../scripts/convert/align/padding.js';
import { type GgufFile, readGguf, readTensorData } from '../../scripts/convert/gguf/reader.js';
import {
  float32,
  type GgufMetadata,
  type GgufValue,
  int32s,
  strings,
  uint32,
} from '../../scripts/convert/gguf/values.js';
import type { TensorDescription } from '../../scripts/convert/gguf/writer.js';
import { OUTPUT_TYPE_NAMES, type OutputTypeName } from '../../scripts/convert/output-types.js';
import { ODD_VOCABULARY, writeAlignedGpt2 } from './aligned-gpt2.js';
import { scratchFolder } from './scratch.js';

/** Three normal tokens, one control token, one normal, one control: the last normal one is 4. */
const TYPES = [1, 1, 1, 3, 1, 3];

function metadata(extra: Readonly<Record<string, GgufValue>> = {}): GgufMetadata {
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.tokens', strings(TYPES.map((_, id) => `t${id}`))],
    ['tokenizer.ggml.token_type', int32s(TYPES)],
    ...Object.entries(extra),
  ]);
}

function tensor(name: string, ...dimensions: number[]): TensorDescription {
  return { name, type: 'F16', dimensions };
}

const TIED = [tensor('token_embd.weight', 64, 6), tensor('blk.0.attn_qkv.weight', 64, 24)];

describe('aligned vocabulary', () => {
  test('a tied embedding gets rows and stays one tensor', () => {
    const aligned = alignVocabulary({ tensors: TIED, metadata: metadata() }, 'q8_0');
    const padding = { row: 4, rows: 26 };
    assert.equal(aligned.addedRows, 26);
    assert.deepEqual(aligned.tensors, [
      { ...tensor('token_embd.weight', 64, 32), padding },
      tensor('blk.0.attn_qkv.weight', 64, 24),
    ]);
    const tokens = aligned.metadata.get('tokenizer.ggml.tokens')?.value as string[];
    assert.deepEqual(tokens.slice(4, 8), ['t4', 't5', '[PAD6]', '[PAD7]']);
    assert.equal(tokens.length, 32);
    const types = aligned.metadata.get('tokenizer.ggml.token_type')?.value as number[];
    assert.deepEqual(types, [...TYPES, ...new Array<number>(26).fill(5)]);
    assert.deepEqual(aligned.metadata.get(VOCABULARY_SIZE_KEY), uint32(6));
  });

  test('separate matrices, an output bias, scores and the size the architecture writes grow, too', () => {
    const scores: GgufValue = { type: 'array', elementType: 'float32', value: [0, -1, -2, 0, -3, 0] };
    const plan = {
      tensors: [...TIED, tensor('output.weight', 64, 6), tensor('output.bias', 6)],
      metadata: metadata({
        'tokenizer.ggml.scores': scores,
        'llama.vocab_size': uint32(6),
        'x.y': float32(1),
      }),
    };
    const aligned = alignVocabulary(plan, 'q4_k_m');
    assert.deepEqual(
      aligned.tensors.map(({ dimensions }) => dimensions),
      [[64, 32], [64, 24], [64, 32], [32]],
    );
    const grown = aligned.metadata.get('tokenizer.ggml.scores')?.value as number[];
    assert.deepEqual([grown.length, grown[4], grown[6]], [32, -3, -10_000]);
    assert.deepEqual(aligned.metadata.get('llama.vocab_size'), uint32(32));
    assert.deepEqual(aligned.metadata.get('x.y'), float32(1));
    assert.equal(plan.metadata.has(VOCABULARY_SIZE_KEY), false);
  });

  test('what would not gain is left as it is', () => {
    const plan = { tensors: TIED, metadata: metadata() };
    for (const outtype of ['f32', 'f16', 'bf16'] as const)
      assert.deepEqual(alignVocabulary(plan, outtype), { ...plan, addedRows: 0 });
    const even = {
      tensors: [tensor('token_embd.weight', 64, 64)],
      metadata: new Map([['tokenizer.ggml.tokens', strings(new Array<string>(64).fill('t'))]]),
    };
    assert.deepEqual(alignVocabulary(even, 'q8_0'), { ...even, addedRows: 0 });
    // Q8_0 has no such rows, so this matrix will be F16.
    const narrow = { tensors: [tensor('token_embd.weight', 80, 6)], metadata: metadata() };
    assert.deepEqual(alignVocabulary(narrow, 'q8_0'), { ...narrow, addedRows: 0 });
  });

  test('every quantised type gains', () => {
    const gaining = OUTPUT_TYPE_NAMES.filter(
      (outtype: OutputTypeName) =>
        alignVocabulary({ tensors: TIED, metadata: metadata() }, outtype).addedRows > 0,
    );
    assert.deepEqual(
      gaining,
      OUTPUT_TYPE_NAMES.filter((name) => !['f32', 'f16', 'bf16'].includes(name)),
    );
  });

  test('rows and tokens that disagree, and a plan without an embedding, are refused', () => {
    const refuse = (tensors: TensorDescription[], message: RegExp): void => {
      assert.throws(() => alignVocabulary({ tensors, metadata: metadata() }, 'q8_0'), message);
    };
    refuse(
      [tensor('token_embd.weight', 64, 7)],
      /expected 6 rows for token_embd\.weight, as many as there are/,
    );
    refuse([tensor('blk.0.attn_qkv.weight', 64, 6)], /there is no token_embd\.weight to align/);
  });
});

describe('padding', () => {
  const padded = (padding: RowPadding): TensorDescription & { padding: RowPadding } => ({
    ...tensor('token_embd.weight', 2, 5),
    padding,
  });

  test('repeats its row after the data', () => {
    const data = Uint8Array.from({ length: 12 }, (_, index) => index);
    const written = Buffer.concat(withPadding(padded({ row: 1, rows: 2 }), data));
    assert.deepEqual([...written], [...data, 4, 5, 6, 7, 4, 5, 6, 7]);
  });

  test('data that ends before the row is an error', () => {
    assert.throws(
      () => withPadding(padded({ row: 3, rows: 1 }), new Uint8Array(12)),
      /tensor "token_embd\.weight" ends before its row 3/,
    );
  });
});

async function rowsOf(path: string, file: GgufFile, name: string): Promise<Buffer[]> {
  const found = file.tensors.find((candidate) => candidate.name === name);
  assert.ok(found !== undefined, name);
  const handle = await open(path, 'r');
  try {
    const data = Buffer.from(await readTensorData(handle, file, found));
    const rows = found.dimensions.at(-1) ?? 0;
    const bytes = data.length / rows;
    return Array.from({ length: rows }, (_, row) => data.subarray(row * bytes, (row + 1) * bytes));
  } finally {
    await handle.close();
  }
}

test('an aligned file holds the plain file’s rows, then copies of the last normal token’s', async (context: TestContext) => {
  const folder = await scratchFolder(context);
  const { plain, aligned } = await writeAlignedGpt2(folder);
  const before = await rowsOf(plain, await readGguf(plain), 'token_embd.weight');
  const file = await readGguf(aligned);
  const after = await rowsOf(aligned, file, 'token_embd.weight');
  assert.deepEqual(after.slice(0, before.length), before);
  assert.equal(after.length, 32);
  for (const row of after.slice(before.length)) assert.deepEqual(row, before[12]);
  assert.deepEqual(file.metadata.get(VOCABULARY_SIZE_KEY), uint32(ODD_VOCABULARY));
});
