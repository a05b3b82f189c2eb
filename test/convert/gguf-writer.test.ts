import assert from 'node:assert/strict';
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { FormatError } from '../../scripts/convert/format-error.js';
import { GGML_TYPES, type GgmlTypeName, ggmlTypeById } from '../../scripts/convert/gguf/ggml-types.js';
import { readGguf, readTensorData } from '../../scripts/convert/gguf/reader.js';
import { type GgufValue, string, uint32 } from '../../scripts/convert/gguf/values.js';
import { GgufWriter, type TensorDescription } from '../../scripts/convert/gguf/writer.js';
import { scratchFolder } from './scratch.js';

/** One value of every type, at the edges of its range. */
const VALUES: Readonly<Record<string, GgufValue>> = {
  'v.uint8': { type: 'uint8', value: 255 },
  'v.int8': { type: 'int8', value: -128 },
  'v.uint16': { type: 'uint16', value: 65_535 },
  'v.int16': { type: 'int16', value: -32_768 },
  'v.uint32': { type: 'uint32', value: 4_294_967_295 },
  'v.int32': { type: 'int32', value: -2_147_483_648 },
  'v.uint64': { type: 'uint64', value: 18_446_744_073_709_551_615n },
  'v.int64': { type: 'int64', value: -9_223_372_036_854_775_808n },
  'v.float32': { type: 'float32', value: Math.fround(0.1) },
  'v.float64': { type: 'float64', value: 0.1 },
  'v.bool': { type: 'bool', value: true },
  'v.string': { type: 'string', value: 'naïve 😀\u0000\uFEFF' },
  'a.int32': { type: 'array', elementType: 'int32', value: Int32Array.of(1, -1, 2_147_483_647) },
  'a.uint64': { type: 'array', elementType: 'uint64', value: BigUint64Array.of(0n, 1n << 63n) },
  'a.float32': { type: 'array', elementType: 'float32', value: Float32Array.of(0.5, -0, Infinity) },
  'a.bool': { type: 'array', elementType: 'bool', value: [true, false] },
  'a.string': { type: 'array', elementType: 'string', value: ['', 'Ġthe', '\n'] },
  'a.empty': { type: 'array', elementType: 'string', value: [] },
};

function vector(name: string, length: number): TensorDescription {
  return { name, type: 'F32', dimensions: [length] };
}

async function create(
  context: TestContext,
  tensors: readonly TensorDescription[],
  metadata = new Map<string, GgufValue>(),
) {
  const folder = await scratchFolder(context);
  const path = join(folder, 'model.gguf');
  return { folder, path, writer: await GgufWriter.create(path, metadata, tensors) };
}

describe('GgufWriter', () => {
  test('what it writes, the reader reads: every value type', async (context) => {
    const metadata = new Map(Object.entries(VALUES));
    const { path, writer } = await create(context, [], metadata);
    await writer.finish();
    assert.deepEqual((await readGguf(path)).metadata, metadata);
  });

  test('tensors of every type, in pieces, with their data', async (context) => {
    const tensors = Object.keys(GGML_TYPES).map((type): TensorDescription => {
      const name = type as GgmlTypeName;
      return { name: `t.${name}`, type: name, dimensions: [GGML_TYPES[name].blockSize * 2, 3] };
    });
    const { path, writer } = await create(context, tensors, new Map([['general.alignment', uint32(128)]]));
    for (const [index, { name, type }] of tensors.entries()) {
      const data = Buffer.alloc(GGML_TYPES[type].blockBytes * 6, index + 1);
      await writer.writeTensor(name, [data.subarray(0, 5), data.subarray(5)]);
    }
    await writer.finish();
    const file = await readGguf(path);
    const handle = await open(path);
    context.after(() => handle.close());
    assert.deepEqual(
      file.tensors.map(({ name, type, dimensions }) => ({ name, type, dimensions })),
      tensors,
    );
    for (const [index, tensor] of file.tensors.entries()) {
      const data = await readTensorData(handle, file, tensor);
      assert.ok(data.length > 0 && data.every((byte) => byte === index + 1), tensor.name);
    }
  });

  test('type ids are unique and found again', () => {
    for (const [name, { id }] of Object.entries(GGML_TYPES)) assert.equal(ggmlTypeById(id), name);
  });

  test('nothing stands under the final name before finish, and an older file stays until then', async (context) => {
    const { folder, path, writer } = await create(context, [vector('t', 1)]);
    assert.ok(!(await readdir(folder)).includes('model.gguf'));
    await writeFile(path, 'older');
    await writer.writeTensor('t', Buffer.alloc(4));
    await writer.finish();
    await writer.discard();
    assert.deepEqual(await readdir(folder), ['model.gguf']);
    assert.equal((await readGguf(path)).tensors.length, 1);
  });

  test('discard leaves nothing behind, twice', async (context) => {
    const { folder, writer } = await create(context, [vector('t', 1)]);
    await writer.discard();
    await writer.discard();
    assert.deepEqual(await readdir(folder), []);
  });

  const wrongUses: readonly (readonly [string, (writer: GgufWriter) => Promise<void>, RegExp])[] = [
    [
      'a tensor out of turn',
      (writer) => writer.writeTensor('u', Buffer.alloc(8)),
      /expected "t" to be written next/,
    ],
    [
      'too few bytes',
      (writer) => writer.writeTensor('t', Buffer.alloc(3)),
      /expected 4 bytes for tensor "t", received 3/,
    ],
    [
      'too many bytes',
      (writer) => writer.writeTensor('t', Buffer.alloc(5)),
      /expected 4 bytes for tensor "t", received 5/,
    ],
    ['a missing tensor at the end', (writer) => writer.finish(), /tensor "t" was not written/],
  ];
  for (const [kind, use, message] of wrongUses) {
    test(`${kind} is refused`, async (context) => {
      const { folder, writer } = await create(context, [vector('t', 1), vector('u', 2)]);
      await assert.rejects(use(writer), message);
      await writer.discard();
      assert.deepEqual(await readdir(folder), []);
    });
  }

  const inexpressible: readonly (readonly [
    string,
    readonly TensorDescription[],
    Map<string, GgufValue>,
    RegExp,
  ])[] = [
    ['a duplicate tensor', [vector('t', 1), vector('t', 1)], new Map(), /tensor "t" appears twice/],
    ['a long tensor name', [vector('t'.repeat(64), 1)], new Map(), /at most 63 bytes/],
    ['five dimensions', [{ ...vector('t', 1), dimensions: [1, 1, 1, 1, 1] }], new Map(), /cannot have shape/],
    [
      'a broken block',
      [{ name: 't', type: 'Q8_0', dimensions: [31] }],
      new Map(),
      /cannot have shape \[31\] in Q8_0/,
    ],
    ['an empty key', [], new Map([['', string('x')]]), /for a metadata key/],
    ['a number out of range', [], new Map([['k', uint32(-1)]]), /expected uint32 for "k", received -1/],
    ['a fraction', [], new Map([['k', uint32(1.5)]]), /expected uint32 for "k", received 1.5/],
    ['a bad alignment', [], new Map([['general.alignment', uint32(33)]]), /power of two/],
  ];
  for (const [kind, tensors, metadata, message] of inexpressible) {
    test(`${kind} is refused before anything is written`, async (context) => {
      const folder = await scratchFolder(context);
      await assert.rejects(GgufWriter.create(join(folder, 'model.gguf'), metadata, tensors), (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await readdir(folder), []);
    });
  }
});
