import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { AddLowRank } from '../../../scripts/convert/lora/merged-checkpoint.js';
import { openSource } from '../../../scripts/convert/source.js';
import type { NewTensor } from '../raw-safetensors.js';
import { scratchFolder } from '../scratch.js';
import { newTensor, type TinyOptions, valuesOf, writeTinyGpt2 } from '../tiny-gpt2.js';
import {
  type ConfigChanges,
  floats,
  handmade,
  merge,
  PLAIN_TENSORS,
  PREFIX,
  writeAdapter,
} from './tiny-adapter.js';

const C_ATTN = 'h.0.attn.c_attn';

interface Case {
  readonly base?: TinyOptions;
  readonly tensors?: readonly NewTensor[];
  readonly config?: ConfigChanges;
  readonly scale?: number;
}

/** The named tensor of a tiny GPT-2 before and after an adapter was merged into it. */
async function mergedTensor(
  context: TestContext,
  name: string,
  { base, tensors, config, scale }: Case,
): Promise<{ before: number[]; after: number[] }> {
  const parent = await scratchFolder(context);
  const folder = await writeTinyGpt2(parent, 'tiny-model', base);
  const plain = await openSource(folder);
  const source = await merge(folder, [await writeAdapter(parent, tensors, config)], { scale: scale ?? 1 });
  context.after(() => Promise.all([plain.checkpoint.close(), source.checkpoint.close()]));
  return { before: await floats(plain.checkpoint, name), after: await floats(source.checkpoint, name) };
}

/** Factors of c_attn of which only one element each is not 0: B A has `value` at [row, column] alone. */
function single(rank: number, row: number, column: number, value: number, module = C_ATTN): NewTensor[] {
  const a = new Array<number>(rank * 32).fill(0);
  const b = new Array<number>(96 * rank).fill(0);
  a[(rank - 1) * 32 + column] = 0.5;
  b[row * rank + rank - 1] = 2 * value;
  return [
    handmade(`${PREFIX}${module}.lora_A.weight`, [rank, 32], a),
    handmade(`${PREFIX}${module}.lora_B.weight`, [96, rank], b),
  ];
}

/** What changed: [index, difference] of each element that is not the same. */
function changes({ before, after }: { before: number[]; after: number[] }): (readonly [number, number])[] {
  assert.equal(after.length, before.length);
  return before.flatMap((value, index) => {
    const difference = (after[index] ?? NaN) - value;
    return difference === 0 ? [] : [[index, Math.round(difference * 1e4) / 1e4] as const];
  });
}

describe('one factor pair is scaled as PEFT scales it', () => {
  // Conv1D keeps [in, out]: what B A has at [out 70, in 3] lands at [3, 70].
  const place = 3 * 96 + 70;
  const cases: readonly (readonly [kind: string, change: Case, difference: number])[] = [
    ['lora_alpha / r', {}, 2],
    ["times the user's scale", { scale: 0.25 }, 0.5],
    ['subtracted', { scale: -1 }, -2],
    ['fractional alpha', { config: { lora_alpha: 0.5 } }, 0.25],
    ['lora_alpha / sqrt(r)', { config: { use_rslora: true, r: 4 }, tensors: single(4, 70, 3, 1) }, 2],
    ['rank_pattern by the end of the name', { config: { r: 9, rank_pattern: { c_attn: 2 } } }, 2],
    ['alpha_pattern by layer and module', { config: { alpha_pattern: { 'h.0.attn.c_attn': 5 } } }, 2.5],
    ['alpha_pattern of another layer', { config: { alpha_pattern: { 'h.1.attn.c_attn': 5 } } }, 2],
    ['a part of a name is none', { config: { alpha_pattern: { attn: 5 } } }, 2],
    ['a pattern with an anchor', { config: { alpha_pattern: { '^transformer.h.0.attn.c_attn': 5 } } }, 2.5],
    ['a regular expression', { config: { alpha_pattern: { 'h\\.\\d\\.attn\\.(c_attn|c_fc)': 5 } } }, 2.5],
    ['the first of two that match', { config: { alpha_pattern: { c_attn: 1, 'h.0.attn.c_attn': 5 } } }, 0.5],
    [
      'both patterns with rsLoRA',
      { config: { use_rslora: true, rank_pattern: { c_attn: 2 }, alpha_pattern: { c_attn: 3 }, r: 7 } },
      2.1213,
    ],
    ['fan_in_fan_out follows the module', { config: { fan_in_fan_out: true } }, 2],
    ['names with the base prefix', { base: { prefix: 'transformer.' } }, 2],
  ];
  for (const [kind, change, difference] of cases) {
    test(kind, async (context) => {
      const name = `${change.base?.prefix ?? ''}${C_ATTN}.weight`;
      const merged = await mergedTensor(context, name, { tensors: single(2, 70, 3, 1), ...change });
      assert.deepEqual(changes(merged), [[place, difference]]);
    });
  }
});

