import { execFile } from 'node:child_process';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type TinyOptions, writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, describeRefusals } from './refusals.js';

const NO_PIPES = process.platform === 'win32' ? 'Windows has no named pipes in folders' : undefined;

/** The tiny model with one file replaced by text or made by a function. */
function withFile(name: string, make: string | ((path: string) => Promise<unknown>)): BadInput['prepare'] {
  return async (parent) => {
    const path = join(await writeTinyGpt2(parent), name);
    await rm(path, { force: true });
    await (typeof make === 'string' ? writeFile(path, make) : make(path));
  };
}

function tiny(options: TinyOptions): BadInput['prepare'] {
  return (parent) => writeTinyGpt2(parent, 'tiny-model', options);
}

/** A file of three gigabytes that takes no place on the disk. */
async function makeHuge(path: string): Promise<void> {
  const handle = await open(path, 'w');
  await handle.truncate(3 * 2 ** 30);
  await handle.close();
}

const makePipe = (path: string): Promise<unknown> => promisify(execFile)('mkfifo', [path]);

/** The tiny model as one shard with an index, which `change` gets wrong. */
function sharded(change: (weightMap: Record<string, string>) => void): BadInput['prepare'] {
  return async (parent) => {
    const folder = await writeTinyGpt2(parent);
    const shard = 'model-00001-of-00001.safetensors';
    await rename(join(folder, 'model.safetensors'), join(folder, shard));
    const weightMap: Record<string, string> = {};
    for (const name of ['wte.weight', 'wpe.weight']) weightMap[name] = shard;
    change(weightMap);
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  };
}

describeRefusals('a folder that holds no checkpoint', {
  'no such folder': {
    args: ['nowhere', '--outfile', 'out'],
    prepare: () => Promise.resolve(),
    message: /expected a folder for SOURCE, received a path where nothing is: nowhere/,
  },
  'no config': {
    prepare: async (parent) => rm(join(await writeTinyGpt2(parent), 'config.json')),
    message: /there is no config\.json/,
  },
  'a folder called model.safetensors': {
    prepare: withFile('model.safetensors', (path) => mkdir(path)),
    message: /model\.safetensors: expected a regular file/,
  },
  'a pipe called model.safetensors': {
    prepare: withFile('model.safetensors', makePipe),
    message: /model\.safetensors: expected a regular file/,
    skip: NO_PIPES,
  },
});

describeRefusals('a config.json', {
  'that is no JSON': {
    prepare: withFile('config.json', '{"model_type": gpt2}'),
    message: /config\.json: the file is not valid JSON/,
  },
  'that is no object': {
    prepare: withFile('config.json', '["gpt2"]'),
    message: /config\.json: .*expected record/,
  },
  'of three gigabytes': {
    prepare: withFile('config.json', makeHuge),
    message: /config\.json: expected at most \d+ bytes, received 3221225472/,
  },
  'nested a million deep': {
    prepare: withFile('config.json', `{"architectures":${'['.repeat(1e6)}${']'.repeat(1e6)}}`),
    message: /config\.json: more than 100 objects and arrays are nested/,
  },
  'that is a pipe': {
    prepare: withFile('config.json', makePipe),
    message: /config\.json: expected a regular file/,
    skip: NO_PIPES,
  },
  'of an unknown architecture': {
    prepare: tiny({ config: { architectures: ['FalconForCausalLM'] } }),
    message:
      /"FalconForCausalLM" is not known; known are: GPT2LMHeadModel, .*LlamaForCausalLM.*Qwen3ForCausalLM/,
  },
  'with lines in a name': {
    prepare: tiny({ config: { activation_function: 'gelu\nglossa: all is well\u001b[2J' } }),
    message: /for activation_function, received gelu\\u000aglossa: all is well\\u001b/,
  },
});

describeRefusals('sharded weights', {
  'with a shard missing': {
    prepare: sharded((weightMap) => (weightMap['ln_f.bias'] = 'model-00002-of-00002.safetensors')),
    message: /the shard "model-00002-of-00002\.safetensors" is missing/,
  },
  'with an index that names an absent tensor': {
    prepare: async (parent) => {
      const folder = await writeTinyGpt2(parent, 'tiny-model', { tensors: { 'ln_f.bias': undefined } });
      const index = { weight_map: await weightMapOf(folder, 'ln_f.bias') };
      await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    },
    message: /names tensor "ln_f\.bias", which no shard holds/,
  },
  'with an index that leads out of the folder': {
    prepare: sharded((weightMap) => (weightMap['wte.weight'] = '../model.safetensors')),
    message: /"\.\.\/model\.safetensors" is no plain file name/,
  },
  'with an index that leads to the root': {
    prepare: sharded((weightMap) => (weightMap['wte.weight'] = '/etc/hostname')),
    message: /"\/etc\/hostname" is no plain file name/,
  },
});

/** Maps all tensors of a folder's model.safetensors, and others, to that file. */
async function weightMapOf(folder: string, ...others: readonly string[]): Promise<Record<string, string>> {
  const { openSafetensors } = await import('../../../scripts/convert/safetensors/reader.js');
  const checkpoint = await openSafetensors(join(folder, 'model.safetensors'));
  await checkpoint.close();
  return Object.fromEntries(
    [...checkpoint.tensors.keys(), ...others].map((name) => [name, 'model.safetensors']),
  );
}

describeRefusals('tensors and config', {
  'that disagree about the size of the embedding': {
    prepare: tiny({ config: { vocab_size: 15 } }),
    message: /expected shape \[15, 32\] for tensor "wte\.weight", received \[16, 32\]/,
  },
});
