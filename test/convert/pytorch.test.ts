import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Checkpoint } from '../../scripts/convert/checkpoint.js';
import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { openPytorch } from '../../scripts/convert/pytorch/reader.js';
import { openSharded } from '../../scripts/convert/sharded.js';
import {
  dict,
  global,
  int,
  ops,
  orderedDict,
  reduce,
  tensor,
  text,
  torchEntries,
  whole,
  writeTorch,
} from './raw-torch.js';
import { rawZip } from './raw-zip.js';
import { scratchFolder } from './scratch.js';
import { gpt2Shapes, newTensor, TINY_CONFIG, writeTinyGpt2 } from './tiny-gpt2.js';

const FIXTURES = fileURLToPath(new URL('../../../test/convert/fixtures/', import.meta.url));
const INDEX = 'pytorch_model.bin.index.json';

async function openBytes(context: TestContext, bytes: Uint8Array): Promise<Checkpoint> {
  const path = join(await scratchFolder(context), 'pytorch_model.bin');
  await writeFile(path, bytes);
  const checkpoint = await openPytorch(path);
  context.after(() => checkpoint.close());
  return checkpoint;
}

interface ExpectedTensor {
  readonly dtype: string;
  /** Sizes with x between. */
  readonly shape: string;
  /** Hexadecimal, row-major. */
  readonly data: string;
}

describe('files of torch.save', async () => {
  const json = await readFile(join(FIXTURES, 'torch-expected.json'), 'utf8');
  const expected = JSON.parse(json) as Record<string, Record<string, ExpectedTensor>>;
  for (const [file, tensors] of Object.entries(expected)) {
    test(`${file} gives torch's own values in the dict's order`, async (context) => {
      const checkpoint = await openPytorch(join(FIXTURES, file));
      context.after(() => checkpoint.close());
      const read: [string, ExpectedTensor][] = [];
      for (const [name, { dtype, shape }] of checkpoint.tensors) {
        const data = Buffer.from(await checkpoint.read(name)).toString('hex');
        read.push([name, { dtype, shape: shape.join('x'), data }]);
      }
      assert.deepEqual(read, Object.entries(tensors));
    });
  }
});

describe('a sound file is read', () => {
  const bytes = Uint8Array.from({ length: 8 }, (_, index) => index);

  for (const wide of [false, true]) {
    test(`with ${wide ? 64 : 32}-bit sizes in the archive`, async (context) => {
      const file = rawZip(torchEntries(whole(dict({ w: tensor() })), { 0: bytes }), { wide });
      const checkpoint = await openBytes(context, file);
      assert.deepEqual(await checkpoint.read('w'), bytes);
      await assert.rejects(checkpoint.read('v'), /there is no tensor "v"/);
    });
  }

  test('with texts, ints and frames of the younger protocols', async (context) => {
    const name = ops(0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 'w', 0x94);
    const body = ops('}', 0x94, name, tensor(), 's.');
    const frame = ops(0x80, 5, 0x95, body.length, 0, 0, 0, 0, 0, 0, 0, body);
    const checkpoint = await openBytes(context, rawZip(torchEntries(frame, { 0: bytes })));
    assert.deepEqual(await checkpoint.read('w'), bytes);
  });

  test('with the metadata of modules, without a byte order', async (context) => {
    const metadata = ops(orderedDict, text(''), dict({ version: int(1), list: ops('](', int(1), 'e') }), 's');
    const state = ops(orderedDict, text('w'), tensor(), 's}', text('_metadata'), metadata, 'sb');
    const checkpoint = await openBytes(context, rawZip(torchEntries(whole(state), { 0: bytes }, {})));
    assert.deepEqual([...checkpoint.tensors.keys()], ['w']);
  });

  test('with a parameter', async (context) => {
    const rebuild = global('torch._utils', '_rebuild_parameter');
    const parameter = reduce(rebuild, tensor(), ops(0x88), orderedDict);
    const checkpoint = await openBytes(
      context,
      rawZip(torchEntries(whole(dict({ w: parameter })), { 0: bytes })),
    );
    assert.deepEqual(await checkpoint.read('w'), bytes);
  });

  test('with a view so far apart that it is read slice by slice', async (context) => {
    const rows = 5;
    const stride = 300_000;
    const data = Uint16Array.from({ length: rows * stride }, (_, index) => index % 65_521);
    const view = tensor({
      dtype: 'F16',
      length: data.length,
      offset: 7,
      shape: [2, rows],
      strides: [3, stride],
    });
    const file = rawZip(torchEntries(whole(dict({ w: view })), { 0: new Uint8Array(data.buffer) }));
    const checkpoint = await openBytes(context, file);
    const expected = [7, 10].flatMap((first) =>
      Array.from({ length: rows }, (_, row) => (first + row * stride) % 65_521),
    );
    assert.deepEqual(Array.from(new Uint16Array((await checkpoint.read('w')).buffer)), expected);
  });

  test('and one that shrinks while it is open is refused', async (context) => {
    const path = join(await scratchFolder(context), 'pytorch_model.bin');
    await writeTorch(path, [newTensor('w', [64])]);
    const checkpoint = await openPytorch(path);
    context.after(() => checkpoint.close());
    await writeFile(path, 'short');
    await assert.rejects(checkpoint.read('w'), /ended at offset \d+ while being read/);
  });
});

