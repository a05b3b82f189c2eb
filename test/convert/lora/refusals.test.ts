import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { convertAdapter } from '../../../scripts/convert/lora/index.js';
import { GlossaError } from '../../../src/errors.js';
import type { NewTensor } from '../raw-safetensors.js';
import { scratchFolder } from '../scratch.js';
import { newTensor, type TinyOptions, writeTinyGpt2 } from '../tiny-gpt2.js';
import { type ConfigChanges, handmade, PLAIN_TENSORS, PREFIX, writeAdapter } from './tiny-adapter.js';

const C_ATTN = `${PREFIX}h.0.attn.c_attn`;
const A = newTensor(`${C_ATTN}.lora_A.weight`, [2, 32]);
const B = newTensor(`${C_ATTN}.lora_B.weight`, [96, 2]);

interface Broken {
  readonly tensors?: readonly NewTensor[];
  readonly config?: ConfigChanges;
  readonly base?: TinyOptions;
  readonly scale?: number;
}

function isConversionError(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, 'CONVERSION_FAILED');
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n') && !error.message.includes('/tmp'), error.message);
    return true;
  };
}

async function rejectsMerge(context: TestContext, broken: Broken, message: RegExp): Promise<void> {
  const parent = await scratchFolder(context);
  const source = await writeTinyGpt2(parent, 'tiny-model', broken.base);
  const folder = await writeAdapter(parent, broken.tensors, broken.config);
  const outfile = join(parent, 'out.gguf');
  const adapters = [{ folder, scale: broken.scale ?? 1 }];
  const options = { source, adapters, outtype: 'f32', outfile } as const;
  await assert.rejects(convertCheckpoint(options), isConversionError(message));
  assert.deepEqual((await readdir(parent)).sort(), ['tiny-lora', 'tiny-model']);
}

