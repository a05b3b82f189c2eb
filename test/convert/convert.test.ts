import assert from 'node:assert/strict';
import { copyFile, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { type GgufFile, readGguf, readTensorData } from '../../scripts/convert/gguf/reader.js';
import { OUTPUT_TYPE_NAMES, writtenType } from '../../scripts/convert/output-types.js';
import type { QuantizeFile } from '../../scripts/convert/quantize.js';
import { floatBitsFromHalf, halfFromFloatBits } from './half.js';
import { scratchFolder } from './scratch.js';
import {
  gpt2Shapes,
  newTensor,
  TINY_CONFIG,
  type TinyOptions,
  valuesOf,
  writeJson,
  writeTinyGpt2,
} from './tiny-gpt2.js';

/** llama.cpp's names, and whether the matrix is stored the other way round. */
const LAYER_NAMES: Readonly<Record<string, readonly [target: string, transposed: boolean]>> = {
  'ln_1.weight': ['attn_norm.weight', false],
  'ln_1.bias': ['attn_norm.bias', false],
  'attn.c_attn.weight': ['attn_qkv.weight', true],
  'attn.c_attn.bias': ['attn_qkv.bias', false],
  'attn.c_proj.weight': ['attn_output.weight', true],
  'attn.c_proj.bias': ['attn_output.bias', false],
  'ln_2.weight': ['ffn_norm.weight', false],
  'ln_2.bias': ['ffn_norm.bias', false],
  'mlp.c_fc.weight': ['ffn_up.weight', true],
  'mlp.c_fc.bias': ['ffn_up.bias', false],
  'mlp.c_proj.weight': ['ffn_down.weight', true],
  'mlp.c_proj.bias': ['ffn_down.bias', false],
};

const MODEL_NAMES: Readonly<Record<string, string>> = {
  'wte.weight': 'token_embd.weight',
  'wpe.weight': 'position_embd.weight',
  'ln_f.weight': 'output_norm.weight',
  'ln_f.bias': 'output_norm.bias',
};

function targetOf(source: string): readonly [target: string, transposed: boolean] {
  const layer = /^h\.(\d+)\.(.*)$/.exec(source);
  if (layer === null) return [MODEL_NAMES[source] ?? '', false];
  const [target, transposed] = LAYER_NAMES[layer[2] ?? ''] ?? ['', false];
  return [`blk.${layer[1] ?? ''}.${target}`, transposed];
}

/** What a tensor of the file must hold, in its own order. */
function expectedValues(source: string, shape: readonly number[], transposed: boolean): number[] {
  const [rows = 1, columns = 1] = shape;
  const values = valuesOf(source, rows * columns);
  if (!transposed) return Array.from(values);
  return Array.from(values, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)] ?? NaN);
}

async function valuesIn(path: string, file: GgufFile, name: string): Promise<number[]> {
  const tensor = file.tensors.find((candidate) => candidate.name === name);
  assert.ok(tensor !== undefined, name);
  const handle = await open(path);
  const { buffer } = await readTensorData(handle, file, tensor).finally(() => handle.close());
  if (tensor.type === 'F32') return Array.from(new Float32Array(buffer));
  const widen = tensor.type === 'F16' ? floatBitsFromHalf : (bits: number): number => bits * 0x10000;
  return Array.from(new Float32Array(Uint32Array.from(new Uint16Array(buffer), widen).buffer));
}

/** A quantiser that only copies, so that the way around it can be tested without the addon. */
const copying: QuantizeFile = ({ input, output }) => copyFile(input, output);

async function tiny(context: TestContext, options: TinyOptions = {}): Promise<string> {
  return writeTinyGpt2(await scratchFolder(context), 'tiny-model', options);
}

