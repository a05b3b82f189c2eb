import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { ARCHITECTURES, findArchitecture } from '../../../scripts/convert/architectures/index.js';
import { FormatError } from '../../../scripts/convert/format-error.js';
import { packageRoot } from '../../../src/engine/addon.js';

describe('finding an architecture', () => {
  test('every name of every architecture leads to it', () => {
    for (const architecture of ARCHITECTURES) {
      for (const name of architecture.huggingFaceNames)
        assert.equal(findArchitecture({ architectures: [name] }), architecture);
      assert.equal(findArchitecture({ model_type: architecture.modelType }), architecture);
    }
  });

  test('an unknown one is refused with the list of known ones', () => {
    assert.throws(
      () => findArchitecture({ architectures: ['MixtralForCausalLM'], model_type: 'llama' }),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, /the architecture "MixtralForCausalLM" is not known; known are: /);
        for (const name of ARCHITECTURES.flatMap(({ huggingFaceNames }) => huggingFaceNames))
          assert.ok(error.message.includes(name), name);
        return true;
      },
    );
  });

  const BUFFERS: readonly (readonly [model: string, ignored: readonly string[], kept: readonly string[]])[] =
    [
      [
        'gpt2',
        ['transformer.h.0.attn.bias', 'h.0.attn.masked_bias'],
        ['h.0.attn.c_attn.bias', 'h.0.ln_1.bias'],
      ],
      [
        'gpt_neox',
        [
          'gpt_neox.layers.0.attention.bias',
          'gpt_neox.layers.0.attention.masked_bias',
          'layers.0.attention.rotary_emb.inv_freq',
        ],
        ['gpt_neox.layers.0.attention.dense.bias', 'gpt_neox.layers.0.attention.query_key_value.bias'],
      ],
      [
        'llama',
        ['model.layers.0.self_attn.rotary_emb.inv_freq', 'rotary_emb.inv_freq'],
        ['lm_head.weight', 'model.layers.0.self_attn.q_proj.bias'],
      ],
      ['gemma2', ['lm_head.weight', 'model.layers.0.self_attn.rotary_emb.inv_freq'], ['model.norm.weight']],
    ];
  for (const [modelType, ignored, kept] of BUFFERS) {
    test(`${modelType}: what carries no weights is left out, nothing else`, () => {
      const { ignored: pattern } = findArchitecture({ model_type: modelType });
      for (const name of ignored) assert.match(name, pattern);
      for (const name of kept) assert.doesNotMatch(name, pattern);
    });
  }
});

test("the document's examples are the code's", async () => {
  const read = (...path: readonly string[]): Promise<string> =>
    readFile(join(packageRoot(), ...path), 'utf8');
  const document = await read('docs', 'adding-an-architecture.md');
  const code = await read('scripts', 'convert', 'architectures', 'qwen3.ts');
  const examples = [...document.matchAll(/```ts\n(.*?)```/gs)].map(([, example = '']) => example);
  assert.equal(examples.length, 3);
  for (const example of examples) assert.ok(code.includes(example), example);
});
