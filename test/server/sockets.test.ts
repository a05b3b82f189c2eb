import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { GlossaServer } from '../../src/server/glossa-server.js';
import { eventually } from '../engine/conformance.js';
import type { FakeEngine } from '../fakes/engine.js';
import { listeningServer, type TestServerOptions } from '../fakes/server.js';

const running: GlossaServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(
  options: TestServerOptions = {},
): Promise<{ server: GlossaServer; engine: () => FakeEngine }> {
  const started = await listeningServer({ ...options, flags: { shutdownTimeout: '1', ...options.flags } });
  running.push(started.server);
  await eventually(() => started.server.models.status().state.name === 'ready');
  return started;
}

function post(server: GlossaServer, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    ...(signal !== undefined && { signal }),
  });
}

/** A socket that has sent a request's head and the given part of its body. */
async function sendRaw(server: GlossaServer, path: string, length: number, part: string): Promise<Socket> {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${length}\r\n\r\n${part}`);
  await sleep(50);
  return socket;
}

async function activeSequences(engine: () => FakeEngine): Promise<number> {
  return (await engine().stats()).activeSequences;
}

const endless = { prompt: 'A', max_new_tokens: 1_000_000 };

describe('a client that leaves', () => {
  test('while streaming is cancelled in the engine', async () => {
    const { server, engine } = await start({ engine: { tokenDelayMs: 2 } });
    const controller = new AbortController();
    const response = await post(server, '/glossa/generate', { ...endless, stream: true }, controller.signal);
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal(await activeSequences(engine), 1);
    controller.abort();
    await eventually(async () => (await activeSequences(engine)) === 0 && server.activeRequests === 0);
  });

  test('while it waits for a whole answer is cancelled in the engine', async () => {
    const { server, engine } = await start({ engine: { tokenDelayMs: 2 } });
    for (const [path, body] of [
      ['/glossa/generate', endless],
      ['/autocomplete', { context: 'A' }],
    ] as const) {
      const controller = new AbortController();
      const answer = post(server, path, body, controller.signal);
      await eventually(async () => (await activeSequences(engine)) > 0);
      controller.abort();
      await assert.rejects(answer);
      await eventually(async () => (await activeSequences(engine)) === 0 && server.activeRequests === 0);
    }
  });

  test('while its prompt waits in the engine is cancelled there', async () => {
    const { server, engine } = await start({ engine: { promptDelayMs: 60_000 } });
    const controller = new AbortController();
    const answer = post(server, '/glossa/generate', endless, controller.signal);
    await eventually(async () => (await activeSequences(engine)) === 1);
    controller.abort();
    await assert.rejects(answer);
    await eventually(async () => (await activeSequences(engine)) === 0);
  });

  test('while it sends its body starts nothing', async () => {
    const { server, engine } = await start();
    const socket = await sendRaw(server, '/glossa/generate', 1000, '{"prompt": ');
    assert.equal(server.activeRequests, 1);
    socket.destroy();
    await eventually(() => server.activeRequests === 0);
    assert.equal(engine().requests.length, 0);
  });
});

describe('bodies over the limit', () => {
  test('of 10 MB are refused while they are sent', async () => {
    const { server } = await start();
    const response = await post(server, '/autocomplete', { context: 'x'.repeat(1e7) });
    assert.equal(response.status, 413);
  });

  test('that announce no length are refused when it is reached', async () => {
    const { server } = await start({ flags: { bodyLimit: '100kB' } });
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 10_000;
        controller.enqueue(new Uint8Array(10_000).fill(0x20));
        if (sent >= 3e6) controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half' };
    const response = await fetch(`${server.url}/autocomplete`, init as RequestInit);
    assert.equal(response.status, 413);
  });

  test('that are announced are refused before they come', async () => {
    const { server } = await start();
    const socket = await sendRaw(server, '/autocomplete', 1e9, '{');
    const data = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    assert.match(data.toString(), /^HTTP\/1.1 413 /);
    socket.destroy();
  });
});

describe('the listener', () => {
  test('serves 200 clients at once', async () => {
    const { server } = await start({ engine: { tokenDelayMs: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const path = index % 2 === 0 ? '/autocomplete' : '/glossa/generate';
        const response = await post(server, path, {
          ...(index % 2 === 0 ? { context: 'A' } : { prompt: 'A' }),
        });
        await response.text();
        return response.status;
      }),
    );
    assert.deepEqual([...new Set(answers)], [200]);
  });

  test('names a port that is taken', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await assert.rejects(listeningServer({ flags: { port: String(port) } }), {
      code: 'CONFIG_INVALID',
      message: `port ${port} on 127.0.0.1 is taken by another program; choose another one with --port`,
    });
    blocker.close();
  });

  test('gives up on headers and bodies that do not come', async () => {
    const { server } = await start({ flags: { headersTimeout: '5', requestTimeout: '0.4' } });
    const socket = await sendRaw(server, '/autocomplete', 100, '{');
    const closed = new Promise<void>((resolve) =>
      socket.once('close', () => {
        resolve();
      }),
    );
    socket.resume();
    await closed;
    await eventually(() => server.activeRequests === 0);
  });

  test('answers what is no HTTP for us with JSON', async () => {
    const { server } = await start();
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.end('GET /health HTTP/1.1\r\nHost: a b\r\n\r\n');
    const reply = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    assert.match(reply.toString(), /^HTTP\/1.1 400 [^]*malformed HTTP request/);
  });
});

describe('stopping', () => {
  test('lets a running stream finish, and refuses new connections', async () => {
    const { server } = await start({ engine: { tokenDelayMs: 5 }, flags: { shutdownTimeout: '10' } });
    const response = await post(server, '/glossa/generate', {
      prompt: 'A',
      max_new_tokens: 40,
      stream: true,
    });
    const stopped = server.stop();
    await assert.rejects(fetch(`${server.url}/health`));
    const text = await response.text();
    assert.ok(text.endsWith('data: [DONE]\n\n'));
    assert.equal(text.match(/"type":"token"/g)?.length, 40);
    await stopped;
  });

  test('finishes what was being sent', async () => {
    const { server } = await start({ engine: { tokenDelayMs: 5 }, flags: { shutdownTimeout: '10' } });
    const answer = post(server, '/glossa/generate', { prompt: 'A', max_new_tokens: 60 });
    const body = '{"prompt":"A"}';
    const socket = await sendRaw(server, '/glossa/generate', body.length, body.slice(0, 5));
    const reply = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    const stopped = server.stop();
    socket.write(body.slice(5));
    // It had been let in before: what has begun is finished.
    assert.match((await reply).toString(), /^HTTP\/1.1 200 /);
    assert.equal((await answer).status, 200);
    await stopped;
  });

  test('ends what runs too long with what there is', async () => {
    const { server } = await start({ engine: { tokenDelayMs: 5 }, flags: { shutdownTimeout: '0.2' } });
    const response = await post(server, '/glossa/generate', { ...endless, stream: true });
    const begin = performance.now();
    const [text] = await Promise.all([response.text(), server.stop()]);
    assert.ok(performance.now() - begin < 3000);
    assert.match(text, /"finish_reason":"cancelled"/);
  });

  test('does not wait for connections on which nothing was sent', async () => {
    const { server } = await start({ flags: { shutdownTimeout: '60' } });
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await Promise.all([server.stop(), closed]);
  });

  test('twice is stopping once', async () => {
    const { server } = await start();
    await Promise.all([server.stop(), server.stop()]);
  });
});