describe('names of PEFT tensors', () => {
  for (const [kind, rename] of [
    ["with the adapter's name", (name: string) => name.replace('.weight', '.default.weight')],
    ['without the wrapper', (name: string) => name.replace('base_model.model.', '')],
    ['of a model without its head', (name: string) => name.replace('transformer.', '')],
  ] as const) {
    test(kind, async (context) => {
      const tensors = single(2, 0, 0, 1).map((tensor) => ({ ...tensor, name: rename(tensor.name) }));
      const merged = await mergedTensor(context, `${C_ATTN}.weight`, { tensors });
      assert.deepEqual(changes(merged), [[0, 2]]);
    });
  }
});

describe('element types', () => {
  for (const dtype of ['F16', 'BF16', 'F64', 'F32']) {
    test(`a base in ${dtype} is widened before the sum`, async (context) => {
      const parent = await scratchFolder(context);
      const base = await writeTinyGpt2(parent, 'tiny-model', { dtype });
      const plain = await merge(base, []);
      const source = await merge(base, [await writeAdapter(parent, single(2, 0, 0, 0.0001))]);
      context.after(() => Promise.all([plain.checkpoint.close(), source.checkpoint.close()]));
      const name = `${C_ATTN}.weight`;
      assert.equal(source.checkpoint.tensors.get(name)?.dtype, 'F32');
      assert.equal(source.checkpoint.tensors.get('wpe.weight')?.dtype, dtype);
      const [first] = await floats(source.checkpoint, name);
      const stored = valuesOf(name, 1)[0] ?? NaN;
      const step = { F16: 2 ** -11, BF16: 2 ** -8 }[dtype] ?? 2 ** -24;
      assert.ok(Math.abs((first ?? NaN) - 0.0002 - stored) <= step, `${first} of ${stored}`);
    });
  }

  test('factors in BF16', async (context) => {
    const tensors = [
      newTensor(`${PREFIX}${C_ATTN}.lora_A.weight`, [2, 32], 'BF16'),
      newTensor(`${PREFIX}${C_ATTN}.lora_B.weight`, [96, 2], 'BF16'),
    ];
    const { before, after } = await mergedTensor(context, `${C_ATTN}.weight`, { tensors });
    const exact = await mergedTensor(context, `${C_ATTN}.weight`, { tensors: PLAIN_TENSORS });
    for (const [index, value] of after.entries()) {
      assert.ok(Math.abs(value - (exact.after[index] ?? NaN)) < 0.05);
    }
    assert.notDeepEqual(after, before);
  });
});

test('an embedding: the transpose of B A is added', async (context) => {
  const a = new Array<number>(2 * 8).fill(0);
  const b = new Array<number>(32 * 2).fill(0);
  a[5] = 1; // rank 0, row 5 of the embedding
  b[7 * 2] = 3; // column 7, rank 0
  const tensors = [
    handmade(`${PREFIX}wpe.lora_embedding_A`, [2, 8], a),
    handmade(`${PREFIX}wpe.lora_embedding_B`, [32, 2], b),
  ];
  assert.deepEqual(changes(await mergedTensor(context, 'wpe.weight', { tensors })), [[5 * 32 + 7, 6]]);
});

test('lora_bias is added with the same scale', async (context) => {
  const bias = new Array<number>(96).fill(0);
  bias[40] = 0.5;
  const tensors = [...single(2, 0, 0, 1), handmade(`${PREFIX}${C_ATTN}.lora_B.bias`, [96], bias)];
  const change = { tensors, config: { lora_bias: true }, scale: 0.5 };
  assert.deepEqual(changes(await mergedTensor(context, `${C_ATTN}.bias`, change)), [[40, 0.5]]);
  assert.deepEqual(changes(await mergedTensor(context, `${C_ATTN}.weight`, change)), [[0, 1]]);
});

