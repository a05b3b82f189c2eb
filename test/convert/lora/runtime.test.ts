import assert from 'node:assert/strict';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { readGguf, readTensorData } from '../../../scripts/convert/gguf/reader.js';
import { type AdapterOutputType, convertAdapter } from '../../../scripts/convert/lora/index.js';
import type { NewTensor } from '../raw-safetensors.js';
import { scratchFolder } from '../scratch.js';
import { newTensor, TINY_CONFIG, valuesOf, writeJson } from '../tiny-gpt2.js';
import { type ConfigChanges, handmade, PLAIN_TENSORS, PREFIX, writeAdapter } from './tiny-adapter.js';

const C_ATTN = `${PREFIX}h.0.attn.c_attn`;

interface Converted {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Type and dimensions by name, in file order. */
  readonly tensors: readonly (readonly [string, string, readonly number[]])[];
  readonly values: (name: string) => Float32Array;
  readonly warnings: readonly string[];
}

interface Case {
  readonly tensors?: readonly NewTensor[];
  readonly config?: ConfigChanges;
  readonly base?: Readonly<Record<string, unknown>>;
  readonly outtype?: AdapterOutputType;
  readonly card?: string;
}

/** Converts an adapter alone; of the base there is config.json and nothing else. */
async function convert(context: TestContext, options: Case = {}): Promise<Converted> {
  const parent = await scratchFolder(context);
  const base = join(parent, 'base');
  await mkdir(base);
  await writeJson(base, 'config.json', { ...TINY_CONFIG, ...options.base });
  const adapter = await writeAdapter(parent, options.tensors, options.config, 'Tiny-1K-lora');
  if (options.card !== undefined) await writeFile(join(adapter, 'README.md'), options.card);
  const warnings: string[] = [];
  const { outfile } = await convertAdapter({
    adapter,
    base,
    outtype: options.outtype,
    onWarning: (message) => warnings.push(message),
  });
  const file = await readGguf(outfile);
  const handle = await open(outfile);
  const contents = new Map<string, Float32Array>();
  for (const tensor of file.tensors) {
    const { buffer } = await readTensorData(handle, file, tensor);
    if (tensor.type === 'F32') contents.set(tensor.name, new Float32Array(buffer));
  }
  await handle.close();
  return {
    metadata: Object.fromEntries([...file.metadata].map(([key, { value }]) => [key, value])),
    tensors: file.tensors.map(({ name, type, dimensions }) => [name, type, dimensions] as const),
    values: (name) => contents.get(name) ?? assert.fail(`no ${name}`),
    warnings,
  };
}

const QKV = 'blk.0.attn_qkv.weight';

test('a plain adapter: its factors as they are, under the names of the tensors they are for', async (context) => {
  const { metadata, tensors, values } = await convert(context);
  assert.deepEqual(metadata, {
    'general.architecture': 'gpt2',
    'general.type': 'adapter',
    'adapter.type': 'lora',
    'general.name': 'Tiny 1K Lora',
    'general.basename': 'Tiny',
    'general.size_label': '1K',
    'adapter.lora.alpha': 4,
    'general.quantization_version': 2,
  });
  // Conv1D keeps [in, out] and is transposed on its way into a model file; B A is [out, in] already.
  assert.deepEqual(tensors, [
    [`${QKV}.lora_a`, 'F32', [32, 2]],
    [`${QKV}.lora_b`, 'F32', [2, 96]],
  ]);
  assert.deepEqual(values(`${QKV}.lora_a`), valuesOf(`${C_ATTN}.lora_A.weight`, 64));
  assert.deepEqual(values(`${QKV}.lora_b`), valuesOf(`${C_ATTN}.lora_B.weight`, 192));
});

test("the card's base model is told", async (context) => {
  const { metadata } = await convert(context, { card: '---\nbase_model: acme/Tiny-1K\n---\n' });
  assert.equal(metadata['general.base_model.count'], 1);
  assert.equal(metadata['general.base_model.0.organization'], 'Acme');
});

describe("llama.cpp's scale, alpha / rank, times the product is PEFT's", () => {
  const other = [
    newTensor(`${PREFIX}h.1.attn.c_attn.lora_A.weight`, [4, 32]),
    newTensor(`${PREFIX}h.1.attn.c_attn.lora_B.weight`, [96, 4]),
  ];
  const cases: readonly (readonly [kind: string, config: ConfigChanges, scales: readonly number[]])[] = [
    ['rank_pattern', { rank_pattern: { 'h.1.attn.c_attn': 4 } }, [4 / 2, 4 / 4]],
    [
      'alpha_pattern',
      { rank_pattern: { 'h.1.attn.c_attn': 4 }, alpha_pattern: { 'h.1.attn.c_attn': 10 } },
      [4 / 2, 10 / 4],
    ],
    ['rsLoRA', { use_rslora: true, rank_pattern: { 'h.1.attn.c_attn': 4 } }, [4 / Math.SQRT2, 4 / 2]],
    ['alpha 0', { lora_alpha: 0, rank_pattern: { 'h.1.attn.c_attn': 4 } }, [0, 0]],
  ];
  for (const [kind, config, scales] of cases) {
    test(kind, async (context) => {
      const { metadata, values } = await convert(context, { config, tensors: [...PLAIN_TENSORS, ...other] });
      const alpha = Number(metadata['adapter.lora.alpha']);
      assert.notEqual(alpha, 0, 'llama.cpp would not scale at all');
      for (const [layer, rank] of [2, 4].entries()) {
        const name = `${PREFIX}h.${layer}.attn.c_attn.lora_B.weight`;
        const wanted = valuesOf(name, 96 * rank);
        for (const [index, value] of values(`blk.${layer}.attn_qkv.weight.lora_b`).entries()) {
          const expected = (wanted[index] ?? NaN) * (scales[layer] ?? NaN);
          assert.ok(Math.abs((value * alpha) / rank - expected) <= 2 ** -22 * Math.abs(expected));
        }
      }
    });
  }
});