describe('shards by an index', () => {
  async function shards(context: TestContext, weightMap: Readonly<Record<string, string>>): Promise<string> {
    const folder = await scratchFolder(context);
    await writeTorch(join(folder, 'one.bin'), [newTensor('z', [1]), newTensor('b', [2])]);
    await writeTorch(join(folder, 'two.bin'), [newTensor('a', [3])]);
    await writeFile(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: weightMap }));
    return folder;
  }

  test('are read shard by shard, each in its own order', async (context) => {
    const folder = await shards(context, { a: 'two.bin', b: 'one.bin', z: 'one.bin' });
    const checkpoint = await openSharded(folder, INDEX, openPytorch);
    context.after(() => checkpoint.close());
    assert.deepEqual([...checkpoint.tensors.keys()], ['z', 'b', 'a']);
    assert.deepEqual(await checkpoint.read('a'), newTensor('a', [3]).data);
    assert.deepEqual(checkpoint.files, [join(folder, 'one.bin'), join(folder, 'two.bin')]);
  });

  test('with one of another format or absent are refused', async (context) => {
    const folder = await shards(context, { a: 'two.bin', b: 'one.bin', z: 'one.bin', c: 'three.bin' });
    const open = () => openSharded(folder, INDEX, openPytorch);
    await assert.rejects(open, /pytorch_model.bin.index.json: the shard "three.bin" is missing/);
    await writeFile(join(folder, 'three.bin'), 'no archive');
    await assert.rejects(open, /expected a zip archive of torch.save, received a file of 10 bytes/);
  });
});

describe('glossa convert', () => {
  test('makes the same file of a .bin checkpoint, and prefers safetensors', async (context) => {
    const folder = await writeTinyGpt2(await scratchFolder(context));
    const convert = async (outfile: string): Promise<Buffer> => {
      const result = await convertCheckpoint({
        source: folder,
        outtype: 'f32',
        outfile: join(folder, outfile),
      });
      return readFile(result.outfile);
    };
    await writeFile(join(folder, 'pytorch_model.bin'), 'not looked at');
    const expected = await convert('reference.gguf');
    await rm(join(folder, 'model.safetensors'));
    await assert.rejects(convert('no.gguf'), /expected a zip archive of torch.save/);
    // In the order of the safetensors file, where names are sorted.
    const shapes = [...gpt2Shapes(TINY_CONFIG)].sort(([a], [b]) => (a < b ? -1 : 1));
    const tensors = shapes.map(([name, shape]) => newTensor(name, shape));
    await writeTorch(join(folder, 'pytorch_model.bin'), tensors);
    assert.deepEqual(await convert('bin.gguf'), expected);
    const weightMap = Object.fromEntries(tensors.map(({ name }) => [name, 'part.bin']));
    await writeFile(join(folder, INDEX), JSON.stringify({ weight_map: weightMap }));
    await writeTorch(join(folder, 'part.bin'), tensors);
    await writeFile(join(folder, 'pytorch_model.bin'), 'not looked at');
    assert.deepEqual(await convert('sharded.gguf'), expected);
  });
});
