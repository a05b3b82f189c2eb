import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { parseHubAddress } from '../../scripts/convert/hub/address.js';
import { homeOf } from '../../scripts/convert/outfile.js';
import { snapshotFolder } from '../../scripts/convert/hub/cache.js';
import {
  type DownloadProgress,
  downloadSnapshot,
  hubEnvironment,
  localFolder,
  type SnapshotOptions,
} from '../../scripts/convert/hub/snapshot.js';
import { openSource } from '../../scripts/convert/source.js';
import { environmentSource } from '../../src/config/sources.js';
import { GlossaError } from '../../src/errors.js';
import { COMMIT, type FakeHub, startHub } from './fake-hub.js';
import { scratchFolder } from './scratch.js';
import { writeTinyGpt2 } from './tiny-gpt2.js';

/** Not compressible, and not the same at two places. */
function noise(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(Array.from({ length }, () => (state = Math.imul(state, 69_069) + 1) >>> 24));
}

const WEIGHTS = noise(100_000);
const MODEL = {
  'config.json': Buffer.from('{"model_type":"gpt2"}'),
  'tokenizer.json': Buffer.from('{}'),
  'model.safetensors': WEIGHTS,
};

interface Setup {
  readonly hub: FakeHub;
  readonly folder: string;
  readonly progress: DownloadProgress[];
  readonly fetch: (options?: Partial<SnapshotOptions>) => Promise<string>;
  readonly refuses: (message: RegExp, options?: Partial<SnapshotOptions>) => Promise<void>;
}

async function setUp(context: TestContext, files: Record<string, Buffer> = MODEL): Promise<Setup> {
  const hub = await startHub(context, { ...files });
  const folder = join(await scratchFolder(context), 'snapshot');
  const progress: DownloadProgress[] = [];
  const fetch = (options: Partial<SnapshotOptions> = {}): Promise<string> =>
    downloadSnapshot({
      id: 'owner/name',
      revision: 'main',
      folder,
      endpoint: hub.endpoint,
      onProgress: (state) => progress.push(state),
      ...options,
    });
  const refuses = (message: RegExp, options: Partial<SnapshotOptions> = {}): Promise<void> =>
    assert.rejects(fetch(options), (error) => {
      assert.ok(error instanceof GlossaError, String(error));
      assert.equal(error.code, 'CONVERSION_FAILED');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n|hf_secret/);
      return true;
    });
  return { hub, folder, progress, fetch, refuses };
}

describe('an address on the hub', () => {
  const sound = {
    'hf:owner/name': ['owner/name', 'main'],
    'hf:Qwen/Qwen2.5-0.5B@v1.0': ['Qwen/Qwen2.5-0.5B', 'v1.0'],
    'hf:a/b@refs/pr/3': ['a/b', 'refs/pr/3'],
  };
  for (const [source, [id, revision]] of Object.entries(sound)) {
    test(source, () => {
      assert.deepEqual(parseHubAddress(source), { id, revision });
    });
  }

  const malformed = [
    'hf:',
    'hf:a',
    'hf:a/b/c',
    'hf:../x',
    'hf:a/..',
    'hf:a/b@',
    'hf:a/b@../c',
    'hf:a/b@c@d',
    'hf:/a/b',
  ];
  for (const source of [
    ...malformed,
    'hf:a--b/c',
    'hf:a/b?c',
    'hf:a/b%2e',
    'hf:-a/b',
    'hf:a/b c',
    'hf:a/b\n',
    'a/b',
  ]) {
    test(`${JSON.stringify(source)} is refused`, () => {
      assert.throws(
        () => parseHubAddress(source),
        /expected hf:owner\/name or hf:owner\/name@revision, received "/,
      );
    });
  }
});

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

describe('a token', () => {
  test('is sent to the endpoint alone, not where it redirects or points to', async (context) => {
    const { hub, fetch } = await setUp(context);
    const elsewhere = await startHub(context, hub.behaviour.files);
    hub.behaviour.token = 'hf_secret';
    hub.behaviour.redirect = elsewhere.endpoint;
    hub.behaviour.nextPage = elsewhere.endpoint;
    elsewhere.behaviour.nextPage = elsewhere.endpoint;
    await fetch({ token: 'hf_secret' });
    assert.ok(hub.requests.every(({ authorization }) => authorization === 'Bearer hf_secret'));
    assert.equal(elsewhere.requests.length, 4);
    assert.ok(elsewhere.requests.every(({ authorization }) => authorization === undefined));
  });

  test('that is needed or gives no access is told, never shown', async (context) => {
    const { hub, refuses } = await setUp(context);
    hub.behaviour.token = 'hf_other';
    await refuses(
      /owner\/name does not exist at 127.0.0.1:\d+ or needs a token: set HF_TOKEN to one that has access/,
    );
    await refuses(/the token in HF_TOKEN gives no access to owner\/name at 127.0.0.1/, {
      token: 'hf_secret',
    });
    hub.behaviour.status = 403;
    await refuses(/the token in HF_TOKEN gives no access to owner\/name/, { token: 'hf_secret' });
  });

  test('and the endpoint come from the environment', () => {
    const both = { HF_TOKEN: 'hf_a', HUGGING_FACE_HUB_TOKEN: 'hf_b', HF_ENDPOINT: 'http://h' };
    assert.deepEqual(hubEnvironment(both), { endpoint: 'http://h', token: 'hf_a' });
    const old = { HF_TOKEN: ' ', HUGGING_FACE_HUB_TOKEN: 'hf_b\n' };
    assert.deepEqual(hubEnvironment(old), { endpoint: undefined, token: 'hf_b' });
  });
});

