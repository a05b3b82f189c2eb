import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { DTYPE_BYTES } from '../../scripts/convert/checkpoint.js';
import { FormatError } from '../../scripts/convert/format-error.js';
import { openPytorch } from '../../scripts/convert/pytorch/reader.js';
import { dict, ops, tensor, torchEntries, whole } from './raw-torch.js';
import { rawZip, type ZipEntry } from './raw-zip.js';
import { refuses } from './refuses-torch.js';
import { scratchFolder } from './scratch.js';

describe('an archive that lies is refused', () => {
  const sound = torchEntries(whole(dict({ w: tensor() })));
  const [pickle, data] = sound;
  const replaced = (index: number, fields: Partial<ZipEntry>): Buffer =>
    rawZip(sound.map((entry, position) => (position === index ? { ...entry, ...fields } : entry)));
  const file = rawZip(sound);
  const lastHeader = file.lastIndexOf('PK\u0003\u0004');
  assert.ok(pickle !== undefined && data !== undefined);
  const damaged = (offset: number, ...bytes: readonly number[]): Buffer => {
    const copy = Buffer.from(file);
    copy.set(bytes, offset < 0 ? copy.length + offset : offset);
    return copy;
  };
  const cases: readonly (readonly [kind: string, file: Uint8Array, message: RegExp])[] = [
    ['empty file', Buffer.alloc(0), /received a file of 0 bytes that begins with ""/],
    ['another file', Buffer.from('MZ..'), /received a file of 4 bytes that begins with "4d5a2e2e"/],
    [
      'a pickle of old',
      ops(0x80, 2, 0x8a, 10),
      /received a pickle of torch before 1.6, which is not supported/,
    ],
    ['a tar of old', Buffer.from(`${'\0'.repeat(257)}ustar`), /received a tar archive of torch before 0.2/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1'),
      /received a Git LFS pointer/,
    ],
    ['only its beginning', file.subarray(0, 10), /the archive has only 10 bytes/],
    ['cut off', file.subarray(0, -1), /does not end with the end record of a zip archive: it is truncated/],
    ['bytes behind it', Buffer.concat([file, Buffer.alloc(1)]), /does not end with the end record/],
    [
      'two entries of one name',
      rawZip([...sound, data]),
      /the archive has two entries named "archive\/data\/0"/,
    ],
    ['no data.pkl', rawZip(sound.slice(1)), /there is no data.pkl in the archive/],
    ['data.pkl in the wrong place', replaced(0, { name: 'data.pkl' }), /there is no data.pkl in the archive/],
    ['two data.pkl', rawZip([...sound, { ...pickle, name: 'b/data.pkl' }]), /has more than one data.pkl/],
    [
      'compressed data that claim to be large (a bomb)',
      replaced(1, { method: 8, bytes: 2 ** 32 - 2, storedBytes: 8 }),
      /the entry "archive\/data\/0" of the archive is compressed \(method 8\), which torch never does/,
    ],
    [
      'data larger than stored',
      replaced(1, { bytes: 1000, storedBytes: 8 }),
      /has 1000 bytes in 8 without being compressed/,
    ],
    ['data past the end', replaced(1, { bytes: 2 ** 31 }), /ends past the last entry's end/],
    [
      'data over the next entry',
      replaced(1, { bytes: 60 }),
      /the entry "archive\/byteorder" .* overlaps the one before/,
    ],
    [
      'entries in one place',
      rawZip([...sound, { ...pickle, name: 'archive/x', headerOffset: 0 }]),
      /overlaps the one/,
    ],
    [
      'entry that is encrypted',
      replaced(1, { flags: 1 }),
      /the entry "archive\/data\/0" of the archive is encrypted/,
    ],
    [
      'other name in the header',
      replaced(1, { localName: 'archive/data/1' }),
      /has another name in its own header/,
    ],
    ['no header', damaged(lastHeader, 0), /the entry "archive\/version" of the archive has no header/],
    [
      'compression in the header alone',
      damaged(lastHeader + 8, 8),
      /"archive\/version" .* compressed in its own header/,
    ],
    [
      '64-bit sizes that are not there',
      replaced(1, { bytes: 2 ** 32 - 1 }),
      /the entry "archive\/data\/0" of the archive has no 64-bit sizes where its header points to them/,
    ],
    ['header past the end', replaced(3, { headerOffset: 2 ** 31 }), /lies past the end of the entries/],
    ['more entries claimed', rawZip(sound, { count: 9 }), /the archive claims 9 entries and has 4/],
    [
      'a billion entries',
      rawZip(sound, { count: 2 ** 30, wide: true }),
      /at most 200000 entries .* received 1073741824/,
    ],
    ['directory elsewhere', damaged(-6, 0xff), /the central directory does not reach to the end record/],
    [
      'directory of garbage',
      damaged(file.readUInt32LE(file.length - 6), 0),
      /expected an entry at byte 0 of the central/,
    ],
    [
      'name that is not UTF-8',
      damaged(file.readUInt32LE(file.length - 6) + 46, 0xff),
      /name in the archive is not UTF-8/,
    ],
    [
      'big-endian data',
      replaced(2, { data: Buffer.from('big') }),
      /expected the byte order "little", received "big"/,
    ],
    [
      'long byte order',
      replaced(2, { data: Buffer.alloc(17) }),
      /expected at most 16 bytes for byteorder, received 17/,
    ],
    [
      'TorchScript',
      rawZip([...sound, { name: 'archive/constants.pkl', data: new Uint8Array(1) }]),
      /the file is a TorchScript archive, which holds code/,
    ],
    [
      'data.pkl over its limit',
      replaced(0, { data: Buffer.alloc(64 * 1024 * 1024 + 1) }),
      /at most 67108864 bytes for data.pkl/,
    ],
  ];
  for (const [kind, bytes, message] of cases) test(kind, (context) => refuses(context, bytes, message));

  test('a folder', async (context) => {
    await assert.rejects(openPytorch(await scratchFolder(context)), /expected a regular file/);
  });
});

test('no damaged bit leads to anything but a refusal or tensors of the right size', async (context) => {
  const state = dict({
    w: tensor({ shape: [2, 3], strides: [1, 2] }),
    v: tensor({ key: '1', dtype: 'F16' }),
  });
  const file = rawZip(torchEntries(whole(state), { 0: new Uint8Array(24), 1: new Uint8Array(4) }));
  const path = join(await scratchFolder(context), 'pytorch_model.bin');
  let refused = 0;
  for (let offset = 0; offset < file.length; offset += 7) {
    const copy = Buffer.from(file);
    copy[offset] = (copy[offset] ?? 0) ^ (1 << (offset % 8));
    await writeFile(path, copy);
    try {
      await readAll(path);
    } catch (error) {
      assert.ok(error instanceof FormatError, `byte ${offset}: ${String(error)}`);
      refused += 1;
    }
  }
  assert.ok(refused > file.length / 14, `${refused} refused`);
});

async function readAll(path: string): Promise<void> {
  const checkpoint = await openPytorch(path);
  try {
    for (const [name, { dtype, shape }] of checkpoint.tensors) {
      const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
      assert.equal((await checkpoint.read(name)).length, bytes);
    }
  } finally {
    await checkpoint.close();
  }
}
