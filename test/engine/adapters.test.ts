import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import { float32, string, uint32 } from '../../scripts/convert/gguf/values.js';
import { loadAddon } from '../../src/engine/addon.js';
import type { EngineOptions, LoraAdapter } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { LoadedModel } from '../../src/engine/loaded-model.js';
import { GlossaError } from '../../src/errors.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { adapterMetadata, type AdapterTensor, adapterTensors, writeAdapter } from './adapter-file.js';
import { collect, eventually } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

const PROMPT = 'One morning the little dog';
/** Enough to change greedy text at half of it. */
const STRENGTH = 0.1;
const REQUEST: GenerationRequestInput = { prompt: PROMPT, maxNewTokens: 24, eosTokenId: [] };

let folder = '';
let nothing: LoraAdapter;
let strong: LoraAdapter;
let other: LoraAdapter;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glossa-adapters-'));
  const write = (name: string, strength: number, seed: number): Promise<string> =>
    writeAdapter(path.join(folder, name), adapterTensors(strength, seed));
  nothing = { path: await write('nothing.gguf', 0, 1), scale: 1 };
  strong = { path: await write('strong.gguf', STRENGTH, 1), scale: 1 };
  other = { path: await write('other.gguf', STRENGTH, 2), scale: 1 };
});
after(() => rm(folder, { recursive: true, force: true }));

function start(
  adapterSets: NonNullable<EngineOptions['adapterSets']>,
  options: Partial<EngineOptions> = {},
): Promise<EngineProcess> {
  return EngineProcess.start(shippedEngineOptions({ parallelSequences: 4, ...options, adapterSets }));
}

async function textOf(engine: EngineProcess, adapterSet: number, request = REQUEST): Promise<string> {
  const events = await collect(engine.generate(request, { adapterSet }));
  return events.map((event) => (event.type === 'prompt' ? '' : event.text)).join('');
}

describe('what an adapter does', () => {
  let engine: EngineProcess;
  const texts: string[] = [];
  before(async () => {
    const sets = [
      [],
      [nothing],
      [strong],
      [{ ...strong, scale: 0 }],
      [{ ...strong, scale: 0.5 }],
      [strong, other],
      [other],
    ];
    engine = await start(sets, { cacheRamBytes: 0 });
    for (const set of sets.keys()) texts.push(await textOf(engine, set));
  });
  after(() => engine.close());

  test('with a second factor of zeros: nothing', () => {
    assert.equal(texts[1], texts[0]);
  });

  test('with other values: another text, which its scale changes', () => {
    assert.notEqual(texts[2], texts[0]);
    assert.notEqual(texts[4], texts[0]);
    assert.notEqual(texts[4], texts[2]);
  });

  test('at scale 0: nothing', () => {
    assert.equal(texts[3], texts[0]);
  });

  test('beside another one: both together', () => {
    assert.equal(new Set([texts[0], texts[2], texts[5], texts[6]]).size, 4);
  });

  test('twice as strong at scale 1 as at scale 2 with half the values', async () => {
    const half = await writeAdapter(path.join(folder, 'half.gguf'), adapterTensors(STRENGTH / 2));
    const twice = await start([[{ path: half, scale: 2 }]]);
    assert.equal(await textOf(twice, 0), texts[2]);
    await twice.close();
  });

  test('in the set of an engine that has no other: the same', async () => {
    const only = await start([[strong]]);
    assert.equal(await textOf(only, 0), texts[2]);
    await only.close();
  });

  test('after the process died and was started again: the same', async () => {
    const { pid } = await engine.stats();
    process.kill(pid, 'SIGKILL');
    await eventually(() =>
      engine.stats().then(
        (stats) => stats.pid !== pid,
        () => false,
      ),
    );
    assert.equal(await textOf(engine, 2), texts[2]);
    assert.equal(await textOf(engine, 0), texts[0]);
  });
});