describe('a configuration that cannot be merged is refused by name', () => {
  const cases: readonly (readonly [kind: string, config: ConfigChanges, message: RegExp])[] = [
    ['another kind of adapter', { peft_type: 'IA3' }, /expected LORA for peft_type, received "IA3"/],
    ['DoRA', { use_dora: true }, /use_dora is not supported \(DoRA\): received true/],
    ['QALoRA', { use_qalora: true }, /use_qalora is not supported \(QALoRA\)/],
    ['aLoRA', { alora_invocation_tokens: [1, 2] }, /alora_invocation_tokens is not supported \(aLoRA/],
    ['replicated layers', { layer_replication: [[0, 2]] }, /layer_replication is not supported/],
    ['parameters', { target_parameters: ['experts.up'] }, /target_parameters is not supported/],
    ['single tokens', { trainable_token_indices: [3] }, /trainable_token_indices is not supported/],
    ['Megatron', { megatron_config: { a: 1 } }, /megatron_config is not supported/],
    ['BD-LoRA', { use_bdlora: { nblocks: 2 } }, /use_bdlora is not supported \(BD-LoRA\)/],
    ['KaSA', { kasa_config: { beta: 1 } }, /kasa_config is not supported \(KaSA\)/],
    ['an unknown entry', { use_magic: 1 }, /the entry "use_magic" is not known: received 1/],
    [
      'PiSSA',
      { init_lora_weights: 'pissa' },
      /for init_lora_weights, received "pissa": save the adapter with/,
    ],
    ['PiSSA by iterations', { init_lora_weights: 'pissa_niter_4' }, /received "pissa_niter_4"/],
    ['OLoRA', { init_lora_weights: 'olora' }, /received "olora"/],
    ['CorDA', { init_lora_weights: 'corda' }, /received "corda"/],
    ['LoftQ', { init_lora_weights: 'loftq' }, /received "loftq"/],
    ['rank 0', { r: 0 }, /adapter_config.json: r: /],
    ['a negative rank', { r: -2 }, /adapter_config.json: r: /],
    ['rank 0 in a pattern', { rank_pattern: { c_attn: 0 } }, /rank_pattern.c_attn: /],
    ['no rank', { r: undefined }, /adapter_config.json: r: /],
    ['no alpha', { lora_alpha: undefined }, /adapter_config.json: lora_alpha: /],
    ['alpha in words', { lora_alpha: '16' }, /adapter_config.json: lora_alpha: /],
    ['an unknown bias', { bias: 'some' }, /adapter_config.json: bias: /],
    ['a pattern that is none', { rank_pattern: { '(': 2 } }, /rank_pattern: "\(" is no regular expression/],
  ];
  for (const [kind, config, message] of cases)
    test(kind, (context) => rejectsMerge(context, { config }, message));

  for (const [entry, value] of [
    ['use_dora', null],
    ['target_parameters', []],
    ['use_magic', {}],
    ['corda_config', { corda_method: 'ipm' }],
    ['init_lora_weights', 'gaussian'],
    ['peft_type', undefined],
  ] as const) {
    test(`${entry} as ${JSON.stringify(value)} means nothing`, async (context) => {
      const parent = await scratchFolder(context);
      const source = await writeTinyGpt2(parent);
      const adapters = [{ folder: await writeAdapter(parent, PLAIN_TENSORS, { [entry]: value }), scale: 1 }];
      const result = await convertCheckpoint({ source, adapters, outtype: 'f32', dryRun: true });
      assert.equal(result.architecture, 'gpt2');
    });
  }
});

describe('an adapter that is broken or for another model is refused', () => {
  const nan = handmade(A.name, [2, 32], new Array<number>(64).fill(NaN));
  const named = (name: string): NewTensor => newTensor(PREFIX + name, [2, 2]);
  const cases: readonly (readonly [kind: string, broken: Broken, message: RegExp])[] = [
    ['no tensors', { tensors: [] }, /adapter: there is nothing to add to a model/],
    ['lora_A alone', { tensors: [A] }, /module "transformer.h.0.attn.c_attn" has lora_A without lora_B/],
    ['lora_B alone', { tensors: [B] }, /has lora_B without lora_A/],
    [
      'half of an embedding',
      { tensors: [newTensor(`${PREFIX}wpe.lora_embedding_A`, [2, 8])] },
      /module "transformer.wpe" has lora_embedding_A without lora_embedding_B/,
    ],
    [
      'another rank than in the configuration',
      { config: { r: 4 } },
      /expected a matrix of rank 4 \(adapter_config.json\) for tensor ".*c_attn.lora_A.weight", received shape \[2, 32\]/,
    ],
    ['rank 0 in the file', { tensors: [newTensor(A.name, [0, 32]), B] }, /expected a matrix of rank 2/],
    ['factors in one dimension', { tensors: [newTensor(A.name, [64]), B] }, /received shape \[64\]/],
    [
      'integers',
      { tensors: [newTensor(A.name, [2, 32], 'I8'), B] },
      /expected F64, F32, F16 or BF16 for tensor/,
    ],
    ['NaN', { tensors: [nan, B] }, /tensor ".*lora_A.weight" holds NaN or infinite values/],
    [
      'two adapters in one file',
      { tensors: [A, B, { ...A, name: `${C_ATTN}.lora_A.other.weight` }] },
      /lora_A(\.other)?\.weight" stands for what another one is already/,
    ],
    [
      'DoRA by its tensors',
      { tensors: [A, B, named('x.lora_magnitude_vector')] },
      /is not supported \(DoRA\)/,
    ],
    ['another kind by its tensors', { tensors: [named('x.ia3_l')] }, /is not supported \(another kind/],
    [
      'trained tokens by their tensors',
      { tensors: [named('wte.token_adapter.trainable_tokens_delta')] },
      /is not supported \(single trained tokens\)/,
    ],
    [
      'lora_B.bias that the configuration does not know',
      { tensors: [A, B, newTensor(`${C_ATTN}.lora_B.bias`, [96])] },
      /expected no lora_B.bias for module ".*c_attn", received one/,
    ],
    ['no lora_B.bias where one is due', { config: { lora_bias: true } }, /expected a lora_B.bias for module/],
    [
      'modules that the base does not have',
      {
        tensors: [2, 3, 4, 5].flatMap((layer) =>
          [A, B].map((tensor) => ({ ...tensor, name: tensor.name.replace('h.0', `h.${layer}`) })),
        ),
      },
      /"tiny-lora" does not fit the base: "transformer.h.2.attn.c_attn" has no counterpart; .*h.3.*; .*h.4.* has no counterpart; and 1 more$/,
    ],
    [
      'a model of another width',
      { tensors: [newTensor(A.name, [2, 48]), B] },
      /does not fit the base: expected shape \[32, 96\] for "transformer.h.0.attn.c_attn", received \[48, 96\]/,
    ],
    [
      'a saved module of another shape',
      { tensors: [newTensor(`${PREFIX}wpe.weight`, [9, 32])] },
      /expected shape \[8, 32\] for "base_model.model.transformer.wpe.weight", received \[9, 32\]/,
    ],
    [
      'an embedding of another width',
      { tensors: [newTensor(`${PREFIX}wte.weight`, [16, 48])] },
      /expected shape \[16, 32\] for ".*wte.weight", received \[16, 48\]/,
    ],
    [
      'a saved module that is not in the file',
      { config: { modules_to_save: ['wpe'] } },
      /"wpe" is in modules_to_save but not in the file/,
    ],
    [
      'a part of a whole tensor',
      { tensors: [newTensor(`${PREFIX}wpe.weight`, [8, 32])], scale: 0.5 },
      /expected scale 1 for "tiny-lora", received 0.5: it replaces "transformer.wpe.weight" as a whole/,
    ],
    ['a scale that is no number', { scale: NaN }, /expected a number for the adapter's scale, received NaN/],
    [
      'an output matrix with fewer rows than the embedding',
      { tensors: [newTensor(`${PREFIX}wte.weight`, [17, 32])], config: { modules_to_save: ['wte'] } },
      /expected shape \[17, 32\] for tensor "lm_head.weight", received \[16, 32\]/,
    ],
  ];
  for (const [kind, broken, message] of cases)
    test(kind, (context) => rejectsMerge(context, broken, message));
});

describe('a folder that is no adapter is refused', () => {
  const cases: readonly (readonly [string, (folder: string) => Promise<unknown>, RegExp])[] = [
    [
      'no configuration',
      (folder) => rm(join(folder, 'adapter_config.json')),
      /no adapter_config.json in the folder/,
    ],
    [
      'no weights',
      (folder) => rm(join(folder, 'adapter_model.safetensors')),
      /neither adapter_model.safetensors nor adapter_model.bin in the folder/,
    ],
    [
      'a configuration that is no JSON',
      (folder) => writeFile(join(folder, 'adapter_config.json'), '{'),
      /adapter_config.json: the file is not valid JSON/,
    ],
    [
      'malformed weights',
      (folder) => writeFile(join(folder, 'adapter_model.safetensors'), 'x'),
      /safetensors: the file has only 1 bytes/,
    ],
    ['nothing', (folder) => rm(folder, { recursive: true }), /expected a folder for the adapter/],
  ];
  for (const [kind, damage, message] of cases) {
    test(kind, async (context) => {
      const parent = await scratchFolder(context);
      const source = await writeTinyGpt2(parent);
      const folder = await writeAdapter(parent);
      await damage(folder);
      const adapters = [{ folder, scale: 1 }];
      await assert.rejects(convertCheckpoint({ source, adapters }), isConversionError(message));
      await assert.rejects(convertAdapter({ adapter: folder, base: source }), isConversionError(message));
    });
  }

  test('an output that is one of the adapter files', async (context) => {
    const parent = await scratchFolder(context);
    const source = await writeTinyGpt2(parent);
    const folder = await writeAdapter(parent);
    const outfile = join(folder, 'adapter_model.safetensors');
    const message = /--outfile would overwrite adapter_model.safetensors/;
    const adapters = [{ folder, scale: 1 }];
    await assert.rejects(convertCheckpoint({ source, adapters, outfile }), isConversionError(message));
    await assert.rejects(
      convertAdapter({ adapter: folder, base: source, outfile }),
      isConversionError(message),
    );
  });
});

describe('what llama.cpp cannot add at run time is refused for an adapter alone', () => {
  const untied = { tie_word_embeddings: false };
  const cases: readonly (readonly [kind: string, broken: Broken, message: RegExp])[] = [
    [
      'a saved module',
      { tensors: [A, B, newTensor(`${PREFIX}wpe.weight`, [8, 32])] },
      /tensor ".*wpe.weight" replaces the base's, which a runtime adapter cannot: merge it instead/,
    ],
    [
      'a trained bias inside an adapted layer',
      { tensors: [A, B, newTensor(`${C_ATTN}.base_layer.bias`, [96])], config: { bias: 'lora_only' } },
      /c_attn.base_layer.bias" replaces the base's/,
    ],
    [
      'the base of a resized embedding',
      { tensors: [A, B, newTensor(`${PREFIX}wte.base_layer.weight`, [17, 32])] },
      /wte.base_layer.weight" replaces the base's/,
    ],
    [
      'lora_bias',
      { tensors: [A, B, newTensor(`${C_ATTN}.lora_B.bias`, [96])], config: { lora_bias: true } },
      /"transformer.h.0.attn.c_attn" has a lora_B.bias, which a runtime adapter cannot hold/,
    ],
    [
      'a shared embedding',
      {
        tensors: [
          newTensor(`${PREFIX}wte.lora_embedding_A`, [2, 16]),
          newTensor(`${PREFIX}wte.lora_embedding_B`, [32, 2]),
        ],
      },
      /"transformer.wte" is shared between embedding and output/,
    ],
    [
      'an embedding of positions',
      {
        base: { config: untied },
        tensors: [
          newTensor(`${PREFIX}wpe.lora_embedding_A`, [2, 8]),
          newTensor(`${PREFIX}wpe.lora_embedding_B`, [32, 2]),
        ],
      },
      /"transformer.wpe" is not looked up as an embedding with LoRA by llama.cpp/,
    ],
    [
      'a module that the base does not have',
      { tensors: [A, B].map((tensor) => ({ ...tensor, name: tensor.name.replace('h.0', 'h.7') })) },
      /"transformer.h.7.attn.c_attn" has no counterpart/,
    ],
    [
      'a model of another width',
      { tensors: [A, newTensor(B.name, [64, 2])] },
      /expected shape \[32, 96\] for "transformer.h.0.attn.c_attn", received \[32, 64\]/,
    ],
    ['NaN', { tensors: [handmade(A.name, [2, 32], new Array<number>(64).fill(NaN)), B] }, /holds NaN/],
    ['DoRA', { config: { use_dora: true } }, /use_dora is not supported/],
  ];
  for (const [kind, { tensors, config, base }, message] of cases) {
    test(kind, async (context) => {
      const parent = await scratchFolder(context);
      const model = await writeTinyGpt2(parent, 'tiny-model', base);
      const adapter = await writeAdapter(parent, tensors, config);
      const outfile = join(parent, 'out.gguf');
      await assert.rejects(convertAdapter({ adapter, base: model, outfile }), isConversionError(message));
      assert.deepEqual((await readdir(parent)).sort(), ['tiny-lora', 'tiny-model']);
    });
  }

  test('a base that is no folder or has no config.json', async (context) => {
    const parent = await scratchFolder(context);
    const adapter = await writeAdapter(parent);
    const base = join(parent, 'base');
    await assert.rejects(
      convertAdapter({ adapter, base }),
      isConversionError(/expected a folder for the base/),
    );
    await mkdir(base);
    await assert.rejects(
      convertAdapter({ adapter, base }),
      isConversionError(/no config.json in the folder/),
    );
  });
});
