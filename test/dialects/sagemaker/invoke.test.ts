import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { GlossaError, type ErrorCode } from '../../../src/errors.js';
import { FakeEngine } from '../../fakes/engine.js';
import { assertError, PATH, SagemakerServer, STREAM_PATH } from './served.js';

const BODY = { input: 'The dog', num_return_sequences: 1, max_length: 4 };

describe('the answer', () => {
  test('is a bare JSON array', async () => {
    const response = await new SagemakerServer().post(BODY);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(response.headers.get('x-amzn-invoked-production-variant'), 'AllTraffic');
    assert.equal(response.headers.get('x-amzn-requestid'), response.headers.get('x-request-id'));
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), null);
    assert.equal(await response.text(), '["The dog barks at"]');
  });

  test('is the same whatever media type the body claims to be', async () => {
    for (const type of ['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'text/csv'])
      assert.equal((await new SagemakerServer().post(BODY, { 'content-type': type })).status, 200);
  });

  for (const accept of [
    '*/*',
    'application/json',
    'application/*',
    'text/html, application/json;q=0.5',
    ' ',
    'APPLICATION/JSON; charset=utf-8',
  ]) {
    test(`may be asked for as ${accept}`, async () => {
      assert.equal((await new SagemakerServer().post(BODY, { accept })).status, 200);
    });
  }

  for (const accept of ['text/csv', 'application/jsonlines', 'application/json;q=0', 'image/png, text/*']) {
    test(`can not be ${accept}`, async () => {
      const response = await new SagemakerServer().post(BODY, { accept });
      assert.match(
        await assertError(response, 400, 'ValidationError'),
        /^Accept: expected application\/json/,
      );
    });
  }
});

describe('the endpoint', () => {
  const answersOf = async (path: string, headers = {}): Promise<string> => {
    const server = new SagemakerServer();
    const response = await server.post(BODY, headers, path);
    assert.equal(response.status, 200, await response.clone().text());
    return server.models.list(ANYBODY).find(({ state }) => state.name === 'ready')?.definition.id ?? 'none';
  };

  test('is a model by its name, and the container answers with the default one', async () => {
    assert.equal(await answersOf('/endpoints/LICENSE/invocations'), 'LICENSE');
    assert.equal(await answersOf('/invocations'), 'LICENSE');
  });

  test('of the document is the default model', async () => {
    assert.equal(await answersOf('/endpoints/gpt-2/invocations'), 'LICENSE');
  });

  test('gives way to a target model, which may have a name that no endpoint has', async () => {
    const headers = { 'x-amzn-sagemaker-target-model': 'run.ts' };
    assert.equal(await answersOf(PATH, headers), 'run.ts');
    assert.equal(await answersOf('/invocations', headers), 'run.ts');
  });

  test('that is none is refused', async () => {
    for (const [name, message] of [
      ['gpt-3', /^there is no endpoint gpt-3 here$/],
      ['run.ts', /^EndpointName: expected/],
      ['-a', /^EndpointName: expected/],
      ['a'.repeat(64), /^EndpointName: expected/],
      ['a'.repeat(63), /^there is no endpoint a{63} here$/],
      ['%00', /^EndpointName: expected/],
      ['a%2Fb', /^EndpointName: expected/],
    ] as const) {
      const response = await new SagemakerServer().post(BODY, {}, `/endpoints/${name}/invocations`);
      assert.match(await assertError(response, 400, 'ValidationError'), message);
    }
  });

  test('with an unknown target model is refused', async () => {
    const response = await new SagemakerServer().post(BODY, { 'x-amzn-sagemaker-target-model': 'other' });
    const message = await assertError(response, 400, 'ValidationError');
    assert.equal(message, 'X-Amzn-SageMaker-Target-Model: there is no such model here');
  });

  test('has no other routes', async () => {
    const { app } = new SagemakerServer();
    for (const [method, path] of [
      ['GET', PATH],
      ['POST', '/endpoints/LICENSE/async-invocations'],
      ['POST', '/endpoints/LICENSE'],
      ['POST', '/endpoints'],
      ['GET', '/invocations'],
      ['POST', '/ping'],
    ] as const)
      await assertError(await app.request(path, { method }), 404, 'UnknownOperationException');
  });
});