describe('requests with and without an adapter', () => {
  test('beside each other get what they get alone', async () => {
    const engine = await start([[], [strong], [other]], { reproducible: true });
    const prompts = ['The old woman', 'A cat and a dog', PROMPT, 'It was raining'];
    const requests = prompts.flatMap((prompt) =>
      [0, 1, 2].map((adapterSet) => ({ adapterSet, request: { ...REQUEST, prompt } })),
    );
    const alone: string[] = [];
    for (const { adapterSet, request } of requests) alone.push(await textOf(engine, adapterSet, request));
    const together = await Promise.all(
      requests.map(({ adapterSet, request }) => textOf(engine, adapterSet, request)),
    );
    assert.deepEqual(together, alone);
    assert.equal(new Set(alone).size, requests.length);
    await engine.close();
  });

  test('in a unified pool that is too small for all of them get their length', async () => {
    const engine = await start([[], [strong], [other]], { kvLayout: 'unified', kvCells: 512 });
    const lengths = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const prompt = Array.from({ length: 120 }, (_unused, at) => 300 + ((at * 7 + index * 31) % 2000));
        const events = await collect(engine.generate({ ...REQUEST, prompt }, { adapterSet: index % 3 }));
        return events.filter((event) => event.type === 'token').length;
      }),
    );
    assert.deepEqual(lengths, Array<number>(12).fill(24));
    assert.equal((await engine.stats()).usedCells, 0);
    await engine.close();
  });

  test('reuse no prefix of each other, and their own', async () => {
    const engine = await start([[], [strong]]);
    const request = { ...REQUEST, prompt: Array.from({ length: 64 }, (_, index) => 300 + index) };
    const cached = async (adapterSet: number): Promise<number> => {
      const [first] = await collect(engine.generate(request, { adapterSet }));
      return first?.type === 'prompt' ? first.cachedTokens : -1;
    };
    assert.deepEqual([await cached(0), await cached(1), await cached(0), await cached(1)], [0, 0, 63, 63]);
    await engine.close();
  });
});

/** Loading a set with this adapter must fail for the reason given, naming the file and no folder. */
async function assertRefused(adapterPath: string, says: RegExp): Promise<void> {
  // In this very process: a check that llama.cpp's abort gets past shows as the end of the whole test.
  const loading = LoadedModel.load(
    loadAddon(),
    shippedEngineOptions({ adapterSets: [[], [{ path: adapterPath, scale: 1 }]] }),
    { onProgress: () => undefined, onStep: () => undefined },
  );
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, 'MODEL_LOAD_FAILED');
    const prefix = `the model can't be loaded: adapter ${path.basename(adapterPath)}: `;
    assert.ok(error.message.startsWith(prefix), error.message);
    assert.match(error.message.slice(prefix.length), says);
    assert.ok(!error.message.includes(folder), error.message);
    return true;
  });
}

/** The good adapter with its first pair changed. */
function changed(change: (a: AdapterTensor, b: AdapterTensor) => readonly AdapterTensor[]): AdapterTensor[] {
  const [a, b, ...rest] = adapterTensors(STRENGTH);
  assert.ok(a !== undefined && b !== undefined);
  return [...change(a, b), ...rest];
}

function tensor(name: string, ...dimensions: number[]): AdapterTensor {
  return { name, dimensions, values: new Float32Array(dimensions.reduce((x, y) => x * y, 1)) };
}

