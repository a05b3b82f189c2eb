import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { pino, type Logger } from 'pino';

import { GlossaError, type ErrorCode } from '../../src/errors.js';
import { eventually } from '../engine/conformance.js';
import { FakeEngine } from '../fakes/engine.js';
import { testServer } from '../fakes/server.js';

describe('GET /health', () => {
  test('is 503 until the default model is ready, then 200', async () => {
    let open = (): void => undefined;
    const passed = new Promise<void>((resolve) => {
      open = resolve;
    });
    const makeEngine = async (): Promise<FakeEngine> => {
      await passed;
      return new FakeEngine();
    };
    const { app, models } = testServer({ makeEngine });
    const health = async (): Promise<[number, unknown]> => {
      const response = await app.request('/health');
      return [response.status, await response.json()];
    };
    models.preload();
    assert.deepEqual(await health(), [503, { status: 'loading' }]);
    open();
    await eventually(() => models.status().state.name === 'ready');
    assert.deepEqual(await health(), [200, { status: 'ok' }]);
  });

  test('is 503 with the reason if loading failed', async () => {
    const makeEngine = (): Promise<never> =>
      Promise.reject(new GlossaError('MODEL_LOAD_FAILED', 'it is truncated'));
    const { app, models } = testServer({ makeEngine });
    models.preload();
    await eventually(() => models.status().state.name === 'failed');
    const response = await app.request('/health');
    assert.equal(response.status, 503);
    const message = "model package.json can't be loaded: it is truncated";
    assert.deepEqual(await response.json(), { status: 'error', message });
  });

  test('is 503 while the server is stopped, and everything else is refused', async () => {
    const server = testServer({ isClosing: () => true });
    assert.equal((await server.app.request('/health')).status, 503);
    const response = await server.post('/autocomplete', { context: 'A' });
    assert.deepEqual([response.status, await response.text()], [503, 'the server is shutting down']);
    assert.deepEqual(
      [response.headers.get('retry-after'), response.headers.get('connection')],
      ['5', 'close'],
    );
  });
});

describe('the body limit', () => {
  const flags = { bodyLimit: '1000' };

  test('is for what is announced', async () => {
    const body = JSON.stringify({ context: 'x'.repeat(1000) });
    const response = await testServer({ flags }).post('/autocomplete', body, {
      'content-length': String(body.length),
    });
    assert.deepEqual(
      [response.status, await response.text()],
      [413, 'the body exceeds the limit of 1000 bytes'],
    );
  });

  test('is for what comes; what exceeds it by far is not read to its end', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const { app } = testServer({ flags });
    const response = await app.request('/glossa/generate', {
      method: 'POST',
      body,
      duplex: 'half',
    });
    assert.equal(response.status, 413);
    assert.match(await response.text(), /"code":"BODY_TOO_LARGE"/);
    // 64 MiB are thrown away for the sake of clients that write before they read.
    assert.ok(pulled < 80);
  });

  test('lets a body of its size through', async () => {
    const body = JSON.stringify({ context: 'A' }).padEnd(1000);
    assert.equal((await testServer({ flags }).post('/autocomplete', body)).status, 200);
  });
});