describe('whole tensors replace those of the base', () => {
  const bias = valuesOf('trained', 96);
  for (const [kind, name] of [
    ['bias: all', `${PREFIX}${C_ATTN}.bias`],
    ['bias: lora_only, inside the adapted layer', `${PREFIX}${C_ATTN}.base_layer.bias`],
  ] as const) {
    test(kind, async (context) => {
      const tensors = [...PLAIN_TENSORS, handmade(name, [96], [...bias])];
      const { after } = await mergedTensor(context, `${C_ATTN}.bias`, { tensors, config: { bias: 'all' } });
      assert.deepEqual(after, [...bias]);
    });
  }

  test('what LoRA is added to comes with the adapter: first replaced, then added to', async (context) => {
    const tensors = [
      handmade(`${PREFIX}${C_ATTN}.base_layer.weight`, [32, 96], new Array<number>(32 * 96).fill(8)),
      ...single(2, 1, 0, 1),
    ];
    const { after } = await mergedTensor(context, `${C_ATTN}.weight`, { tensors });
    assert.deepEqual(after.slice(0, 3), [8, 10, 8]);
  });

  test("PEFT's copies of a saved module do not count beside it", async (context) => {
    const saved = valuesOf('saved', 8 * 32);
    const tensors = [
      handmade(`${PREFIX}wpe.modules_to_save.weight`, [8, 32], new Array<number>(8 * 32).fill(1)),
      handmade(`${PREFIX}wpe.original_module.weight`, [8, 32], new Array<number>(8 * 32).fill(2)),
      handmade(`${PREFIX}wpe.weight`, [8, 32], [...saved]),
    ];
    const { after } = await mergedTensor(context, 'wpe.weight', {
      tensors,
      config: { modules_to_save: ['wpe'] },
    });
    assert.deepEqual(after, [...saved]);
  });
});

describe('several adapters', () => {
  test('each is merged into the result of the former', async (context) => {
    const parent = await scratchFolder(context);
    const base = await writeTinyGpt2(parent);
    const weight = handmade(`${PREFIX}${C_ATTN}.weight`, [32, 96], new Array<number>(32 * 96).fill(1));
    const config = { modules_to_save: ['h.0.attn.c_attn'] };
    const first = await writeAdapter(parent, single(2, 0, 0, 1), {}, 'first');
    const saved = await writeAdapter(parent, [weight], config, 'saved');
    const read = async (...folders: string[]): Promise<number[]> => {
      const source = await merge(base, folders);
      context.after(() => source.checkpoint.close());
      return (await floats(source.checkpoint, `${C_ATTN}.weight`)).slice(0, 2);
    };
    assert.deepEqual(await read(first, saved), [1, 1]);
    assert.deepEqual(await read(saved, first), [3, 1]);
    assert.deepEqual(await read(saved, first, first), [5, 1]);
  });

  test('files of all are known, and closing closes all', async (context) => {
    const parent = await scratchFolder(context);
    const base = await writeTinyGpt2(parent);
    const adapter = await writeAdapter(parent);
    const source = await merge(base, [adapter]);
    assert.deepEqual(source.adapterFolders, [adapter]);
    assert.deepEqual(source.checkpoint.files, [
      join(base, 'model.safetensors'),
      join(adapter, 'adapter_model.safetensors'),
    ]);
    await source.checkpoint.close();
    await assert.rejects(source.checkpoint.read('wpe.weight'));
    await assert.rejects(source.checkpoint.read(`${C_ATTN}.weight`));
  });
});

