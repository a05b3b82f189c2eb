import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ConfigChanges, PLAIN_TENSORS, PREFIX, writeAdapter } from '../lora/tiny-adapter.js';
import type { NewTensor } from '../raw-safetensors.js';
import { global, int, reduce, text, torchEntries, whole } from '../raw-torch.js';
import { rawZip } from '../raw-zip.js';
import { newTensor, writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, describeRefusals, LORA_ARGS } from './refusals.js';

/** The tiny model with an adapter, whose tensors or configuration are wrong. */
function adapter(tensors?: readonly NewTensor[], config?: ConfigChanges): BadInput['prepare'] {
  return async (parent) => {
    await writeTinyGpt2(parent);
    await writeAdapter(parent, tensors, config);
  };
}

function factors(module: string, rows: number, columns: number): NewTensor[] {
  return [
    newTensor(`${PREFIX}${module}.lora_A.weight`, [2, columns]),
    newTensor(`${PREFIX}${module}.lora_B.weight`, [rows, 2]),
  ];
}

/** An entry of the configuration that is refused. */
function entry(config: ConfigChanges, message: RegExp): BadInput {
  return { args: LORA_ARGS, prepare: adapter(PLAIN_TENSORS, config), message };
}

const ALONE = ['tiny-model', '--lora-only', '--outfile', 'out/adapter.gguf'];

describeRefusals('an adapter', {
  'without adapter_config.json': {
    args: LORA_ARGS,
    prepare: async (parent) => {
      await adapter()(parent);
      await rm(join(parent, 'tiny-lora', 'adapter_config.json'));
    },
    message: /adapter: there is no adapter_config\.json in the folder/,
  },
  'for a wider model': {
    args: LORA_ARGS,
    prepare: adapter([...factors('h.0.attn.c_attn', 192, 64), ...factors('h.1.attn.c_proj', 64, 64)]),
    message:
      /does not fit the base: expected shape \[32, 96\] for ".*h\.0\.attn\.c_attn", received \[64, 192\]; .*h\.1\.attn\.c_proj", received/,
  },
  'for a model with other names': {
    args: LORA_ARGS,
    prepare: adapter([
      ...factors('model.layers.0.self_attn.q_proj', 32, 32),
      ...factors('model.layers.0.self_attn.v_proj', 32, 32),
    ]),
    message: /does not fit the base: .*q_proj.* has no counterpart; .*v_proj.* has no counterpart/,
  },
  'for a model with more layers': {
    args: LORA_ARGS,
    prepare: adapter([0, 2, 3, 4, 5].flatMap((layer) => factors(`h.${layer}.attn.c_attn`, 96, 32))),
    message: /h\.2\.attn\.c_attn.*h\.3\.attn\.c_attn.*h\.4\.attn\.c_attn.*; and 1 more/,
  },
  'alone for a model with other names': {
    args: [...ALONE, '--lora', 'tiny-lora'],
    prepare: adapter(factors('model.layers.0.self_attn.q_proj', 32, 32)),
    message: /does not fit the base: .*q_proj.* has no counterpart/,
  },
  'of rank 0': entry({ r: 0 }, /adapter_config\.json: r: .*>=1/),
  'of DoRA': entry({ use_dora: true }, /use_dora is not supported \(DoRA\): received true/),
  'with an unknown entry': entry({ use_magic: [1] }, /the entry "use_magic" is not known: received \[1\]/),
  'with an entry nested deep': {
    args: LORA_ARGS,
    prepare: async (parent) => {
      await adapter()(parent);
      const text = `{"use_magic":${'['.repeat(5000)}${']'.repeat(5000)}}`;
      await writeFile(join(parent, 'tiny-lora', 'adapter_config.json'), text);
    },
    message: /adapter_config\.json: more than 100 objects and arrays are nested/,
  },
  'with a malicious pickle': {
    args: LORA_ARGS,
    prepare: async (parent) => {
      await adapter()(parent);
      const folder = join(parent, 'tiny-lora');
      await rm(join(folder, 'adapter_model.safetensors'));
      const content = whole(reduce(global('builtins', 'exec'), text('open("harmed", "w")'), int(1)));
      await writeFile(join(folder, 'adapter_model.bin'), rawZip(torchEntries(content)));
    },
    message: /the global "builtins\.exec" is not allowed/,
  },
});

describeRefusals('--lora-only', {
  'without --lora': {
    args: ALONE,
    prepare: adapter(),
    message: /expected one --lora with --lora-only, received 0/,
  },
  'with two of them': {
    args: [...ALONE, '--lora', 'tiny-lora', '--lora', 'tiny-lora'],
    prepare: adapter(),
    message: /expected one --lora with --lora-only, received 2/,
  },
  'with a scale': {
    args: [...ALONE, '--lora', 'tiny-lora=0.5'],
    prepare: adapter(),
    message: /a scale belongs to the use of an adapter/,
  },
  'with a type for models': {
    args: [...ALONE, '--lora', 'tiny-lora', '--outtype', 'q4_k_m'],
    prepare: adapter(),
    message: /for --outtype of an adapter, received q4_k_m/,
  },
  'with --verify': {
    args: [...ALONE, '--lora', 'tiny-lora', '--verify'],
    prepare: adapter(),
    message: /--verify means nothing with --lora-only/,
  },
  'onto the adapter': {
    args: ['tiny-model', '--lora-only', '--lora', 'tiny-lora', '--outfile', 'tiny-lora/adapter_config.json'],
    prepare: adapter(),
    message: /--outfile would overwrite adapter_config\.json/,
  },
});
