import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { FormatError } from '../../scripts/convert/format-error.js';
import { type GgufFile, readGguf } from '../../scripts/convert/gguf/reader.js';
import { RawGguf } from './raw-gguf.js';
import { scratchFolder } from './scratch.js';

async function read(context: TestContext, raw: RawGguf | Buffer): Promise<GgufFile> {
  const path = join(await scratchFolder(context), 'model.gguf');
  await writeFile(path, raw instanceof RawGguf ? raw.build() : raw);
  return readGguf(path);
}

const HUGE = 2n ** 63n;

/** Every way in which a file can be malformed, with what the message must say. */
const MALFORMED: readonly (readonly [kind: string, raw: () => RawGguf, message: RegExp])[] = [
  ['empty file', () => new RawGguf(), /the file is empty/],
  ['three bytes', () => new RawGguf().ascii('GGU'), /expected the magic "GGUF", received the bytes 474755/],
  [
    'other magic',
    () => new RawGguf().ascii('\u007fELF').u32(3),
    /expected the magic "GGUF", received the bytes 7f454c46/,
  ],
  ['Git LFS pointer', () => new RawGguf().ascii('version https://git-lfs'), /received a Git LFS pointer/],
  ['web page', () => new RawGguf().ascii('<!DOCTYPE html>'), /received a web page/],
  ['old GGJT format', () => new RawGguf().ascii('tjgg').u32(3), /old GGJT format/],
  ['nothing behind the magic', () => new RawGguf().ascii('GGUF'), /the file ends inside the version/],
  ['version 1', () => new RawGguf().header(0, 0, 1), /expected 2 or 3 for the version, received 1/],
  ['version 0', () => new RawGguf().header(0, 0, 0), /expected 2 or 3 for the version, received 0/],
  [
    'version from the future',
    () => new RawGguf().header(0, 0, 4),
    /expected 2 or 3 for the version, received 4/,
  ],
  ['big-endian', () => new RawGguf().header(0, 0, 0x03000000), /big-endian files are not supported/],
  [
    'tensor count beyond the file',
    () => new RawGguf().header(HUGE, 0),
    /for the tensor count, received 9223372036854775808/,
  ],
  ['key count beyond the file', () => new RawGguf().header(0, HUGE), /for the metadata key count/],
  [
    'counts cut off',
    () => new RawGguf().ascii('GGUF').u32(3).u64(0).u32(0),
    /the file ends inside the metadata key count/,
  ],
  [
    'fewer keys than counted',
    () => new RawGguf().header(0, 2).key('a.b', 1),
    /the file ends inside|for the metadata key count/,
  ],
  ['empty key', () => new RawGguf().header(0, 1).key('', 1), /metadata key 0 is empty/],
  [
    'key longer than allowed',
    () => new RawGguf().header(0, 1).key('k'.repeat(65_536), 1),
    /at most 65535 for the length of metadata key 0/,
  ],
  [
    'key length beyond the file',
    () => new RawGguf().header(0, 1).u64(60_000).ascii('abc').u64(0),
    /the file ends inside metadata key 0/,
  ],
  [
    'key that is not UTF-8',
    () => new RawGguf().header(0, 1).u64(2).bytes(0xc3, 0x28).u32(4).u32(1),
    /expected UTF-8 for metadata key 0/,
  ],
  [
    'duplicate key',
    () => new RawGguf().header(0, 2).key('a.b', 1).key('a.b', 2),
    /metadata key "a.b" appears twice/,
  ],
  [
    'unknown value type',
    () => new RawGguf().header(0, 1).text('a.b').u32(13).u64(0),
    /"a.b" has the unknown value type 13/,
  ],
  [
    'unknown element type',
    () => new RawGguf().header(0, 1).text('a.b').u32(9).u32(77).u64(0),
    /the elements of "a.b" has the unknown value type 77/,
  ],
  [
    'array of arrays',
    () => new RawGguf().header(0, 1).text('a.b').u32(9).u32(9).u64(1).u32(4).u64(0),
    /"a.b" is an array of arrays/,
  ],
  [
    'array longer than the file',
    () => new RawGguf().header(0, 1).text('a.b').u32(9).u32(4).u64(1_000_000),
    /the file ends inside "a.b"/,
  ],
  [
    'array of absurd length',
    () => new RawGguf().header(0, 1).text('a.b').u32(9).u32(8).u64(HUGE),
    /for the number of elements of "a.b"/,
  ],
  [
    'string array cut off',
    () => new RawGguf().header(0, 1).text('a.b').u32(9).u32(8).u64(1000).text('x'),
    /the file ends inside the length of element 1 of "a.b"/,
  ],
  [
    'string longer than the file',
    () => new RawGguf().header(0, 1).text('a.b').u32(8).u64(1000).ascii('x'),
    /the file ends inside "a.b"/,
  ],
  [
    'string of absurd length',
    () => new RawGguf().header(0, 1).text('a.b').u32(8).u64(HUGE),
    /for the length of "a.b"/,
  ],
  [
    'string that is not UTF-8',
    () => new RawGguf().header(0, 1).text('a.b').u32(8).u64(1).bytes(0xff),
    /expected UTF-8 for "a.b"/,
  ],
  [
    'bool that is neither 0 nor 1',
    () => new RawGguf().header(0, 1).text('a.b').u32(7).bytes(2),
    /expected 0 or 1 for the bool "a.b", received 2/,
  ],
  [
    'scalar cut off',
    () => new RawGguf().header(0, 1).text('a.b').u32(12).u32(0),
    /the file ends inside "a.b"/,
  ],
  [
    'alignment of a wrong type',
    () => new RawGguf().header(0, 1).text('general.alignment').u32(8).text('32'),
    /expected a uint32 for general.alignment, received a value of type string/,
  ],
  [
    'alignment 0',
    () => new RawGguf().header(0, 1).key('general.alignment', 0),
    /expected a power of two for general.alignment, received 0/,
  ],
  [
    'alignment 48',
    () => new RawGguf().header(0, 1).key('general.alignment', 48),
    /expected a power of two for general.alignment, received 48/,
  ],
  [
    'tensor name too long',
    () => new RawGguf().header(1, 0).tensor('t'.repeat(64), [1], 0).data(32),
    /at most 63 for the length of the name of tensor 0/,
  ],
  [
    'duplicate tensor',
    () => new RawGguf().header(2, 0).tensor('t', [8], 0).tensor('t', [8], 32).data(64),
    /tensor "t" appears twice/,
  ],
  [
    'five dimensions',
    () => new RawGguf().header(1, 0).tensor('t', [1, 1, 1, 1, 1], 0).data(32),
    /at most 4 dimensions for tensor "t", received 5/,
  ],
  [
    'dimension over 2^53',
    () => new RawGguf().header(1, 0).tensor('t', [HUGE], 0).data(32),
    /for dimension 0 of tensor "t"/,
  ],
  [
    'shape product overflow',
    () =>
      new RawGguf()
        .header(1, 0)
        .tensor('t', [2 ** 40, 2 ** 40, 2 ** 40], 0)
        .data(32),
    /tensor "t" cannot have shape/,
  ],
  [
    'unknown tensor type',
    () => new RawGguf().header(1, 0).tensor('t', [8], 0, 4).data(32),
    /tensor "t" has the unknown type 4/,
  ],
  [
    'row that is no whole number of blocks',
    () => new RawGguf().header(1, 0).tensor('t', [33], 0, 8).data(64),
    /tensor "t" cannot have shape \[33\] in type Q8_0/,
  ],
  [
    'offset off the alignment',
    () => new RawGguf().header(2, 0).tensor('t', [1], 0).tensor('u', [1], 4).data(64),
    /offset 4 of tensor "u" is no multiple of the alignment 32/,
  ],
  [
    'overlapping tensors',
    () => new RawGguf().header(2, 0).tensor('t', [16], 0).tensor('u', [8], 32).data(96),
    /tensor "u" overlaps the one before it: expected 64 for its offset, received 32/,
  ],
  [
    'gap between tensors',
    () => new RawGguf().header(2, 0).tensor('t', [8], 0).tensor('u', [8], 64).data(96),
    /tensor "u" leaves a gap before it/,
  ],
  [
    'offset beyond 2^53',
    () => new RawGguf().header(1, 0).tensor('t', [8], HUGE).data(32),
    /for the offset of tensor "t"/,
  ],
  [
    'data past the end of the file',
    () => new RawGguf().header(1, 0).tensor('t', [8], 0).data(31),
    /tensor "t" ends at byte \d+, past the end of the file/,
  ],
  [
    'vocabulary-only file cut inside the tensor descriptions',
    () => new RawGguf().header(1, 0).text('t').u32(1),
    /the file ends inside dimension 0 of tensor "t"/,
  ],
];

