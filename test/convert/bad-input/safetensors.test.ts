import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { rawSafetensors } from '../raw-safetensors.js';
import { writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, describeRefusals } from './refusals.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

type Header = Record<string, Entry>;

/** The tiny model, its weights' bytes changed. */
function bytes(change: (file: Buffer) => Buffer): BadInput['prepare'] {
  return async (parent) => {
    const path = join(await writeTinyGpt2(parent), 'model.safetensors');
    await writeFile(path, change(await readFile(path)));
  };
}

/** The tiny model, the header of its weights changed: as an object, or as text. */
function header(change: (header: Header) => Header | string): BadInput['prepare'] {
  return bytes((file) => {
    const length = Number(file.readBigUInt64LE());
    const parsed = JSON.parse(file.toString('utf8', 8, 8 + length)) as Header;
    return rawSafetensors(change(parsed), file.subarray(8 + length));
  });
}

/** The same of the entry of "wte.weight". */
function entry(change: (entry: Entry) => Partial<Record<keyof Entry, unknown>>): BadInput['prepare'] {
  return header((all) => {
    const wte = all['wte.weight'];
    if (wte === undefined) throw new Error('the tiny model has no wte.weight');
    return { ...all, 'wte.weight': { ...wte, ...change(wte) } as Entry };
  });
}

describeRefusals('a safetensors file', {
  'whose header ends past the end of the file': {
    prepare: bytes((file) => {
      file.writeBigUInt64LE(90_000_000n);
      return file;
    }),
    message: /the header of 90000000 bytes ends past the end of the file/,
  },
  'with overlapping offsets': {
    prepare: entry(() => ({ shape: [17, 32], data_offsets: [0, 2176] })),
    message: /tensor "wpe\.weight" overlaps another one at offset 2048/,
  },
  'with negative offsets': {
    prepare: entry(() => ({ data_offsets: [-2048, 0] })),
    message: /expected two non-negative integers for the offsets of tensor "wte\.weight"/,
  },
  'with a shape whose product overflows': {
    prepare: entry(() => ({ shape: [2 ** 32, 2 ** 32] })),
    message: /the shape \[4294967296, 4294967296\] of tensor "wte\.weight" overflows/,
  },
  'with a shape that its bytes do not fill': {
    prepare: entry(() => ({ shape: [17, 32] })),
    message: /tensor "wte\.weight" of shape \[17, 32\] in F32 takes 2176 bytes, its offsets span 2048/,
  },
  'that is truncated': {
    prepare: async (parent) => truncate(join(await writeTinyGpt2(parent), 'model.safetensors'), 50_000),
    message: /past its end at \d+: the file is truncated/,
  },
  'with a name twice': {
    prepare: header((all) => {
      const text = JSON.stringify(all);
      return `${text.slice(0, -1)},"wte.weight":${JSON.stringify(all['wte.weight'])}}`;
    }),
    message: /tensor "wte\.weight" appears twice/,
  },
});
