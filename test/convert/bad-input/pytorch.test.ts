import { rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  dict,
  global,
  little,
  ops,
  type Pickle,
  reduce,
  tensor,
  text,
  torchEntries,
  tuple,
  whole,
} from '../raw-torch.js';
import { rawZip, type ZipEntry } from '../raw-zip.js';
import { writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, describeRefusals } from './refusals.js';

/** What a malicious pickle would do: it shows as a new file in the current folder. */
const COMMAND = text('touch harmed');

function bin(content: Buffer): BadInput['prepare'] {
  return async (parent) => {
    const folder = await writeTinyGpt2(parent);
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, 'pytorch_model.bin'), content);
  };
}

/** The tiny model with a pickle in its weights' place. */
function pickle(value: Pickle): BadInput['prepare'] {
  return bin(rawZip(torchEntries(whole(value))));
}

function archive(change: (entry: ZipEntry) => Partial<ZipEntry>): BadInput['prepare'] {
  const entries = torchEntries(whole(dict({ 'wte.weight': tensor() })));
  return bin(rawZip(entries.map((entry) => ({ ...entry, ...change(entry) }))));
}

const system = reduce(global('os', 'system'), COMMAND);

describeRefusals('a pickle', {
  'that calls os.system': {
    prepare: pickle(system),
    message: /PyTorch: the global "os\.system" is not allowed/,
  },
  'that calls builtins.eval': {
    prepare: pickle(reduce(global('builtins', 'eval'), text('open("harmed", "w")'))),
    message: /the global "builtins\.eval" is not allowed/,
  },
  'that hides a call among the arguments of an allowed one': {
    prepare: pickle(dict({ 'wte.weight': reduce(global('torch._utils', '_rebuild_tensor_v2'), system) })),
    message: /the global "os\.system" is not allowed/,
  },
  'that takes what it calls from the stack': {
    prepare: pickle(ops(text('os'), text('system'), 0x93, tuple(COMMAND), 'R')),
    message: /the global "os\.system" is not allowed/,
  },
  'that recalls what was never put into the memo': {
    prepare: pickle(ops('j', little(7, 4))),
    message: /the memo of data\.pkl has no entry 7/,
  },
  'that claims a text of two gigabytes': {
    prepare: pickle(ops('X', little(0x7fffffff, 4), 'wte')),
    message: /expected 2147483647 bytes for .*, which has \d+ left/,
  },
  'of an opcode for instances': {
    prepare: pickle(ops('(i', 'os\n', 'system\n')),
    message: /PyTorch: the opcode INST/,
  },
  'with a storage key that leads out of the archive': {
    prepare: pickle(dict({ 'wte.weight': tensor({ key: '../../../config.json' }) })),
    message: /the storage key "\.\.\/\.\.\/\.\.\/config\.json" is no plain name/,
  },
});

describeRefusals('a .bin file', {
  'that is a zip bomb: compressed': {
    prepare: archive(({ name }) =>
      name.endsWith('/0') ? { method: 8, bytes: 2 ** 31, storedBytes: 8 } : {},
    ),
    message: /the entry "archive\/data\/0" of the archive is compressed/,
  },
  'that is a zip bomb: entries on top of each other': {
    prepare: archive(() => ({ headerOffset: 0, localName: 'archive/data.pkl' })),
    message: /the entry "archive\/data\/0" of the archive overlaps the one before it/,
  },
  'that is a zip bomb: a directory of millions': {
    prepare: bin(rawZip(torchEntries(whole(dict({}))), { wide: true, count: 50_000_000 })),
    message: /expected at most 200000 entries in the archive, received 50000000/,
  },
  'that is truncated': {
    prepare: async (parent) => {
      await bin(rawZip(torchEntries(whole(dict({ 'wte.weight': tensor() })))))(parent);
      await truncate(join(parent, 'tiny-model', 'pytorch_model.bin'), 200);
    },
    message: /does not end with the end record of a zip archive: it is truncated/,
  },
  'that is something else under that name': {
    prepare: async (parent) => {
      const folder = await writeTinyGpt2(parent);
      await rename(join(folder, 'model.safetensors'), join(folder, 'pytorch_model.bin'));
    },
    message: /expected a zip archive of torch\.save, received/,
  },
});
