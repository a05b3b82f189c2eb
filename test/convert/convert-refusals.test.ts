import assert from 'node:assert/strict';
import { copyFile, link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint, type ConvertOptions } from '../../scripts/convert/convert.js';
import type { QuantizeFile } from '../../scripts/convert/quantize.js';
import { GlossaError } from '../../src/errors.js';
import { scratchFolder } from './scratch.js';
import { newTensor, type TinyOptions, writeTinyGpt2 } from './tiny-gpt2.js';

/** A quantiser that only copies, so that the way around it can be tested without the addon. */
const copying: QuantizeFile = ({ input, output }) => copyFile(input, output);

async function tiny(context: TestContext, options: TinyOptions = {}): Promise<string> {
  return writeTinyGpt2(await scratchFolder(context), 'tiny-model', options);
}

async function rejectsWith(options: ConvertOptions, message: RegExp): Promise<void> {
  await assert.rejects(convertCheckpoint({ quantize: copying, ...options }), (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, 'CONVERSION_FAILED');
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'), 'one line');
    return true;
  });
}

describe('a checkpoint that cannot be converted is refused, and nothing is written', () => {
  const wrong = (name: string, shape: readonly number[], dtype?: string) => ({
    [name]: newTensor(name, shape, dtype),
  });
  const cases: readonly (readonly [kind: string, options: TinyOptions, message: RegExp])[] = [
    ['missing tensor', { tensors: { 'h.1.ln_1.bias': undefined } }, /tensor "h.1.ln_1.bias" missing/],
    ['several missing tensors', { config: { n_layer: 3 } }, /tensor "h.2.ln_1.weight" and 11 others missing/],
    [
      'tensor without a place',
      { tensors: wrong('h.2.ln_1.bias', [32]) },
      /tensor "h.2.ln_1.bias" has no place in gpt2/,
    ],
    [
      'tensor with and without the prefix',
      { tensors: wrong('transformer.wpe.weight', [8, 32]) },
      /"wpe.weight" has no place in gpt2/,
    ],
    [
      'tensor of another shape',
      { tensors: wrong('wpe.weight', [9, 32]) },
      /expected shape \[8, 32\] for tensor "wpe.weight", received \[9, 32\]/,
    ],
    [
      'embedding of another size than vocab_size',
      { config: { vocab_size: 15 } },
      /expected shape \[15, 32\] for tensor "wte.weight"/,
    ],
    [
      'tensor of integers',
      { tensors: wrong('wpe.weight', [8, 32], 'U8') },
      /expected F64, F32, F16 or BF16 for tensor "wpe.weight", received U8/,
    ],
    [
      'unknown architecture',
      { config: { architectures: ['FalconForCausalLM'] } },
      /the architecture "FalconForCausalLM" is not known; known are: GPT2LMHeadModel, GPTNeoXForCausalLM, Llama/,
    ],
    [
      'no architecture',
      { config: { architectures: undefined, model_type: undefined } },
      /the architecture null is not known/,
    ],
    ['config entry of a wrong type', { config: { n_embd: '32' } }, /config.json: n_embd: /],
    ['absurd number of layers', { config: { n_layer: 1e9 } }, /config.json: n_layer: /],
    ['zero heads', { config: { n_head: 0 } }, /config.json: n_head: /],
    [
      'width that heads do not divide',
      { config: { n_head: 5 } },
      /expected a multiple of n_head \(5\) for n_embd, received 32/,
    ],
    [
      'activation that llama.cpp does not compute',
      { config: { activation_function: 'relu' } },
      /for activation_function, received relu/,
    ],
    [
      'attention scaled by layer',
      { config: { scale_attn_by_inverse_layer_idx: true } },
      /for scale_attn_by_inverse_layer_idx, received true/,
    ],
    ['cross attention', { config: { add_cross_attention: true } }, /for add_cross_attention, received true/],
    [
      'token id that is negative',
      { config: { eos_token_id: -1 } },
      /expected a token id for eos_token_id, received -1/,
    ],
  ];
  for (const [kind, options, message] of cases) {
    test(kind, async (context) => {
      const source = await tiny(context, options);
      const before = await readdir(source);
      await rejectsWith({ source, outtype: 'f32' }, message);
      assert.deepEqual(await readdir(source), before);
    });
  }

  const damages: readonly (readonly [
    kind: string,
    damage: (folder: string) => Promise<unknown>,
    message: RegExp,
  ])[] = [
    ['no config.json', (folder) => rm(join(folder, 'config.json')), /there is no config.json in the folder/],
    [
      'config.json that is no JSON',
      (folder) => writeFile(join(folder, 'config.json'), '{'),
      /config.json: the file is not valid JSON/,
    ],
    [
      'config.json that is no object',
      (folder) => writeFile(join(folder, 'config.json'), '[1]'),
      /config.json: /,
    ],
    [
      'config.json that is not UTF-8',
      (folder) => writeFile(join(folder, 'config.json'), Buffer.of(0xff)),
      /config.json: the file is not UTF-8/,
    ],
    [
      'no weights',
      (folder) => rm(join(folder, 'model.safetensors')),
      /there is neither model.safetensors nor/,
    ],
    [
      'no tokenizer',
      (folder) => rm(join(folder, 'tokenizer.json')),
      /there is neither tokenizer.json nor vocab.json/,
    ],
    [
      'malformed weights',
      (folder) => writeFile(join(folder, 'model.safetensors'), 'x'),
      /safetensors: the file has only 1 bytes/,
    ],
    [
      'malformed PyTorch weights',
      async (folder) => {
        await rm(join(folder, 'model.safetensors'));
        await writeFile(join(folder, 'pytorch_model.bin'), '');
      },
      /expected a zip archive of torch.save, received a file of 0 bytes/,
    ],
  ];
  for (const [kind, damage, message] of damages) {
    test(kind, async (context) => {
      const source = await tiny(context);
      await damage(source);
      await rejectsWith({ source }, message);
      assert.ok((await readdir(source)).every((name) => !name.endsWith('.gguf') && !name.endsWith('.tmp')));
    });
  }
});

