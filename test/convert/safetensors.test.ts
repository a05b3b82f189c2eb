import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { Checkpoint } from '../../scripts/convert/checkpoint.js';
import { FormatError } from '../../scripts/convert/format-error.js';
import { openSafetensors } from '../../scripts/convert/safetensors/reader.js';
import { openSharded } from '../../scripts/convert/sharded.js';
import { rawSafetensors, writeSafetensors } from './raw-safetensors.js';
import { scratchFolder } from './scratch.js';

const INDEX = 'model.safetensors.index.json';

async function openRaw(context: TestContext, bytes: Uint8Array): Promise<Checkpoint> {
  const path = join(await scratchFolder(context), 'model.safetensors');
  await writeFile(path, bytes);
  const checkpoint = await openSafetensors(path);
  context.after(() => checkpoint.close());
  return checkpoint;
}

function one(entry: Readonly<Record<string, unknown>>, dataBytes = 8): Buffer {
  return rawSafetensors({ t: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } }, dataBytes);
}

function two(first: readonly [number, number], second: readonly [number, number], dataBytes: number): Buffer {
  const entry = ([begin, end]: readonly [number, number]) => ({
    dtype: 'U8',
    shape: [end - begin],
    data_offsets: [begin, end],
  });
  return rawSafetensors({ a: entry(first), b: entry(second) }, dataBytes);
}

function lengthPrefix(length: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(length);
  return buffer;
}