test('an embedding: A is transposed, for llama.cpp looks rows of it up', async (context) => {
  const a = Array.from({ length: 2 * 16 }, (_, index) => index);
  const { tensors, values } = await convert(context, {
    base: { tie_word_embeddings: false },
    tensors: [
      handmade(`${PREFIX}wte.lora_embedding_A`, [2, 16], a),
      newTensor(`${PREFIX}wte.lora_embedding_B`, [32, 2]),
    ],
  });
  assert.deepEqual(tensors, [
    ['token_embd.weight.lora_a', 'F32', [2, 16]],
    ['token_embd.weight.lora_b', 'F32', [2, 32]],
  ]);
  assert.deepEqual([...values('token_embd.weight.lora_a')].slice(0, 6), [0, 16, 1, 17, 2, 18]);
  assert.deepEqual(values('token_embd.weight.lora_b'), valuesOf(`${PREFIX}wte.lora_embedding_B`, 64));
});

test('queries and keys of a LLaMA: rows of B in the order of the model file', async (context) => {
  const base = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: 8,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    max_position_embeddings: 16,
    rms_norm_eps: 1e-5,
    vocab_size: 16,
  };
  const module = 'base_model.model.model.layers.0.self_attn.q_proj';
  const b = Array.from({ length: 8 }, (_, row) => row);
  const { tensors, values } = await convert(context, {
    base,
    config: { r: 1 },
    tensors: [newTensor(`${module}.lora_A.weight`, [1, 8]), handmade(`${module}.lora_B.weight`, [8, 1], b)],
  });
  assert.deepEqual(
    tensors.map(([name]) => name),
    ['blk.0.attn_q.weight.lora_a', 'blk.0.attn_q.weight.lora_b'],
  );
  // Heads of four rows; both halves of each are interleaved.
  assert.deepEqual([...values('blk.0.attn_q.weight.lora_b')], [0, 2, 1, 3, 4, 6, 5, 7]);
});

describe('element types', () => {
  for (const [outtype, a, b] of [
    ['f32', 'F32', 'F32'],
    ['f16', 'F16', 'F16'],
    ['bf16', 'BF16', 'BF16'],
    // Rows of B are as long as the rank: no whole block of Q8_0.
    ['q8_0', 'Q8_0', 'F16'],
  ] as const) {
    test(outtype, async (context) => {
      const { tensors } = await convert(context, { outtype });
      assert.deepEqual(
        tensors.map(([, type]) => type),
        [a, b],
      );
    });
  }

  test('what F16 cannot hold is warned of', async (context) => {
    const [a] = PLAIN_TENSORS;
    const b = handmade(`${C_ATTN}.lora_B.weight`, [96, 2], [1e6, ...new Array<number>(191).fill(0)]);
    const { warnings } = await convert(context, { outtype: 'f16', tensors: [a ?? b, b] });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /lora_B.weight" holds 1 values beyond F16's range/);
  });
});

test("a copy of the base's own part of an adapted layer is left out, with a warning", async (context) => {
  const copy = newTensor(`${C_ATTN}.base_layer.weight`, [32, 96]);
  const { tensors, warnings } = await convert(context, { tensors: [...PLAIN_TENSORS, copy] });
  assert.equal(tensors.length, 2);
  assert.deepEqual(warnings, [
    'adapter "Tiny-1K-lora" holds its own "transformer.h.0.attn.c_attn.weight": the base\'s is used',
  ]);
});

test('a dry run writes nothing', async (context) => {
  const parent = await scratchFolder(context);
  const base = join(parent, 'base');
  await mkdir(base);
  await writeJson(base, 'config.json', TINY_CONFIG);
  const adapter = await writeAdapter(parent);
  const before = await readdir(adapter);
  const result = await convertAdapter({ adapter, base, outtype: 'f16', dryRun: true });
  assert.equal(result.outfile, join(adapter, 'tiny-lora-f16.gguf'));
  assert.deepEqual(
    result.tensors.map(({ name }) => name),
    [`${QKV}.lora_a`, `${QKV}.lora_b`],
  );
  assert.equal(result.bytes, 0);
  assert.deepEqual(await readdir(adapter), before);
});
