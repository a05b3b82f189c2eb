import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { MODEL, noise, setUp, WEIGHTS } from './setup.js';

describe('a snapshot is downloaded', () => {
  test('with what a conversion reads and nothing else', async (context) => {
    const { hub, folder, fetch, progress } = await setUp(context, {
      ...MODEL,
      'README.md': Buffer.from('# name'),
      'pytorch_model.bin': noise(10),
      'consolidated.safetensors': noise(10),
      'flax_model.msgpack': noise(10),
      'onnx/model.onnx': noise(10),
    });
    assert.equal(await fetch(), folder);
    const expected = ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json'];
    assert.deepEqual((await readdir(folder)).sort(), expected);
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
    assert.deepEqual(hub.downloads().sort(), expected);
    const totalBytes = WEIGHTS.length + 21 + 2 + 6;
    assert.deepEqual(progress.at(-1), { file: 'model.safetensors', bytes: totalBytes, totalBytes });
    assert.ok(progress.every(({ bytes }, index) => bytes >= (progress[index - 1]?.bytes ?? 0)));
  });

  const choices: readonly (readonly [kind: string, names: readonly string[], expected: readonly string[]])[] =
    [
      ['PyTorch weights if there are no others', ['pytorch_model.bin', 'x.bin'], ['pytorch_model.bin']],
      [
        'shards before a single file',
        ['model.safetensors', 'model.safetensors.index.json', 'model-00001-of-00001.safetensors'],
        ['model-00001-of-00001.safetensors', 'model.safetensors.index.json'],
      ],
      [
        'PyTorch shards',
        [
          'pytorch_model.bin.index.json',
          'pytorch_model-00001-of-00002.bin',
          'pytorch_model-00002-of-00002.bin',
        ],
        [
          'pytorch_model-00001-of-00002.bin',
          'pytorch_model-00002-of-00002.bin',
          'pytorch_model.bin.index.json',
        ],
      ],
      [
        'an adapter',
        ['adapter_config.json', 'adapter_model.safetensors', 'adapter_model.bin', 'training_args.bin'],
        ['adapter_config.json', 'adapter_model.safetensors'],
      ],
      [
        'an adapter of PyTorch',
        ['adapter_config.json', 'adapter_model.bin'],
        ['adapter_config.json', 'adapter_model.bin'],
      ],
    ];
  for (const [kind, names, expected] of choices) {
    test(`with ${kind}`, async (context) => {
      const { folder, fetch } = await setUp(
        context,
        Object.fromEntries(names.map((name) => [name, noise(9)])),
      );
      await fetch();
      assert.deepEqual((await readdir(folder)).sort(), expected);
    });
  }

  test('by the pages of a listing', async (context) => {
    const { hub, folder, fetch } = await setUp(context);
    hub.behaviour.nextPage = hub.endpoint;
    await fetch();
    assert.deepEqual((await readdir(folder)).sort(), Object.keys(MODEL).sort());
  });

  test('once', async (context) => {
    const { hub, fetch, progress } = await setUp(context);
    await fetch();
    hub.downloads();
    await fetch();
    assert.deepEqual(hub.downloads(), []);
    assert.equal(progress.at(-1)?.bytes, progress.at(-1)?.totalBytes);
  });

  test('again where a file of its size holds something else', async (context) => {
    const { hub, folder, fetch } = await setUp(context);
    await mkdir(folder);
    await writeFile(join(folder, 'model.safetensors'), noise(WEIGHTS.length, 2));
    await fetch();
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
    assert.equal(hub.downloads().length, 3);
  });
});

describe('an interrupted download', () => {
  test('is continued where the connection broke', async (context) => {
    const { hub, folder, fetch, refuses, progress } = await setUp(context);
    hub.behaviour.cutAfter['model.safetensors'] = 40_000;
    const broken =
      /the hub at [\d.:]+ broke off "model.safetensors": the connection broke; run the command again/;
    await refuses(broken);
    assert.deepEqual((await readdir(folder)).sort(), [
      'config.json',
      'model.safetensors.part',
      'tokenizer.json',
    ]);
    assert.deepEqual(await readFile(join(folder, 'model.safetensors.part')), WEIGHTS.subarray(0, 40_000));
    await refuses(broken);
    hub.behaviour.cutAfter = {};
    hub.downloads();
    progress.length = 0;
    await fetch();
    assert.deepEqual(hub.downloads(), ['model.safetensors bytes=80000-']);
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
    assert.ok(progress.every(({ file, bytes }) => file !== 'model.safetensors' || bytes > 80_000));
  });

  test('begins anew where the hub does no ranges', async (context) => {
    const { hub, folder, fetch } = await setUp(context);
    await mkdir(folder);
    await writeFile(join(folder, 'model.safetensors.part'), noise(500, 9));
    hub.behaviour.ignoresRanges = true;
    await fetch();
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
  });

  test('that was complete but for its name is only checked', async (context) => {
    const { hub, folder, fetch } = await setUp(context);
    await mkdir(folder);
    await writeFile(join(folder, 'model.safetensors.part'), WEIGHTS);
    await fetch();
    assert.deepEqual(hub.downloads().sort(), ['config.json', 'tokenizer.json']);
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
  });

  test('that is longer than the file begins anew', async (context) => {
    const { folder, fetch } = await setUp(context);
    await mkdir(folder);
    await writeFile(join(folder, 'model.safetensors.part'), noise(WEIGHTS.length + 1));
    await fetch();
    assert.deepEqual(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
  });

  test('by silence is given up', async (context) => {
    const { hub, folder, refuses } = await setUp(context);
    hub.behaviour.silentAfter['model.safetensors'] = 1000;
    await refuses(/broke off "model.safetensors": no answer in time; run the command again/, {
      timeoutMs: 300,
    });
    assert.equal((await readFile(join(folder, 'model.safetensors.part'))).length, 1000);
  });
});

describe('bytes that are not the hub’s', () => {
  const wrong = /the checksum of ".*" is not the one the hub states; it was deleted, run the command again/;

  for (const name of ['model.safetensors', 'config.json'] as const) {
    test(`are refused in ${name}`, async (context) => {
      const { hub, folder, fetch, refuses } = await setUp(context);
      hub.behaviour.forged[name] = noise(MODEL[name].length, 7);
      await refuses(wrong);
      assert.ok((await readdir(folder)).every((file) => !file.startsWith(name)));
      hub.behaviour.forged = {};
      await fetch();
      assert.deepEqual(await readFile(join(folder, name)), MODEL[name]);
    });
  }

  test('are refused in a part that was there', async (context) => {
    const { folder, refuses } = await setUp(context);
    await mkdir(folder);
    await writeFile(join(folder, 'model.safetensors.part'), noise(500, 9));
    await refuses(wrong);
    assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'tokenizer.json']);
  });

  test('are refused when they are too few or too many', async (context) => {
    const { hub, folder, refuses, fetch } = await setUp(context);
    hub.behaviour.forged['model.safetensors'] = WEIGHTS.subarray(0, 50);
    await refuses(/ended "model.safetensors" after 50 of 100000 bytes; run the command again to continue/);
    hub.behaviour.forged['model.safetensors'] = noise(200_000, 3);
    await refuses(wrong);
    assert.ok(!(await readdir(folder)).includes('model.safetensors.part'));
    hub.behaviour.forged = {};
    await fetch();
  });
});