describe('headers of SageMaker', () => {
  test('custom attributes and the target variant come back', async () => {
    const headers = {
      'x-amzn-sagemaker-custom-attributes': 'trace=7, a',
      'x-amzn-sagemaker-target-variant': 'blue',
    };
    for (const path of [PATH, STREAM_PATH]) {
      const response = await new SagemakerServer().post(BODY, headers, path);
      assert.equal(response.headers.get('x-amzn-sagemaker-custom-attributes'), 'trace=7, a');
      assert.equal(response.headers.get('x-amzn-invoked-production-variant'), 'blue');
      await response.arrayBuffer();
    }
  });

  test('those without an effect are named', async () => {
    const headers = { 'x-amzn-sagemaker-inference-id': 'one', 'x-amzn-sagemaker-prefix-aware-id': 'two' };
    const response = await new SagemakerServer().post({ ...BODY, num_beams: 3 }, headers);
    const ignored = 'num_beams, x-amzn-sagemaker-inference-id, x-amzn-sagemaker-prefix-aware-id';
    assert.equal(response.headers.get('x-glossa-ignored-parameters'), ignored);
  });

  const refused: readonly [name: string, value: string, message: RegExp][] = [
    ['custom-attributes', 'x'.repeat(1025), /^X-Amzn-SageMaker-custom-attributes: expected at most 1024/],
    ['custom-attributes', 'é', /^X-Amzn-SageMaker-custom-attributes: expected/],
    ['target-variant', 'a b', /^X-Amzn-SageMaker-target-variant: expected/],
    ['session-id', 'NEW_SESSION', /^X-Amzn-SageMaker-session-id: it is not supported here$/],
    ['enable-explanations', '`true`', /^X-Amzn-SageMaker-enable-explanations: it is not supported here$/],
    ['target-container-hostname', 'second', /it is not supported here$/],
    ['inference-component', 'second', /it is not supported here$/],
    ['inputlocation', 's3://a/b', /it is not supported here$/],
  ];
  for (const [name, value, message] of refused) {
    test(`${name}: ${value.slice(0, 20)} is refused`, async () => {
      const response = await new SagemakerServer().post(BODY, { [`x-amzn-sagemaker-${name}`]: value });
      assert.match(await assertError(response, 400, 'ValidationError'), message);
    });
  }
});

describe('errors', () => {
  const table: readonly [ErrorCode, number, string][] = [
    ['INVALID_REQUEST', 400, 'ValidationError'],
    ['CONTEXT_OVERFLOW', 400, 'ValidationError'],
    ['MODEL_NOT_FOUND', 400, 'ValidationError'],
    ['BODY_TOO_LARGE', 400, 'ValidationError'],
    ['UNAUTHORIZED', 403, 'MissingAuthenticationTokenException'],
    ['FORBIDDEN', 403, 'AccessDeniedException'],
    ['ROUTE_NOT_FOUND', 404, 'UnknownOperationException'],
    ['MODEL_LOAD_FAILED', 424, 'ModelError'],
    ['NATIVE_UNAVAILABLE', 424, 'ModelError'],
    ['OUT_OF_MEMORY', 424, 'ModelError'],
    ['ENGINE_CRASHED', 424, 'ModelError'],
    ['MODEL_LOADING', 429, 'ModelNotReadyException'],
    ['OVERLOADED', 429, 'ThrottlingException'],
    ['CANCELLED', 499, 'InternalFailure'],
    ['CLOSED', 503, 'ServiceUnavailable'],
    ['CONFIG_INVALID', 500, 'InternalFailure'],
    ['CONVERSION_FAILED', 500, 'InternalFailure'],
    ['INTERNAL', 500, 'InternalFailure'],
  ];
  for (const [code, status, type] of table) {
    test(`${code} is ${status} ${type}, streaming or not`, async () => {
      for (const path of [PATH, STREAM_PATH]) {
        const server = new SagemakerServer({ makeEngine: () => new FailingEngine(code) });
        const message = await assertError(await server.post(BODY, {}, path), status, type);
        assert.equal(message, `max_length: no ${code}`);
      }
    });
  }

  test('of the model say what the model said', async () => {
    const response = await new SagemakerServer({ engine: { crashAfterTokens: 1 } }).post(BODY);
    assert.equal(response.status, 424);
    const message = "the model's process died";
    const model = { OriginalStatusCode: 500, OriginalMessage: message, LogStreamArn: '' };
    assert.deepEqual(await response.json(), { Message: message, ...model });
  });

  test('a server that closes says so rather than answer with half a text', async () => {
    const server = new SagemakerServer({ engine: { tokenDelayMs: 5 } });
    const pending = server.post({ ...BODY, max_length: 200 });
    while (server.models.status().state.name !== 'ready') await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await server.engine.close();
    await assertError(await pending, 503, 'ServiceUnavailable');
  });

  test('a server that is shutting down takes no more, and its ping fails', async () => {
    const server = new SagemakerServer({ isClosing: () => true });
    await assertError(await server.post(BODY), 503, 'ServiceUnavailable');
    assert.equal((await server.app.request('/ping')).status, 503);
  });
});

/** Refuses every request as it is told. */
class FailingEngine extends FakeEngine {
  constructor(readonly code: ErrorCode) {
    super();
  }

  override generate(): never {
    throw new GlossaError(this.code, `maxLength: no ${this.code}`, { param: 'maxLength' });
  }
}

describe('GET /ping', () => {
  test('is 503 until the default model is loaded, then 200, both empty', async () => {
    const server = new SagemakerServer();
    const ping = async (): Promise<[number, string]> => {
      const response = await server.app.request('/ping');
      return [response.status, await response.text()];
    };
    assert.deepEqual(await ping(), [503, '']);
    await server.post(BODY);
    assert.deepEqual(await ping(), [200, '']);
  });

  test('is 503 where the model can not be loaded', async () => {
    const makeEngine = (): never => {
      throw new GlossaError('MODEL_LOAD_FAILED', 'the file is bad');
    };
    const server = new SagemakerServer({ makeEngine });
    await assertError(await server.post(BODY), 424, 'ModelError');
    assert.equal((await server.app.request('/ping')).status, 503);
  });
});
