import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { ModelConfig } from '../../../scripts/convert/architectures/architecture.js';
import { findArchitecture } from '../../../scripts/convert/architectures/index.js';
import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { type GgufFile, readGguf } from '../../../scripts/convert/gguf/reader.js';
import { type NewTensor, writeSafetensors } from '../raw-safetensors.js';
import { scratchFolder } from '../scratch.js';
import { newTensor, TINY_TOKENIZER, TINY_TOKENIZER_CONFIG, writeJson } from '../tiny-gpt2.js';

const SIZES = {
  vocab_size: 16,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  max_position_embeddings: 64,
};

const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 16,
};

const LONGROPE = { type: 'longrope', long_factor: [1, 2, 3, 4], short_factor: [1, 1, 1, 2] };

/** Names that no prefix stands before. */
const OUTSIDE = ['lm_head.weight', 'embed_out.weight'];

async function convert(
  context: TestContext,
  config: ModelConfig,
  options: { readonly prefixed?: boolean; readonly extra?: readonly NewTensor[] } = {},
): Promise<{ readonly file: GgufFile; readonly warnings: readonly string[] }> {
  const source = join(await scratchFolder(context), 'model');
  await mkdir(source);
  const architecture = findArchitecture(config);
  const prefix = options.prefixed === false ? '' : architecture.prefix;
  const tensors = architecture
    .describe(config)
    .tensors.filter(({ optional }) => optional !== true)
    .map(({ source: name, shape }) => newTensor(OUTSIDE.includes(name) ? name : prefix + name, shape));
  await writeSafetensors(join(source, 'model.safetensors'), [...tensors, ...(options.extra ?? [])]);
  await writeJson(source, 'config.json', config);
  await writeJson(source, 'tokenizer.json', TINY_TOKENIZER);
  await writeJson(source, 'tokenizer_config.json', TINY_TOKENIZER_CONFIG);
  const warnings: string[] = [];
  const onWarning = (message: string): unknown => warnings.push(message);
  const { outfile } = await convertCheckpoint({ source, outtype: 'f32', onWarning });
  return { file: await readGguf(outfile), warnings };
}

describe('a whole checkpoint', () => {
  test('generated tensors come first, checkpoint tensors follow', async (context) => {
    const { file } = await convert(context, {
      ...SIZES,
      architectures: ['LlamaForCausalLM'],
      rope_parameters: LLAMA3,
    });
    const [first] = file.tensors;
    assert.deepEqual([first?.name, first?.type, first?.dimensions], ['rope_freqs.weight', 'F32', [4]]);
    assert.equal(file.tensors.length, 1 + 3 + 9);
  });

  test("Phi-3: metadata in llama.cpp's converter's order", async (context) => {
    const { file, warnings } = await convert(context, {
      ...SIZES,
      architectures: ['Phi3ForCausalLM'],
      sliding_window: 32,
      rope_scaling: LONGROPE,
      original_max_position_embeddings: 16,
    });
    const keys = [...file.metadata.keys()];
    assert.deepEqual(keys.slice(0, 3), [
      'general.architecture',
      'phi3.rope.scaling.attn_factor',
      'general.type',
    ]);
    assert.deepEqual(keys.slice(keys.indexOf('general.file_type')).slice(0, 3), [
      'general.file_type',
      'phi3.attention.sliding_window',
      'general.quantization_version',
    ]);
    assert.deepEqual(
      file.tensors.slice(0, 2).map(({ name }) => name),
      ['rope_factors_long.weight', 'rope_factors_short.weight'],
    );
    assert.deepEqual(warnings, [
      'sliding_window 32: llama.cpp lets every token see all before it, so texts longer than that are computed otherwise',
    ]);
  });

  test("Gemma 2: a copy of the embedding is left out, norms are llama.cpp's", async (context) => {
    const config = { ...SIZES, architectures: ['Gemma2ForCausalLM'], head_dim: 8, query_pre_attn_scalar: 8 };
    const { file } = await convert(
      context,
      { ...config, num_key_value_heads: 2 },
      { extra: [newTensor('lm_head.weight', [16, 32])] },
    );
    assert.ok(file.tensors.every(({ name }) => name !== 'output.weight'));
    assert.ok(file.tensors.some(({ name }) => name === 'blk.0.post_ffw_norm.weight'));
  });

  test('a base model: names without the prefix', async (context) => {
    const config = { ...SIZES, architectures: ['Qwen2Model'], num_key_value_heads: 2 };
    const { file, warnings } = await convert(context, config, { prefixed: false });
    assert.equal(file.tensors.length, 2 + 12);
    assert.match(warnings.join(), /base model without an output matrix/);
  });

  test('a tensor without a place is refused by name', async (context) => {
    const bias = newTensor('model.layers.0.self_attn.q_proj.bias', [32]);
    await assert.rejects(
      convert(context, { ...SIZES, architectures: ['LlamaForCausalLM'] }, { extra: [bias] }),
      /tensor "model.layers.0.self_attn.q_proj.bias" has no place in llama/,
    );
  });
});