describe('a hub that does not answer as it should', () => {
  test('is not there', async (context) => {
    const { hub, folder, refuses } = await setUp(context);
    await hub.close();
    await refuses(/^no connection to the hub at 127.0.0.1:\d+: connection refused$/);
    await assert.rejects(readdir(folder), /ENOENT/);
  });

  test('is silent', async (context) => {
    const { hub, refuses } = await setUp(context);
    hub.behaviour.silent = true;
    await refuses(/^no connection to the hub at 127.0.0.1:\d+: no answer in time$/, { timeoutMs: 200 });
  });

  test('is none', async (context) => {
    const { hub, refuses } = await setUp(context);
    hub.behaviour.listing = '<html>Log in to this network</html>';
    await refuses(/^the hub at 127.0.0.1:\d+ gave an answer that is none of a hub's$/);
    hub.behaviour.listing = '[{"type":"file","path":"config.json","size":-1,"oid":"x"}]';
    await refuses(/gave an answer that is none of a hub's/);
  });

  const answers: readonly (readonly [status: number, message: RegExp])[] = [
    [404, /^there is no model owner\/name with a revision main at 127.0.0.1:\d+$/],
    [429, /^the hub at 127.0.0.1:\d+ has had too many requests; try again later$/],
    [500, /^the hub at 127.0.0.1:\d+ answered 500 for owner\/name$/],
  ];
  for (const [status, message] of answers) {
    test(`answers ${status}`, async (context) => {
      const { hub, refuses } = await setUp(context);
      hub.behaviour.status = status;
      await refuses(message);
    });
  }

  for (const path of [
    '../config.json',
    '/etc/config.json',
    'a/../../config.json',
    'a\\..\\config.json',
    '',
  ]) {
    test(`lists ${JSON.stringify(path)}, which would leave the folder`, async (context) => {
      const { hub, folder, refuses } = await setUp(context);
      hub.behaviour.entries = [{ type: 'file', path, size: 1, oid: COMMIT }];
      await refuses(/the hub lists a file ".*", which would leave the folder/);
      await assert.rejects(readdir(folder), /ENOENT/);
    });
  }

  test('gives a commit that is none', async (context) => {
    const { hub, refuses } = await setUp(context);
    hub.behaviour.commit = '../../etc';
    await refuses(/gave an answer that is none of a hub's/);
  });

  for (const endpoint of [
    'ftp://hub',
    'hub.example',
    'https://user:hf_secret@hub',
    'https://hub/?a=hf_secret',
  ]) {
    test(`cannot be at ${endpoint}`, async (context) => {
      const { refuses } = await setUp(context);
      await refuses(/^expected an http or https URL for the endpoint of the hub \(HF_ENDPOINT\)$/, {
        endpoint,
      });
    });
  }

  test('needs room on the device', { skip: process.platform !== 'linux' }, async (context) => {
    const { folder, refuses } = await setUp(context);
    await mkdir(folder);
    await symlink('/dev/full', join(folder, 'model.safetensors.part'));
    await refuses(/^no space is left on the device \(write, ENOSPC\)$/);
  });
});

describe('a source on the hub', () => {
  test('is downloaded into the cache and opened', async (context) => {
    const parent = await scratchFolder(context);
    const model = await writeTinyGpt2(parent);
    const names = await readdir(model);
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(join(model, name))] as const),
    );
    const hub = await startHub(context, Object.fromEntries(files));
    const env = { HF_ENDPOINT: `${hub.endpoint}/`, GLOSSA_CACHE: join(parent, 'cache') };
    let last: DownloadProgress | undefined;
    const options = { env, onProgress: (progress: DownloadProgress) => (last = progress) };
    const source = await openSource('hf:owner/name', options);
    await source.checkpoint.close();
    assert.equal(source.folder, join(parent, 'cache', 'hub', 'owner--name', COMMIT, 'name'));
    assert.equal(homeOf('hf:some/model'), process.cwd());
    assert.equal(source.checkpoint.tensors.size, 28);
    assert.equal(last?.bytes, last?.totalBytes);
    assert.equal(hub.downloads().length, names.length);
    assert.equal(await localFolder('hf:owner/name', options), source.folder);
    assert.deepEqual(hub.downloads(), []);
    await rm(join(source.folder, 'config.json'));
    await localFolder('hf:owner/name', options);
    assert.deepEqual(hub.downloads(), ['config.json']);
  });

  test('has its cache by the XDG specification unless GLOSSA_CACHE says otherwise', () => {
    const rest = ['hub', 'a--b', COMMIT, 'b'];
    const at = (env: NodeJS.ProcessEnv): string => snapshotFolder('a/b', COMMIT, env);
    assert.equal(at({ GLOSSA_CACHE: '/c', XDG_CACHE_HOME: '/x' }), join('/c', ...rest));
    assert.equal(at({ XDG_CACHE_HOME: '/x' }), join('/x', 'glossa', ...rest));
    assert.equal(at({ XDG_CACHE_HOME: 'x' }), join(homedir(), '.cache', 'glossa', ...rest));
    assert.equal(environmentSource({ GLOSSA_CACHE: '/c' }, '/').values.size, 0);
  });

  test('is refused where its address is malformed', async () => {
    await assert.rejects(openSource('hf:a/b/c'), /expected hf:owner\/name or hf:owner\/name@revision/);
  });
});