describe('bodies that are no JSON object', () => {
  const bodies: readonly [string, string | Uint8Array<ArrayBuffer>, RegExp][] = [
    ['malformed JSON', '{"prompt": "A"', /received malformed JSON/],
    ['nothing', '', /received an empty body/],
    ['null', 'null', /received null/],
    ['an array', '[]', /received an array/],
    ['a number', '1', /received a number/],
    ['invalid UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), /expected UTF-8 text/],
    ['deep nesting without an end', '['.repeat(1_000_000), /received one that is nested deeper than 1000/],
  ];
  for (const [what, body, message] of bodies) {
    test(`${what} is 400`, async () => {
      const { app } = testServer();
      const response = await app.request('/glossa/generate', { method: 'POST', body });
      assert.equal(response.status, 400);
      assert.match(await response.text(), message);
    });
  }

  test('a byte-order mark is no harm', async () => {
    assert.equal((await testServer().post('/autocomplete', '\uFEFF{"context":"A"}')).status, 200);
  });
});

describe('every error code', () => {
  const statuses: Readonly<Record<ErrorCode, number>> = {
    INVALID_REQUEST: 400,
    CONTEXT_OVERFLOW: 400,
    UNAUTHORIZED: 401,
    FORBIDDEN: 403,
    MODEL_NOT_FOUND: 404,
    TASK_NOT_FOUND: 404,
    ROUTE_NOT_FOUND: 404,
    REQUEST_TIMEOUT: 408,
    BODY_TOO_LARGE: 413,
    MODEL_LOAD_FAILED: 424,
    NATIVE_UNAVAILABLE: 424,
    OUT_OF_MEMORY: 424,
    OVERLOADED: 429,
    RATE_LIMITED: 429,
    CANCELLED: 499,
    ENGINE_CRASHED: 500,
    CONFIG_INVALID: 500,
    CONVERSION_FAILED: 500,
    INTERNAL: 500,
    MODEL_LOADING: 503,
    CLOSED: 503,
  };
  for (const [code, status] of Object.entries(statuses)) {
    test(`${code} is ${status} in each shape`, async () => {
      const engine = new FakeEngine();
      engine.generate = () => {
        throw new GlossaError(code as ErrorCode, 'the message', { cause: new Error('secret') });
      };
      const server = testServer({ makeEngine: () => engine });
      const plain = await server.post('/autocomplete', { context: 'A' });
      assert.deepEqual([plain.status, await plain.text()], [status, 'the message']);
      const json = await server.post('/glossa/generate', { prompt: 'A' });
      assert.equal(json.status, status);
      assert.deepEqual(await json.json(), { error: { code, message: 'the message', param: null } });
      const isWorthRepeating = ['OVERLOADED', 'RATE_LIMITED', 'MODEL_LOADING', 'CLOSED'].includes(code);
      assert.equal(json.headers.has('retry-after'), isWorthRepeating);
    });
  }

  test('what is no error of ours is INTERNAL and keeps its secrets', async () => {
    const engine = new FakeEngine();
    engine.generate = () => {
      throw new Error('/home/me/secret');
    };
    const response = await testServer({ makeEngine: () => engine }).post('/glossa/generate', { prompt: 'A' });
    assert.equal(response.status, 500);
    const error = { code: 'INTERNAL', message: 'an internal error occurred', param: null };
    assert.deepEqual(await response.json(), { error });
  });

  test('an unknown route has a shape of its own', async () => {
    const response = await testServer().app.request('/v2/none');
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { error: { code: 'ROUTE_NOT_FOUND', message: 'no such route' } });
  });
});

describe('the log', () => {
  function memoryLog(): { log: Logger; lines: Record<string, unknown>[] } {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    return { log: pino({ level: 'info' }, sink), lines };
  }

  test('has one line a request, with its counts and without its prompt', async () => {
    const { log, lines } = memoryLog();
    const server = testServer({ log });
    await server.post(
      '/autocomplete/gpt2',
      { context: 'My secret', n_samples: 1 },
      { 'x-request-id': 'mine-1' },
    );
    const [line, ...others] = lines.filter((entry) => entry['msg'] === 'request');
    assert.deepEqual(others, []);
    assert.ok(line !== undefined);
    const { method, route, status, model, promptTokens, generatedTokens, requestId } = line;
    assert.deepEqual(
      { method, route, status, model, promptTokens, requestId },
      {
        method: 'POST',
        route: '/autocomplete/:family',
        status: 200,
        model: 'package.json',
        promptTokens: 2,
        requestId: 'mine-1',
      },
    );
    assert.ok(typeof line['ms'] === 'number' && typeof generatedTokens === 'number' && generatedTokens > 0);
    assert.ok(!JSON.stringify(lines).includes('secret'));
  });

  test('has prompts if that was asked for', async () => {
    const { log, lines } = memoryLog();
    await testServer({ log, flags: { logPrompts: true } }).post('/autocomplete', { context: 'My prompt' });
    assert.ok(lines.some((entry) => entry['prompt'] === 'My prompt'));
  });

  test('has the code of an error, and the cause of an internal one', async () => {
    const { log, lines } = memoryLog();
    const engine = new FakeEngine();
    engine.generate = () => {
      throw new Error('the cause');
    };
    const server = testServer({ log, makeEngine: () => engine });
    await server.post('/glossa/generate', { prompt: 'A' });
    const line = lines.find((entry) => entry['msg'] === 'request');
    assert.deepEqual([line?.['code'], line?.['status'], line?.['level']], ['INTERNAL', 500, 50]);
    assert.match(JSON.stringify(line?.['err']), /the cause/);
  });

  test('does not take just anything for a request id', async () => {
    const response = await testServer().app.request('/health', { headers: { 'x-request-id': 'a b"c' } });
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  });
});