describe('a malformed GGUF file is refused', () => {
  for (const [kind, raw, message] of MALFORMED) {
    test(kind, async (context) => {
      await assert.rejects(read(context, raw()), (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test('a folder', async (context) => {
    const path = join(await scratchFolder(context), 'model.gguf');
    await mkdir(path);
    await assert.rejects(readGguf(path), /EISDIR|expected a regular file/);
  });

  test('every truncation of a whole file', async (context) => {
    const path = join(await scratchFolder(context), 'model.gguf');
    const whole = new RawGguf().header(1, 1).key('a.b', 1).tensor('t', [8], 0).data(32).build();
    for (let length = whole.length - 1; length >= 0; length -= 1) {
      await writeFile(path, whole);
      await truncate(path, length);
      await assert.rejects(readGguf(path), FormatError, `truncated to ${length} bytes`);
    }
  });

  test('every flipped bit of a whole file is refused or read, never a crash', async (context) => {
    const path = join(await scratchFolder(context), 'model.gguf');
    const whole = new RawGguf()
      .header(1, 1)
      .key('general.alignment', 32)
      .tensor('t', [8], 0)
      .data(32)
      .build();
    for (let bit = 0; bit < (whole.length - 32) * 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await writeFile(path, flipped);
      await readGguf(path).catch((error: unknown) => {
        assert.ok(error instanceof FormatError, `bit ${bit}: ${String(error)}`);
      });
    }
  });
});

describe('a sound GGUF file is read', () => {
  test('without metadata and tensors', async (context) => {
    const file = await read(context, new RawGguf().header(0, 0));
    assert.equal(file.metadata.size, 0);
    assert.deepEqual(file.tensors, []);
  });

  test('version 2', async (context) => {
    assert.equal((await read(context, new RawGguf().header(0, 0, 2))).version, 2);
  });

  test('with another alignment and no padding behind the last tensor', async (context) => {
    const raw = new RawGguf().header(2, 1).key('general.alignment', 64);
    raw.tensor('t', [8], 0).tensor('u', [3], 64).data(76, 64);
    const file = await read(context, raw);
    assert.equal(file.alignment, 64);
    assert.equal(file.dataOffset % 64, 0);
    assert.deepEqual(
      file.tensors.map(({ name, offset, bytes }) => [name, offset, bytes]),
      [
        ['t', 0, 32],
        ['u', 64, 12],
      ],
    );
  });

  test('with strings longer than the reading window, and U+FEFF as one', async (context) => {
    const long = 'é'.repeat(300_000);
    const raw = new RawGguf()
      .header(0, 1)
      .text('a.b')
      .u32(9)
      .u32(8)
      .u64(3)
      .text(long)
      .text('\uFEFF')
      .text('');
    const value = (await read(context, raw)).metadata.get('a.b');
    assert.deepEqual(value, { type: 'array', elementType: 'string', value: [long, '\uFEFF', ''] });
  });
});
