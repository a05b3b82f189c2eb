import assert from 'node:assert/strict';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { hubEnvironment } from '../../../scripts/convert/hub/snapshot.js';
import { COMMIT, startHub } from './fake-hub.js';
import { setUp } from './setup.js';

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
