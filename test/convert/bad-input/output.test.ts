import { spawnSync } from 'node:child_process';
import { chmod, link, mkdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PREFIX, writeAdapter } from '../lora/tiny-adapter.js';
import { newTensor, writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, describeRefusals, LORA_ARGS } from './refusals.js';

const NO_SHELL = process.platform === 'win32' ? 'needs a POSIX shell' : undefined;
/** Without this a mount would need root, and root may write where nobody may. */
const IN_NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount'];
const OWN_MOUNTS = succeeds([...IN_NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()])
  ? undefined
  : 'needs user namespaces in which file systems can be mounted';
const ROOT = process.getuid?.() === 0;
/** Another namespace's root may no more than the file's permissions say. */
const WITHOUT_PRIVILEGE = ROOT ? ['unshare', '--user'] : [];
const CANNOT_DROP =
  NO_SHELL ?? (ROOT && !succeeds([...WITHOUT_PRIVILEGE, 'true']) ? 'root may write everywhere' : undefined);

function succeeds([program = '', ...args]: readonly string[]): boolean {
  return process.platform === 'linux' && spawnSync(program, args).status === 0;
}

const tiny: BadInput['prepare'] = (parent) => writeTinyGpt2(parent);

/** Runs the command with files limited to some kilobytes: writing beyond fails, or ends those not prepared. */
function limited(kilobytes: number): readonly string[] {
  return ['sh', '-c', `ulimit -f ${kilobytes * 2}; exec "$0" "$@"`];
}

/** Runs the command with the folder "out" on a file system of its own; what it leaves there goes to stdout. */
function onDevice(kilobytes: number): readonly string[] {
  const mount = `mount -t tmpfs -o size=${kilobytes}k tmpfs out`;
  return [...IN_NAMESPACE, 'sh', '-c', `${mount} && { "$0" "$@"; code=$?; ls -A out; exit $code; }`];
}

function outtype(name: string, ...others: readonly string[]): readonly string[] {
  return ['tiny-model', '--outtype', name, '--outfile', 'out/result.gguf', ...others];
}

/** More than a page of memory. */
const LARGER = [0, 1].flatMap((layer) => [
  newTensor(`${PREFIX}h.${layer}.mlp.c_fc.lora_A.weight`, [2, 32]),
  newTensor(`${PREFIX}h.${layer}.mlp.c_fc.lora_B.weight`, [128, 2]),
  newTensor(`${PREFIX}h.${layer}.mlp.c_proj.lora_A.weight`, [2, 128]),
  newTensor(`${PREFIX}h.${layer}.mlp.c_proj.lora_B.weight`, [32, 2]),
]);

const FULL = /no space is left on the device/;

describeRefusals('a device without space', {
  'from the first byte on': { prepare: tiny, through: onDevice(4), message: FULL, skip: OWN_MOUNTS },
  'amid the tensors': { prepare: tiny, through: onDevice(64), message: FULL, skip: OWN_MOUNTS },
  'that holds what is quantised, but not the result': {
    args: outtype('q4_0'),
    prepare: tiny,
    through: onDevice(124),
    message: FULL,
    skip: OWN_MOUNTS,
  },
  'that holds the result, but not what --verify compares it with': {
    args: outtype('q8_0', '--verify'),
    prepare: tiny,
    through: onDevice(64),
    message: FULL,
    skip: OWN_MOUNTS,
  },
  'for a merge': {
    args: LORA_ARGS,
    prepare: async (parent) => {
      await writeTinyGpt2(parent);
      await writeAdapter(parent);
    },
    through: onDevice(64),
    message: FULL,
    skip: OWN_MOUNTS,
  },
  'for an adapter alone': {
    args: ['tiny-model', '--lora-only', '--lora', 'tiny-lora', '--outfile', 'out'],
    prepare: async (parent) => {
      await writeTinyGpt2(parent);
      await writeAdapter(parent, LARGER);
    },
    through: onDevice(4),
    message: FULL,
    skip: OWN_MOUNTS,
  },
});

describeRefusals('a limit on the size of files', {
  'below that of the metadata': {
    prepare: tiny,
    through: limited(1),
    message: /the file would be too large for its file system/,
    skip: NO_SHELL,
  },
  'below that of the tensors': {
    args: outtype('q4_0'),
    prepare: tiny,
    through: limited(50),
    message: /the file would be too large for its file system/,
    skip: NO_SHELL,
  },
});

describeRefusals('an output that is an input', {
  itself: {
    args: ['tiny-model', '--outfile', 'tiny-model/model.safetensors'],
    prepare: tiny,
    message: /--outfile would overwrite model\.safetensors of the checkpoint/,
  },
  'through a symbolic link': {
    prepare: async (parent) =>
      symlink('../tiny-model/model.safetensors', join(await withOut(parent), 'result.gguf')),
    message: /--outfile would overwrite model\.safetensors of the checkpoint/,
  },
  'through a hard link': {
    prepare: async (parent) => {
      const out = await withOut(parent);
      await link(join(parent, 'tiny-model', 'tokenizer.json'), join(out, 'result.gguf'));
    },
    message: /--outfile would overwrite tokenizer\.json of the checkpoint/,
  },
  'through a link to the folder': {
    args: ['tiny-model', '--outfile', 'alias/config.json'],
    prepare: async (parent) => symlink('tiny-model', join(await withOut(parent), '..', 'alias')),
    message: /--outfile would overwrite config\.json of the checkpoint/,
  },
});

/** The tiny model; gives the folder "out". */
async function withOut(parent: string): Promise<string> {
  await writeTinyGpt2(parent);
  return join(parent, 'out');
}

describeRefusals('a place', {
  'in a folder that is not there': {
    args: ['tiny-model', '--outfile', 'nowhere/result.gguf'],
    prepare: tiny,
    message: /expected a folder for the place of --outfile, received a path where nothing is: nowhere/,
  },
  'that is a device': {
    args: ['tiny-model', '--outfile', '/dev/null'],
    prepare: tiny,
    message: /expected a file for --outfile, received null/,
    skip: NO_SHELL,
  },
  'that is a folder by the default name': {
    args: ['tiny-model', '--outtype', 'f32', '--outfile', 'out'],
    prepare: async (parent) => mkdir(join(await withOut(parent), 'tiny-model-f32.gguf')),
    message: /expected a file for --outfile, received tiny-model-f32\.gguf/,
  },
  'in a folder that may not be written': {
    prepare: async (parent) => chmod(await withOut(parent), 0o555),
    through: WITHOUT_PRIVILEGE,
    message: /permission denied: "result\.gguf" \(open, EACCES\)/,
    skip: CANNOT_DROP,
  },
  'with a name that is too long': {
    args: ['tiny-model', '--outfile', `out/${'x'.repeat(300)}.gguf`],
    prepare: tiny,
    message: /the name is too long: "x{77}\.\.\."/,
  },
});