describe('converting a tiny GPT-2', () => {
  test('to f32 keeps every value, transposes the Conv1D matrices and names everything as llama.cpp does', async (context) => {
    const source = await tiny(context);
    const { outfile, bytes, parameters } = await convertCheckpoint({ source, outtype: 'f32' });
    assert.equal(outfile, join(source, 'tiny-model-f32.gguf'));
    assert.equal(bytes, (await readFile(outfile)).length);
    const file = await readGguf(outfile);
    const shapes = gpt2Shapes(TINY_CONFIG);
    assert.equal(file.tensors.length, shapes.size);
    assert.equal(
      parameters,
      [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0),
    );
    for (const [name, shape] of shapes) {
      const [target, transposed] = targetOf(name);
      const tensor = file.tensors.find((candidate) => candidate.name === target);
      assert.deepEqual(tensor?.dimensions, transposed ? shape : [...shape].reverse(), target);
      assert.deepEqual(
        await valuesIn(outfile, file, target),
        expectedValues(name, shape, transposed),
        target,
      );
    }
  });

  test('to f16 keeps vectors and the position embedding in F32', async (context) => {
    const { outfile } = await convertCheckpoint({ source: await tiny(context), outtype: 'f16' });
    const file = await readGguf(outfile);
    for (const { name, type, dimensions } of file.tensors) {
      const kept = dimensions.length === 1 || name === 'position_embd.weight';
      assert.equal(type, kept ? 'F32' : 'F16', name);
    }
    const rounded = expectedValues('wte.weight', [16, 32], false).map((value) =>
      halfFromFloatBits(new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0),
    );
    const written = await valuesIn(outfile, file, 'token_embd.weight');
    assert.deepEqual(
      written,
      Array.from(new Float32Array(Uint32Array.from(rounded, floatBitsFromHalf).buffer)),
    );
  });

  test('its metadata, in order', async (context) => {
    const { outfile } = await convertCheckpoint({ source: await tiny(context), outtype: 'bf16' });
    const { metadata } = await readGguf(outfile);
    const plain = [...metadata].map(([key, { value }]) => [
      key,
      typeof value === 'object' ? Array.from<unknown>(value) : value,
    ]);
    const tokens = [
      'a',
      'b',
      'c',
      'd',
      'e',
      'h',
      't',
      'Ġ',
      'Ċ',
      'th',
      'the',
      'Ġthe',
      'ab',
      '<|endoftext|>',
      '[PAD14]',
      '[PAD15]',
    ];
    assert.deepEqual(plain, [
      ['general.architecture', 'gpt2'],
      ['general.type', 'model'],
      ['general.name', 'Tiny Model'],
      ['general.size_label', '26K'],
      ['gpt2.block_count', 2],
      ['gpt2.context_length', 8],
      ['gpt2.embedding_length', 32],
      ['gpt2.feed_forward_length', 128],
      ['gpt2.attention.head_count', 2],
      ['gpt2.attention.layer_norm_epsilon', Math.fround(1e-5)],
      ['general.file_type', 32],
      ['general.quantization_version', 2],
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.pre', 'gpt-2'],
      ['tokenizer.ggml.tokens', tokens],
      ['tokenizer.ggml.token_type', [...Array<number>(13).fill(1), 3, 5, 5]],
      ['tokenizer.ggml.merges', ['t h', 'th e', 'Ġ the', 'a b']],
      ['tokenizer.ggml.bos_token_id', 13],
      ['tokenizer.ggml.eos_token_id', 13],
      ['tokenizer.ggml.unknown_token_id', 13],
    ]);
  });

  for (const dtype of ['F64', 'F32', 'F16', 'BF16']) {
    test(`a checkpoint in ${dtype} gives the quantiser its exact values`, async (context) => {
      const source = await tiny(context, { dtype });
      const { outfile } = await convertCheckpoint({ source, outtype: 'q6_k', quantize: copying });
      assert.equal(outfile, join(source, 'tiny-model-q6_k.gguf'));
      const file = await readGguf(outfile);
      assert.equal(file.metadata.get('general.file_type')?.value, 18);
      const tensor = file.tensors.find(({ name }) => name === 'blk.0.ffn_up.weight');
      assert.equal(tensor?.type, dtype === 'F64' ? 'F32' : dtype);
    });
  }

  test("the quantiser is told the number of threads, and its progress is the conversion's", async (context) => {
    const heard: number[] = [];
    await convertCheckpoint({
      source: await tiny(context),
      outtype: 'q6_k',
      threads: 3,
      quantize: async (options) => {
        assert.equal(options.threads, 3);
        options.onProgress?.(0.25);
        await copying(options);
      },
      onProgress: ({ phase, fraction }) => {
        if (phase === 'quantize') heard.push(fraction);
      },
    });
    assert.deepEqual(heard, [0, 0.25, 1]);
  });

  test('names with the prefix "transformer.", old mask buffers, and an output matrix of its own', async (context) => {
    const source = await tiny(context, {
      prefix: 'transformer.',
      tensors: {
        'lm_head.weight': newTensor('lm_head.weight', [16, 32]),
        'transformer.h.0.attn.bias': newTensor('transformer.h.0.attn.bias', [1, 1, 8, 8], 'U8'),
        'transformer.h.1.attn.masked_bias': newTensor('transformer.h.1.attn.masked_bias', []),
      },
    });
    const { outfile } = await convertCheckpoint({ source, outtype: 'f32' });
    const names = new Set((await readGguf(outfile)).tensors.map(({ name }) => name));
    assert.equal(names.size, gpt2Shapes(TINY_CONFIG).size + 1);
    assert.ok(names.has('output.weight') && names.has('blk.1.ffn_down.weight'));
  });

  test('every outtype has its number in the metadata', async (context) => {
    const source = await tiny(context);
    const fileTypes = new Set<unknown>();
    for (const outtype of OUTPUT_TYPE_NAMES) {
      const { outfile } = await convertCheckpoint({ source, outtype, quantize: copying });
      fileTypes.add((await readGguf(outfile)).metadata.get('general.file_type')?.value);
    }
    assert.equal(fileTypes.size, OUTPUT_TYPE_NAMES.length);
    assert.deepEqual(OUTPUT_TYPE_NAMES.filter(writtenType), ['f32', 'f16', 'bf16', 'q8_0']);
  });

  test('the same checkpoint gives the same bytes', async (context) => {
    const source = await tiny(context);
    const first = await convertCheckpoint({ source, outtype: 'f16', outfile: join(source, 'a.gguf') });
    const second = await convertCheckpoint({ source, outtype: 'f16', outfile: join(source, 'b.gguf') });
    assert.deepEqual(await readFile(first.outfile), await readFile(second.outfile));
  });

  test('a dry run checks, lists and writes nothing', async (context) => {
    const source = await tiny(context);
    const before = await readdir(source);
    const result = await convertCheckpoint({ source, dryRun: true });
    assert.equal(result.tensors.length, gpt2Shapes(TINY_CONFIG).size);
    assert.equal(result.bytes, 0);
    assert.deepEqual(await readdir(source), before);
  });

  test('--outfile may be a folder, and an older file is replaced', async (context) => {
    const source = await tiny(context);
    const folder = await scratchFolder(context);
    await writeFile(join(folder, 'tiny-model-f32.gguf'), 'older');
    const { outfile } = await convertCheckpoint({ source, outtype: 'f32', outfile: folder });
    assert.equal((await readGguf(outfile)).version, 3);
    assert.deepEqual(await readdir(folder), ['tiny-model-f32.gguf']);
  });

  test('--tokenizer takes the tokenizer from another folder', async (context) => {
    const source = await tiny(context);
    const tokenizer = await scratchFolder(context);
    await writeJson(tokenizer, 'vocab.json', { x: 0, y: 1, xy: 2 });
    await writeFile(join(tokenizer, 'merges.txt'), '#version: 0.2\nx y\n');
    const { outfile } = await convertCheckpoint({ source, outtype: 'f32', tokenizer });
    assert.deepEqual((await readGguf(outfile)).metadata.get('tokenizer.ggml.merges')?.value, ['x y']);
  });

  test('a broken model card and a wrong end token are warned of, and the conversion goes on', async (context) => {
    const source = await tiny(context, { config: { eos_token_id: 3 } });
    await writeFile(join(source, 'README.md'), '---\nlicense: [mit\n---\n');
    const warnings: string[] = [];
    const onWarning = (message: string): unknown => warnings.push(message);
    const { outfile } = await convertCheckpoint({ source, outtype: 'f32', onWarning });
    const { metadata } = await readGguf(outfile);
    assert.equal(metadata.has('general.license'), false);
    assert.equal(metadata.get('tokenizer.ggml.eos_token_id')?.value, 13);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /^README\.md: the front matter can't be read \(.*\): .* left out$/);
    assert.equal(
      warnings[1],
      'config.json says eos_token_id 3, the tokenizer\'s "<|endoftext|>" is 13: 13 is written',
    );
  });

  test('progress rises to 1, and odd values are warned of', async (context) => {
    const values = valuesOf('wte.weight', 16 * 32);
    values.set([NaN, 1e9, -Infinity]);
    const data = new Uint8Array(values.buffer);
    const source = await tiny(context, {
      tensors: { 'wte.weight': { name: 'wte.weight', dtype: 'F32', shape: [16, 32], data } },
    });
    const fractions: number[] = [];
    const warnings: string[] = [];
    await convertCheckpoint({
      source,
      outtype: 'f16',
      onProgress: ({ fraction }) => fractions.push(fraction),
      onWarning: (message) => warnings.push(message),
    });
    assert.equal(fractions.at(-1), 1);
    assert.deepEqual(
      fractions,
      [...fractions].sort((a, b) => a - b),
    );
    assert.deepEqual(warnings, [
      'tensor "wte.weight" holds 2 NaN or infinite values',
      'tensor "wte.weight" holds 1 values beyond F16\'s range; they become infinite',
    ]);
  });
});