describe('an embedding that is the output matrix as well', () => {
  const embedding = handmade(`${PREFIX}wte.weight`, [16, 32], new Array<number>(16 * 32).fill(1));

  async function untied(
    context: TestContext,
    tensors: readonly NewTensor[],
    config: ConfigChanges = {},
  ): Promise<{
    wte: number[];
    head: number[] | undefined;
    tied: unknown;
    vocabulary: unknown;
    warnings: string[];
  }> {
    const parent = await scratchFolder(context);
    const base = await writeTinyGpt2(parent, 'tiny-model', { config: { tie_word_embeddings: true } });
    const warnings: string[] = [];
    const adapter = await writeAdapter(parent, tensors, config);
    const source = await merge(base, [adapter], { onWarning: (message) => warnings.push(message) });
    context.after(() => source.checkpoint.close());
    const { checkpoint } = source;
    const head = checkpoint.tensors.has('lm_head.weight')
      ? await floats(checkpoint, 'lm_head.weight')
      : undefined;
    const { tie_word_embeddings: tied, vocab_size: vocabulary } = source.config;
    return { wte: await floats(checkpoint, 'wte.weight'), head, tied, vocabulary, warnings };
  }
  const original = [...valuesOf('wte.weight', 16 * 32)];

  test('saved alone: the output matrix keeps its values, as in training', async (context) => {
    const result = await untied(context, [embedding], { modules_to_save: ['wte'] });
    assert.deepEqual(result.wte, new Array<number>(16 * 32).fill(1));
    assert.deepEqual(result.head, original);
    assert.equal(result.tied, false);
    assert.equal(result.warnings.length, 1);
    assert.match(result.warnings[0] ?? '', /"tiny-lora" changes one of them: the result has both/);
  });

  test('LoRA on the output matrix alone: the embedding keeps its values', async (context) => {
    const a = new Array<number>(2 * 32).fill(0);
    const b = new Array<number>(16 * 2).fill(0);
    a[0] = 1;
    b[0] = 1;
    const result = await untied(context, [
      handmade('base_model.model.lm_head.lora_A.weight', [2, 32], a),
      handmade('base_model.model.lm_head.lora_B.weight', [16, 2], b),
    ]);
    assert.deepEqual(result.wte, original);
    assert.deepEqual(changes({ before: original, after: result.head ?? [] }), [[0, 2]]);
  });

  test('LoRA on the embedding alone: the output matrix keeps its values', async (context) => {
    const result = await untied(context, [
      newTensor(`${PREFIX}wte.lora_embedding_A`, [2, 16]),
      newTensor(`${PREFIX}wte.lora_embedding_B`, [32, 2]),
    ]);
    assert.deepEqual(result.head, original);
    assert.notDeepEqual(result.wte, original);
  });

  test('a resized embedding that was not trained by itself stays shared', async (context) => {
    const wider = handmade(`${PREFIX}wte.weight`, [17, 32], new Array<number>(17 * 32).fill(2));
    const result = await untied(context, [wider]);
    assert.equal(result.head, undefined);
    assert.equal(result.tied, true);
    assert.equal(result.vocabulary, 17);
    assert.equal(result.wte.length, 17 * 32);
  });
});

describe('a resized vocabulary', () => {
  const saved = ['wte.weight', 'lm_head.weight'].map((name) =>
    newTensor(`base_model.model.${name === 'wte.weight' ? 'transformer.' : ''}${name}`, [18, 32]),
  );
  const config = { modules_to_save: ['wte', 'lm_head'] };

  test('shapes and vocab_size follow the adapter', async (context) => {
    const parent = await scratchFolder(context);
    const base = await writeTinyGpt2(parent);
    const source = await merge(base, [await writeAdapter(parent, saved, config)]);
    context.after(() => source.checkpoint.close());
    assert.equal(source.config['vocab_size'], 18);
    assert.deepEqual(source.checkpoint.tensors.get('wte.weight')?.shape, [18, 32]);
    assert.deepEqual(source.checkpoint.tensors.get('lm_head.weight')?.shape, [18, 32]);
    assert.equal(source.tokenizer, base);
  });

  test('the tokenizer is that of the last adapter that resized it and has one', async (context) => {
    const parent = await scratchFolder(context);
    const base = await writeTinyGpt2(parent);
    const resized = await writeAdapter(parent, saved, config, 'resized');
    const plain = await writeAdapter(parent, PLAIN_TENSORS, {}, 'plain');
    for (const folder of [resized, plain]) await writeFile(join(folder, 'tokenizer.json'), '{}');
    for (const [folders, expected] of [
      [[resized, plain], 'resized'],
      [[plain], 'tiny-model'],
    ] as const) {
      const source = await merge(base, folders);
      context.after(() => source.checkpoint.close());
      assert.equal(basename(source.tokenizer), expected);
    }
  });
});

test('the number of threads that is asked for is the number that products are told', async (context) => {
  const parent = await scratchFolder(context);
  const base = await writeTinyGpt2(parent);
  const told: (number | undefined)[] = [];
  const addLowRank: AddLowRank = (_weight, _b, _a, { threads }) => {
    told.push(threads);
    return Promise.resolve();
  };
  const source = await merge(base, [await writeAdapter(parent)], { addLowRank, threads: 3 });
  context.after(() => source.checkpoint.close());
  await source.checkpoint.read(`${C_ATTN}.weight`);
  assert.deepEqual(told, [3]);
});