/** Every way in which a file can be malformed, with what the message must say. */
const MALFORMED: readonly (readonly [kind: string, bytes: Uint8Array, message: RegExp])[] = [
  ['empty file', Buffer.alloc(0), /the file has only 0 bytes/],
  [
    'header length past the end',
    Buffer.concat([lengthPrefix(100n), Buffer.from('{}')]),
    /header of 100 bytes ends past the end/,
  ],
  ['header of absurd length', lengthPrefix(2n ** 63n), /at most 100000000 bytes for the header/],
  [
    'header that is not UTF-8',
    Buffer.concat([lengthPrefix(2n), Buffer.of(0xff, 0xfe)]),
    /the header is not UTF-8/,
  ],
  ['header that is no object', rawSafetensors('[]', 0), /expected the header to start with "\{"/],
  ['header that is no JSON', rawSafetensors('{"t": ', 0), /the header is not valid JSON/],
  [
    'duplicate name',
    rawSafetensors(
      '{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0074":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
    /tensor "t" appears twice/,
  ],
  ['entry that is no object', rawSafetensors({ t: 1 }, 0), /expected an object for tensor "t"/],
  ['unknown dtype', one({ dtype: 'F31' }), /tensor "t" has the unknown dtype "F31"/],
  [
    'dtype named like an inherited property',
    one({ dtype: 'constructor' }),
    /tensor "t" has the unknown dtype "constructor"/,
  ],
  [
    'shape that is no list',
    one({ shape: 2 }),
    /expected an array of non-negative integers for the shape of tensor "t"/,
  ],
  ['negative dimension', one({ shape: [-2] }), /expected an array of non-negative integers for the shape/],
  [
    'fractional dimension',
    one({ shape: [0.5, 4] }),
    /expected an array of non-negative integers for the shape/,
  ],
  [
    'shape product overflow',
    one({ shape: [2 ** 40, 2 ** 40] }),
    /the shape \[1099511627776, 1099511627776\] of tensor "t" overflows/,
  ],
  [
    'one offset',
    one({ data_offsets: [0] }),
    /expected two non-negative integers for the offsets of tensor "t"/,
  ],
  ['negative offset', one({ data_offsets: [-8, 0] }), /expected two non-negative integers for the offsets/],
  [
    'offsets in the wrong order',
    one({ data_offsets: [8, 0] }),
    /offsets of tensor "t" are in the wrong order/,
  ],
  [
    'shape and offsets that disagree',
    one({ shape: [3] }),
    /of shape \[3\] in F32 takes 12 bytes, its offsets span 8/,
  ],
  [
    'truncated data',
    one({}, 7),
    /tensor "t" ends at byte 8 of the data, past its end at 7: the file is truncated/,
  ],
  ['bytes behind the last tensor', one({}, 9), /1 bytes at the end belong to no tensor/],
  ['overlapping tensors', two([0, 8], [4, 12], 12), /tensor "b" overlaps another one at offset 4/],
  ['the same bytes twice', two([0, 8], [0, 8], 8), /tensor "b" overlaps another one at offset 0/],
  ['hole between tensors', two([0, 8], [9, 12], 12), /bytes 8 to 9 before tensor "b" belong to no tensor/],
];

describe('a malformed safetensors file is refused', () => {
  for (const [kind, bytes, message] of MALFORMED) {
    test(kind, async (context) => {
      await assert.rejects(openRaw(context, bytes), (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

describe('a sound safetensors file is read', () => {
  test('names sorted, data by name, padding behind the header', async (context) => {
    const header = JSON.stringify({
      'b"{': { dtype: 'U8', shape: [3], data_offsets: [0, 3] },
      a: { dtype: 'F32', shape: [], data_offsets: [3, 7] },
      __metadata__: { note: '"a": {' },
      empty: { dtype: 'F16', shape: [0, 5], data_offsets: [7, 7] },
    });
    const checkpoint = await openRaw(context, rawSafetensors(`${header}   `, Buffer.of(1, 2, 3, 4, 5, 6, 7)));
    assert.deepEqual([...checkpoint.tensors.keys()], ['a', 'b"{', 'empty']);
    assert.deepEqual(await checkpoint.read('a'), Uint8Array.of(4, 5, 6, 7));
    assert.deepEqual(await checkpoint.read('b"{'), Uint8Array.of(1, 2, 3));
    assert.equal((await checkpoint.read('empty')).length, 0);
    await assert.rejects(checkpoint.read('c'), /there is no tensor "c"/);
  });

  test('a file that shrinks while it is open', async (context) => {
    const path = join(await scratchFolder(context), 'model.safetensors');
    await writeSafetensors(path, [{ name: 't', dtype: 'U8', shape: [9], data: new Uint8Array(9) }]);
    const checkpoint = await openSafetensors(path);
    context.after(() => checkpoint.close());
    await writeFile(path, 'short');
    await assert.rejects(checkpoint.read('t'), /ended at offset \d+ while being read/);
  });
});

describe('a checkpoint in shards', () => {
  const tensor = (name: string, value: number) => ({
    name,
    dtype: 'U8',
    shape: [1],
    data: Uint8Array.of(value),
  });

  async function shards(context: TestContext, weightMap: Readonly<Record<string, string>>): Promise<string> {
    const folder = await scratchFolder(context);
    await writeSafetensors(join(folder, 'one.safetensors'), [tensor('z', 1), tensor('b', 2)]);
    await writeSafetensors(join(folder, 'two.safetensors'), [tensor('a', 3)]);
    await writeFile(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: weightMap }));
    return folder;
  }

  const sound = { z: 'one.safetensors', a: 'two.safetensors', b: 'one.safetensors' };

  test('is read shard by shard', async (context) => {
    const folder = await shards(context, sound);
    const checkpoint = await openSharded(folder, INDEX, openSafetensors);
    context.after(() => checkpoint.close());
    assert.deepEqual([...checkpoint.tensors.keys()], ['b', 'z', 'a']);
    assert.deepEqual(await checkpoint.read('a'), Uint8Array.of(3));
    assert.deepEqual(checkpoint.files, [join(folder, 'one.safetensors'), join(folder, 'two.safetensors')]);
  });

  const broken: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'an index that names an absent tensor',
      { ...sound, c: 'two.safetensors' },
      /names tensor "c", which no shard holds/,
    ],
    [
      'a tensor that the index does not list',
      { z: 'one.safetensors', a: 'two.safetensors' },
      /does not list tensor "b"/,
    ],
    [
      'an index that names an absent shard',
      { ...sound, c: 'three.safetensors' },
      /the shard "three.safetensors" is missing/,
    ],
    ['a path that would escape the folder', { ...sound, c: '../one.safetensors' }, /is no plain file name/],
    ['an absolute path', { ...sound, c: '/one.safetensors' }, /is no plain file name/],
  ];
  for (const [kind, weightMap, message] of broken) {
    test(`${kind} is refused`, async (context) => {
      await assert.rejects(openSharded(await shards(context, weightMap), INDEX, openSafetensors), message);
    });
  }

  test('the same tensor in two shards is refused', async (context) => {
    const folder = await shards(context, sound);
    await writeSafetensors(join(folder, 'two.safetensors'), [tensor('a', 3), tensor('b', 4)]);
    await assert.rejects(openSharded(folder, INDEX, openSafetensors), /tensor "b" is in two shards/);
  });

  test('a missing shard and a malformed index are refused', async (context) => {
    const folder = await shards(context, sound);
    await rm(join(folder, 'two.safetensors'));
    await assert.rejects(
      openSharded(folder, INDEX, openSafetensors),
      /the shard "two.safetensors" is missing/,
    );
    await writeFile(join(folder, INDEX), '{"weight_map": {"a": 1}}');
    await assert.rejects(
      openSharded(folder, INDEX, openSafetensors),
      /model.safetensors.index.json: weight_map.a/,
    );
    await writeFile(join(folder, INDEX), '{');
    await assert.rejects(
      openSharded(folder, INDEX, openSafetensors),
      /model.safetensors.index.json: the file is not valid JSON/,
    );
  });
});
