import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  ModelError,
  SageMakerRuntimeClient,
  ValidationError,
  type InvokeEndpointCommandInput,
} from '@aws-sdk/client-sagemaker-runtime';

import { sign } from '../dialects/sagemaker/signer.js';
import { ServedGlossa } from './server.js';

const ACCESS_KEY_ID = 'AKIDEXAMPLE1234567';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const PATH = '/endpoints/gpt-2/invocations';

function clientOf(
  glossa: ServedGlossa,
  secretAccessKey = SECRET,
  accessKeyId = ACCESS_KEY_ID,
): SageMakerRuntimeClient {
  const credentials = { accessKeyId, secretAccessKey };
  return new SageMakerRuntimeClient({
    endpoint: glossa.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
}

/** Sends bytes and reads until the server closes. */
async function exchange(url: string, text: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function assertTexts(texts: unknown, input: string, count = 3): asserts texts is string[] {
  assert.ok(Array.isArray(texts) && texts.length === count, JSON.stringify(texts));
  for (const text of texts) assert.ok(typeof text === 'string' && text.startsWith(input));
  assert.ok((texts as string[]).some((text) => text.length > input.length));
}

describe('a server with credentials, and the AWS SDK for JavaScript', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start({ config: { awsCredentials: { [ACCESS_KEY_ID]: SECRET } } });
  });
  after(() => glossa.stop());

  const invoke = async (input: Partial<InvokeEndpointCommandInput>, client = clientOf(glossa)) =>
    await client.send(
      new InvokeEndpointCommand({
        EndpointName: 'gpt-2',
        Body: JSON.stringify({ input: 'This is the input of the algorithm' }),
        ...input,
      }),
    );

  test('InvokeEndpoint with and without a content type', async () => {
    for (const input of [{ ContentType: 'application/json' }, {}, { Accept: 'application/json' }]) {
      const { Body, ContentType } = await invoke(input);
      assert.equal(ContentType, 'application/json');
      assertTexts(JSON.parse(new TextDecoder().decode(Body)), 'This is the input of the algorithm');
    }
  });

  test('signed headers come back', async () => {
    const answer = await invoke({
      CustomAttributes: 'a  b, c=d',
      TargetVariant: 'blue',
      TargetModel: 'glossa-tales',
      InferenceId: 'x',
    });
    assert.deepEqual([answer.CustomAttributes, answer.InvokedProductionVariant], ['a  b, c=d', 'blue']);
    assert.match(answer.$metadata.requestId ?? '', /^[\w-]{36}$/);
  });

  test('InvokeEndpointWithResponseStream', async () => {
    const body = { input: 'One day', max_length: 80, seed: 11 };
    const command = { EndpointName: 'gpt-2', Body: JSON.stringify(body) };
    const { Body = [], ContentType } = await clientOf(glossa).send(
      new InvokeEndpointWithResponseStreamCommand(command),
    );
    assert.equal(ContentType, 'application/json');
    const parts: Uint8Array[] = [];
    for await (const event of Body) parts.push(event.PayloadPart?.Bytes ?? new Uint8Array());
    assert.ok(parts.length > 3);
    const whole = await invoke(command);
    assert.deepEqual(Buffer.concat(parts), Buffer.from(whole.Body));
    assertTexts(JSON.parse(Buffer.concat(parts).toString()), 'One day');
  });

  test('errors are of the SDK’s classes', async () => {
    await assert.rejects(
      invoke({ EndpointName: 'gpt-9' }),
      (error) => error instanceof ValidationError && error.message === 'there is no endpoint gpt-9 here',
    );
    await assert.rejects(invoke({ Body: '{"input":5}' }), ValidationError);
    const wrong = invoke({}, clientOf(glossa, 'wrong'));
    await assert.rejects(wrong, { name: 'InvalidSignatureException' });
    const unknown = invoke({}, clientOf(glossa, SECRET, 'AKIDUNKNOWN0000000'));
    await assert.rejects(unknown, { name: 'UnrecognizedClientException' });
  });

  test('what is signed is what comes over the wire', async () => {
    const { host } = new URL(glossa.url);
    const time = new Date().toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
    const body = '{"input":"A","max_length":8}';
    const headers = { host, 'x-amz-date': time };
    const job = { accessKeyId: ACCESS_KEY_ID, secret: SECRET, time, target: PATH, headers, body };
    const lines = (target: string, more: readonly string[] = []): string =>
      [
        `POST ${target} HTTP/1.1`,
        `Host: ${host}`,
        `X-Amz-Date: ${time}`,
        `Authorization: ${sign(job)}`,
        ...more,
      ]
        .concat(`Content-Length: ${body.length}`, 'Connection: close', '', body)
        .join('\r\n');
    const statusOf = async (text: string): Promise<string | undefined> =>
      /^HTTP\/1\.1 (\d+)/.exec(await exchange(glossa.url, text))?.[1];
    assert.equal(await statusOf(lines(PATH)), '200');
    assert.equal(await statusOf(lines(PATH, ['X-Amz-Date: 20200101T000000Z'])), '400');
    assert.equal(await statusOf(lines(PATH, ['X-Amzn-SageMaker-Target-Model: glossa-tales'])), '400');
    for (const target of [
      '/endpoints/gpt%2D2/invocations',
      `${PATH}?`,
      `${PATH}?a`,
      `${PATH}#a`,
      `${glossa.url}${PATH}`,
    ]) {
      const status = await statusOf(lines(target));
      // An empty query is none: the request means the same.
      assert.equal(status, target.endsWith('?') ? '200' : '403', target);
    }
    assert.equal(await statusOf(lines(PATH).replace('"A"', '"B"')), '403');
  });

  test('an unsigned request is refused, and the ping is answered at once', async () => {
    const response = await glossa.post(PATH, { input: 'A' });
    const type = response.headers.get('x-amzn-errortype');
    assert.deepEqual([response.status, type], [403, 'MissingAuthenticationTokenException']);
    assert.equal((await glossa.get('/ping')).status, 200);
  });
});

test('a model that can not be loaded is a ModelError of the SDK’s, not repeated', async (t) => {
  const glossa = await ServedGlossa.start({
    config: { models: { bad: { path: process.execPath } } },
    awaitReady: false,
  });
  t.after(() => glossa.kill());
  const command = new InvokeEndpointCommand({ EndpointName: 'bad', Body: '{"input":"A"}' });
  await assert.rejects(clientOf(glossa).send(command), (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.deepEqual(
      [error.OriginalStatusCode, error.OriginalMessage, error.$metadata.attempts],
      [500, error.message, 1],
    );
    return true;
  });
  assert.equal((await glossa.get('/ping')).status, 503);
});
