import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { parseHubAddress } from '../../../scripts/convert/hub/address.js';
import { snapshotFolder } from '../../../scripts/convert/hub/cache.js';
import { type DownloadProgress, localFolder } from '../../../scripts/convert/hub/snapshot.js';
import { homeOf } from '../../../scripts/convert/outfile.js';
import { openSource } from '../../../scripts/convert/source.js';
import { environmentSource } from '../../../src/config/sources.js';
import { COMMIT, startHub } from './fake-hub.js';
import { scratchFolder } from '../scratch.js';
import { writeTinyGpt2 } from '../tiny-gpt2.js';

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