describe('a place that cannot be used is refused', () => {
  test('a source that is no folder', async (context) => {
    const source = await tiny(context);
    await rejectsWith(
      { source: join(source, 'nowhere') },
      /expected a folder for SOURCE, received a path where nothing is: nowhere/,
    );
    await rejectsWith(
      { source: join(source, 'config.json') },
      /expected a folder for SOURCE, received a file: config.json/,
    );
    await rejectsWith({ source: 'hf:gpt2' }, /expected hf:owner\/name or hf:owner\/name@revision, received/);
  });

  test('where a mistake is likely, the message says what may be meant', async (context) => {
    await rejectsWith({ source: 'some/model' }, /nothing is: model; a model on the hub is hf:some\/model/);
    const folder = await scratchFolder(context);
    await writeFile(join(folder, 'adapter_config.json'), '{}');
    await rejectsWith(
      { source: folder },
      /no config\.json in the folder: it holds a PEFT adapter, which goes/,
    );
    const source = await tiny(context);
    await rejectsWith({ source, outfile: `${join(source, 'new')}/` }, /expected a folder for --outfile/);
    await writeFile(
      join(source, 'model.safetensors'),
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n',
    );
    await rejectsWith({ source }, /safetensors: the file is a Git LFS pointer/);
  });

  test('a tokenizer folder or an output folder that is not there', async (context) => {
    const source = await tiny(context);
    await rejectsWith({ source, tokenizer: join(source, 'nowhere') }, /expected a folder for --tokenizer/);
    await rejectsWith(
      { source, outfile: join(source, 'nowhere', 'a.gguf') },
      /expected a folder for the place of --outfile/,
    );
  });

  test('an output that is one of the inputs, directly or through a link', async (context) => {
    const source = await tiny(context);
    const elsewhere = await scratchFolder(context);
    await symlink(join(source, 'model.safetensors'), join(elsewhere, 'soft.gguf'));
    await link(join(source, 'config.json'), join(elsewhere, 'hard.gguf'));
    const weights = await readFile(join(source, 'model.safetensors'));
    await rejectsWith(
      { source, outfile: join(source, 'model.safetensors') },
      /would overwrite model.safetensors/,
    );
    await rejectsWith({ source, outfile: join(elsewhere, 'soft.gguf') }, /would overwrite model.safetensors/);
    await rejectsWith({ source, outfile: join(elsewhere, 'hard.gguf') }, /would overwrite config.json/);
    assert.deepEqual(await readFile(join(source, 'model.safetensors')), weights);
  });
});

describe('when the quantiser', () => {
  const outcomes: readonly (readonly [string, QuantizeFile, RegExp])[] = [
    ['fails', () => Promise.reject(new GlossaError('CONVERSION_FAILED', 'no such type')), /no such type/],
    [
      'finds the disk full',
      () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })),
      /no space is left on the device/,
    ],
    [
      'writes a truncated file',
      async ({ input, output }) => writeFile(output, (await readFile(input)).subarray(0, -100)),
      /GGUF: tensor ".*" ends at byte/,
    ],
    ['writes nothing', () => Promise.resolve(), /a file disappeared or never was there/],
  ];
  for (const [kind, quantize, message] of outcomes) {
    test(`${kind}, nothing is left`, async (context) => {
      const source = await tiny(context);
      const before = await readdir(source);
      await rejectsWith({ source, outtype: 'q4_0', quantize }, message);
      assert.deepEqual(await readdir(source), before);
    });
  }

  test("works, it hears llama.cpp's name of the type and both files are beside the target", async (context) => {
    const source = await tiny(context);
    const folder = join(source, 'out');
    await mkdir(folder);
    const phases = new Set<string>();
    const { outfile } = await convertCheckpoint({
      source,
      outtype: 'q4_k_m',
      outfile: join(folder, 'x.gguf'),
      threads: 3,
      onProgress: ({ phase }) => phases.add(phase),
      quantize: async ({ input, output, fileType, threads }) => {
        assert.deepEqual([fileType, threads], ['q4_k_m', 3]);
        assert.equal((await readdir(folder)).length, 1);
        await copyFile(input, output);
      },
    });
    assert.deepEqual(await readdir(folder), ['x.gguf']);
    assert.equal(outfile, join(folder, 'x.gguf'));
    assert.deepEqual([...phases], ['tensors', 'quantize']);
  });
});