describe('refused as an adapter: a file with', () => {
  const metadata: readonly [string, ReturnType<typeof adapterMetadata>, RegExp][] = [
    [
      'another architecture',
      adapterMetadata({ 'general.architecture': string('llama') }),
      /^it is for the architecture llama, the model is gpt2$/,
    ],
    [
      'an architecture that is no text',
      adapterMetadata({ 'general.architecture': uint32(1) }),
      /^it is for the architecture \(none\), the model is gpt2$/,
    ],
    [
      'another general type',
      adapterMetadata({ 'general.type': string('model') }),
      /^expected adapter for general.type, received model$/,
    ],
    ['a general type that is no text', adapterMetadata({ 'general.type': uint32(1) }), /received no text$/],
    [
      'another kind of adapter',
      adapterMetadata({ 'adapter.type': string('control_vector') }),
      /^expected lora for adapter.type, received control_vector$/,
    ],
    [
      'an alpha of another type',
      adapterMetadata({ 'adapter.lora.alpha': uint32(2) }),
      /^expected a finite float32 for adapter.lora.alpha$/,
    ],
    [
      'an alpha that is no number',
      adapterMetadata({ 'adapter.lora.alpha': float32(NaN) }),
      /^expected a finite float32 for adapter.lora.alpha$/,
    ],
    [
      'invocation tokens',
      adapterMetadata({
        'adapter.alora.invocation_tokens': { type: 'array', elementType: 'uint32', value: [1, 2] },
      }),
      /^adapter.alora.invocation_tokens: adapters that wait for certain tokens are not supported$/,
    ],
  ];
  for (const [what, value, says] of metadata) {
    test(what, async () => {
      await assertRefused(
        await writeAdapter(path.join(folder, 'bad.gguf'), adapterTensors(STRENGTH), value),
        says,
      );
    });
  }

  const QKV = 'blk.0.attn_qkv.weight';
  const pairs: readonly [string, readonly AdapterTensor[], RegExp][] = [
    ['no tensors', [], /^it holds no tensors$/],
    ['half a pair', changed((a) => [a]), /^tensor blk.0.attn_qkv.weight.lora_b is missing$/],
    [
      'an unknown target',
      changed(() => [
        tensor('blk.9.attn_q.weight.lora_a', 256, 2),
        tensor('blk.9.attn_q.weight.lora_b', 2, 8),
      ]),
      /^the model has no tensor blk.9.attn_q.weight$/,
    ],
    [
      'a first factor for a wider model',
      changed((_, b) => [tensor(`${QKV}.lora_a`, 512, 2), b]),
      /^shapes \[512, 2\] and \[2, 768\] of blk.0.attn_qkv.weight's pair don't fit its shape \[256, 768\]$/,
    ],
    [
      'a second factor for a wider model',
      changed((a) => [a, tensor(`${QKV}.lora_b`, 2, 1536)]),
      /^shapes \[256, 2\] and \[2, 1536\] .* don't fit/,
    ],
    [
      'two ranks in one pair',
      changed((a) => [a, tensor(`${QKV}.lora_b`, 3, 768)]),
      /^shapes \[256, 2\] and \[3, 768\] .* don't fit/,
    ],
    ['rank 0', changed(() => [tensor(`${QKV}.lora_a`, 256, 0), tensor(`${QKV}.lora_b`, 0, 768)]), /\S/],
    [
      'a third dimension',
      changed((a) => [a, tensor(`${QKV}.lora_b`, 2, 768, 2)]),
      /^shapes \[256, 2\] and \[2, 768, 2\] .* don't fit/,
    ],
    [
      'a norm',
      changed((a, b) => [a, b, tensor('blk.0.attn_norm.weight', 256)]),
      /^tensor blk.0.attn_norm.weight is neither half of a LoRA pair/,
    ],
    [
      'a pair for a vector',
      changed(() => [
        tensor('blk.0.attn_norm.weight.lora_a', 256, 1),
        tensor('blk.0.attn_norm.weight.lora_b', 1, 1),
      ]),
      /^llama.cpp applies no adapter to blk.0.attn_norm.weight$/,
    ],
    [
      'a pair for the positions',
      changed(() => [
        tensor('position_embd.weight.lora_a', 256, 2),
        tensor('position_embd.weight.lora_b', 2, 512),
      ]),
      /^llama.cpp applies no adapter to position_embd.weight$/,
    ],
    [
      'a pair for an embedding that is the output matrix as well',
      changed(() => [
        tensor('token_embd.weight.lora_a', 2, 2816),
        tensor('token_embd.weight.lora_b', 2, 256),
      ]),
      /^token_embd.weight is the model's output matrix as well/,
    ],
    [
      'values that are no numbers',
      changed((a, b) => [a, { ...b, values: b.values.map((value, index) => (index === 7 ? NaN : value)) }]),
      /^tensor blk.0.attn_qkv.weight.lora_b holds values that are no numbers$/,
    ],
  ];
  for (const [what, tensors, says] of pairs) {
    test(what, async () => {
      await assertRefused(await writeAdapter(path.join(folder, 'bad.gguf'), tensors), says);
    });
  }

  test('integers for a factor', async () => {
    const file = path.join(folder, 'integers.gguf');
    await writeAdapter(file, adapterTensors(STRENGTH));
    const bytes = await readFile(file);
    const name = 'blk.0.attn_qkv.weight.lora_a';
    // Behind the name: the number of dimensions, two of them, then the type; 26 is I32.
    bytes.writeUInt32LE(26, bytes.indexOf(name) + name.length + 4 + 16);
    await writeFile(file, bytes);
    await assertRefused(
      file,
      /^expected F32, F16, BF16 or Q8_0 for tensor blk.0.attn_qkv.weight.lora_a, received i32$/,
    );
  });

  test('its end missing', async () => {
    const file = path.join(folder, 'short.gguf');
    await writeAdapter(file, adapterTensors(STRENGTH));
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 1000));
    await assertRefused(file, /^the file ends inside tensor blk.3.ffn_down.weight.lora_b$/);
  });

  for (const rank of [2n ** 20n, 2n ** 40n]) {
    test(`a rank of ${rank} and nothing but its head`, async () => {
      const file = path.join(folder, 'head.gguf');
      const values = new Float32Array(4);
      const a = { name: `${QKV}.lora_a`, dimensions: [2, 2], values };
      const b = { name: `${QKV}.lora_b`, dimensions: [2, 2], values };
      await writeAdapter(file, [a, b]);
      const bytes = await readFile(file);
      // Behind a name: the number of dimensions, two of them, the type, the place.
      const dimensionsAt = (name: string): number => bytes.indexOf(name) + name.length + 4;
      bytes.writeBigUInt64LE(256n, dimensionsAt(a.name));
      bytes.writeBigUInt64LE(rank, dimensionsAt(a.name) + 8);
      bytes.writeBigUInt64LE(rank, dimensionsAt(b.name));
      bytes.writeBigUInt64LE(768n, dimensionsAt(b.name) + 8);
      bytes.writeBigUInt64LE(256n * rank * 4n, dimensionsAt(b.name) + 20);
      await writeFile(file, bytes.subarray(0, -64));
      const { maxRSS } = process.resourceUsage();
      await assertRefused(file, /^the file ends inside tensor blk.0.attn_qkv.weight.lora_a$/);
      // In KiB; the lesser rank's first factor alone would be 2 ** 20.
      assert.ok(process.resourceUsage().maxRSS - maxRSS < 2 ** 19);
    });
  }

  test('something else in it', async () => {
    const file = path.join(folder, 'text.gguf');
    await writeFile(file, 'Once upon a time there was an adapter.\n');
    await assertRefused(file, /invalid magic characters: 'Once', expected 'GGUF'$/);
  });
});

describe('refused in place of an adapter', () => {
  test('no file', () =>
    assertRefused(path.join(folder, 'none.gguf'), /^the file is missing or can't be read$/));

  test('a folder', async () => {
    const file = path.join(folder, 'folder.gguf');
    await mkdir(file);
    await assertRefused(file, /^it is not a regular file$/);
  });

  test('a model', () =>
    assertRefused(shippedEngineOptions().modelPath, /^expected adapter for general.type, received model$/));
});
