import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { assertError, PATH, SagemakerServer, STREAM_PATH } from './served.js';
import { sign } from './signer.js';
import { ACCESS_KEY_ID, SECRET } from './vectors.js';

const credentials = { [ACCESS_KEY_ID]: SECRET };
const NOW = Date.parse('2026-11-21T15:57:02Z');
const BODY = '{"input":"The dog","num_return_sequences":1,"max_length":4}';

/** Headers of a signed request for a path. */
function signedFor(target: string, body = BODY, secret = SECRET): Record<string, string> {
  const headers = { host: 'localhost', 'x-amz-date': '20261121T155702Z' };
  const job = { accessKeyId: ACCESS_KEY_ID, secret, time: headers['x-amz-date'], target, headers, body };
  return { ...headers, authorization: sign(job) };
}

describe('with credentials', () => {
  const serve = (now = NOW): SagemakerServer => new SagemakerServer({ credentials, now: () => now });

  for (const path of [PATH, STREAM_PATH, '/invocations']) {
    test(`${path} answers who signs`, async () => {
      const response = await serve().post(BODY, signedFor(path), path);
      assert.equal(response.status, 200, await response.clone().text());
      await response.arrayBuffer();
    });

    test(`${path} refuses who does not`, async () => {
      await assertError(await serve().post(BODY, {}, path), 403, 'MissingAuthenticationTokenException');
      const others = [
        { authorization: 'Bearer key' },
        { authorization: 'Basic YTpi' },
        { 'x-api-key': 'key' },
      ];
      for (const headers of others)
        await assertError(
          await serve().post(BODY, headers, path),
          403,
          'MissingAuthenticationTokenException',
        );
    });
  }

  test('a signature is good for 5 minutes by the server’s clock, and not replayed later', async () => {
    const headers = signedFor(PATH);
    assert.equal((await serve(NOW + 299_000).post(BODY, headers)).status, 200);
    await assertError(await serve(NOW + 301_000).post(BODY, headers), 403, 'InvalidSignatureException');
  });

  test('a signature is for one body and one path', async () => {
    const other = '{"input":"The cat","num_return_sequences":1,"max_length":4}';
    await assertError(await serve().post(other, signedFor(PATH)), 403, 'InvalidSignatureException');
    await assertError(await serve().post(BODY, signedFor('/invocations')), 403, 'InvalidSignatureException');
    await assertError(
      await serve().post(BODY, signedFor(PATH, BODY, 'wrong')),
      403,
      'InvalidSignatureException',
    );
  });

  test('a signature with a missing part is 400', async () => {
    const headers = { ...signedFor(PATH), authorization: 'AWS4-HMAC-SHA256 Credential=a' };
    await assertError(await serve().post(BODY, headers), 400, 'IncompleteSignatureException');
  });

  test('an unknown access key is told so', async () => {
    const server = new SagemakerServer({ credentials: { AKIDOTHER00000000: SECRET }, now: () => NOW });
    await assertError(await server.post(BODY, signedFor(PATH)), 403, 'UnrecognizedClientException');
  });

  test('what is in a body is looked at only when its signature is right', async () => {
    const bad = '{"input":';
    await assertError(await serve().post(bad, signedFor(PATH)), 403, 'InvalidSignatureException');
    await assertError(await serve().post(bad, signedFor(PATH, bad)), 400, 'ValidationError');
  });

  test('no engine is started for a stranger', async () => {
    const server = serve();
    await server.post(BODY, signedFor(PATH, BODY, 'wrong'));
    assert.deepEqual(
      server.models.list(ANYBODY).map(({ state }) => state.name),
      ['unloaded', 'unloaded'],
    );
  });

  test('the ping needs none', async () => {
    assert.equal((await serve().app.request('/ping')).status, 503);
  });
});

describe('with API keys', () => {
  const flags = { apiKeys: 'first-key,second-key' };

  for (const headers of [
    { authorization: 'Bearer first-key' },
    { 'x-api-key': 'second-key' },
    { 'api-key': 'first-key' },
  ]) {
    test(`${JSON.stringify(headers)} is let in, whether requests may be signed as well or not`, async () => {
      for (const given of [{ flags }, { flags, credentials }])
        assert.equal((await new SagemakerServer(given).post(BODY, headers)).status, 200);
    });
  }

  test('a request without one, or with a wrong one, is refused', async () => {
    const server = new SagemakerServer({ flags });
    await assertError(await server.post(BODY), 403, 'MissingAuthenticationTokenException');
    const wrong = { authorization: 'Bearer first-ke' };
    await assertError(await server.post(BODY, wrong), 403, 'UnrecognizedClientException');
    await assertError(await server.post(BODY, wrong, STREAM_PATH), 403, 'UnrecognizedClientException');
  });

  test('a signature does not do where there are no credentials to check it with', async () => {
    const response = await new SagemakerServer({ flags }).post(BODY, signedFor(PATH));
    await assertError(response, 403, 'MissingAuthenticationTokenException');
  });

  test('a wrong signature is refused even beside a right key', async () => {
    const server = new SagemakerServer({ flags, credentials, now: () => NOW });
    const headers = { ...signedFor(PATH, BODY, 'wrong'), 'x-api-key': 'first-key' };
    await assertError(await server.post(BODY, headers), 403, 'InvalidSignatureException');
  });

  test('the ping needs none', async () => {
    assert.equal((await new SagemakerServer({ flags }).app.request('/ping')).status, 503);
  });
});

test('with neither, signatures are not looked at', async () => {
  const response = await new SagemakerServer().post(BODY, signedFor(PATH, BODY, 'wrong'));
  assert.equal(response.status, 200);
});
