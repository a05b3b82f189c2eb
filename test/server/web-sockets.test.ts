import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { describe, test, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { WebSocket } from 'ws';

import type { UpgradeRequest } from '../../src/server/dialect.js';
import { WebSockets } from '../../src/server/web-sockets.js';
import { eventually } from '../engine/conformance.js';
import {
  closeCode,
  echoServer,
  exchange,
  openClient,
  rawConnection,
  readToEnd,
  refusal,
} from './echo-server.js';

const HANDSHAKE = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n';

/** WebSockets of a server that passes each to `open`. */
async function webSocketServer(
  t: TestContext,
  open: (socket: WebSocket) => void,
  pingIntervalMs = 30_000,
): Promise<{ webSockets: WebSockets; url: string }> {
  const server = createServer();
  const webSockets = new WebSockets(server, {
    fetch: (_request, env) => {
      (env as { upgrade: UpgradeRequest }).upgrade.accept(open);
      return new Response(null);
    },
    ...{ maxPayload: 1000, badRequest: () => new Response(null, { status: 400 }), pingIntervalMs },
    ...{ track: () => undefined, untrack: () => undefined, onError: () => undefined },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    webSockets.cut();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { webSockets, url: `ws://127.0.0.1:${port}/` };
}

describe('a WebSocket', () => {
  test('is opened by a route, with the headers that go with every answer', async (t) => {
    const { url, server } = await echoServer(t);
    const client = await openClient(url, { headers: { 'x-request-id': 'mine' } });
    assert.equal(await exchange(client, 'schön \u{1F600}'), 'schön \u{1F600}');
    assert.equal(server.activeRequests, 1);
    client.close();
    await eventually(() => server.activeRequests === 0);

    const again = rawConnection(
      server,
      `GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nx-request-id: mine\r\n${HANDSHAKE}\r\n`,
    );
    const [head] = (await once(again, 'data')) as [Buffer];
    assert.match(head.toString(), /^HTTP\/1.1 101 [^]*\r\nx-request-id: mine\r\n/);
    again.destroy();
  });

  test('is logged once, when it is opened', async (t) => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    const { url, server } = await echoServer(t, { log: pino({ level: 'info' }, sink) });
    const client = await openClient(url);
    await exchange(client, 'A');
    client.terminate();
    await eventually(() => server.activeRequests === 0);
    await refusal(`${url}/none`);
    const requests = lines.filter(({ msg }) => msg === 'request');
    const seen = requests.map(({ route, status, aborted }) => [route, status, aborted]);
    assert.deepEqual(seen, [
      ['/api/ws', 101, undefined],
      ['none', 404, undefined],
    ]);
  });

  test('takes messages up to the body limit', async (t) => {
    const { url } = await echoServer(t, { flags: { bodyLimit: '1000' } });
    const client = await openClient(url);
    assert.equal(await exchange(client, 'x'.repeat(1000)), 'x'.repeat(1000));
    client.send('x'.repeat(1001));
    assert.equal(await closeCode(client), 1009);
  });

  test('that breaks the protocol is closed, and the server goes on', async (t) => {
    const { url, server, sockets } = await echoServer(t);
    const socket = rawConnection(
      server,
      `GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${HANDSHAKE}\r\n`,
    );
    await once(socket, 'data');
    socket.write(Buffer.from([0xff, 0xff, 0, 1, 2, 3]));
    await eventually(() => sockets.size === 0);
    assert.equal(await exchange(await openClient(url), 'A'), 'A');
  });

  test('whose route fails to open it is closed with 1011', async (t) => {
    const { url } = await echoServer(t);
    const client = await openClient(url.replace('/ws', '/failing'));
    assert.equal(await closeCode(client), 1011);
  });

  test('whose client has vanished is cut off', async (t) => {
    const { webSockets, url } = await webSocketServer(t, () => undefined, 30);
    const alive = await openClient(url);
    const silent = await openClient(url);
    silent.pause();
    await eventually(() => webSockets.count === 1);
    assert.equal(alive.readyState, alive.OPEN);
    silent.terminate();
    alive.terminate();
  });

  test('lets others have their turn between any two messages', async (t) => {
    let turn = 0;
    const turns: number[] = [];
    const { url } = await webSocketServer(t, (socket) => {
      const tick = (): void => {
        turn += 1;
        if (socket.readyState === socket.OPEN) setImmediate(tick);
      };
      tick();
      socket.on('message', () => turns.push(turn));
    });
    const client = await openClient(url);
    for (let index = 0; index < 500; index += 1) client.send('x');
    await eventually(() => turns.length === 500);
    assert.equal(new Set(turns).size, 500);
  });

  test('that is paused lives as long as its client takes what waits for it', async (t) => {
    const large = Buffer.alloc(2 ** 25);
    const { webSockets, url } = await webSocketServer(
      t,
      (socket) => {
        socket.pause();
        if (webSockets.count === 2) socket.send(large);
      },
      30,
    );
    const idle = await openClient(url);
    const stuck = await openClient(url);
    stuck.pause();
    await eventually(() => webSockets.count === 1);
    assert.equal(idle.readyState, idle.OPEN);
    stuck.terminate();
    idle.terminate();
  });

  test('that asks for pongs and reads nothing is cut off', async (t) => {
    const large = Buffer.alloc(2 ** 25);
    const { webSockets, url } = await webSocketServer(t, (socket) => {
      socket.send(large);
    });
    const client = await openClient(url);
    client.pause();
    client.ping();
    await eventually(() => webSockets.count === 0);
    client.terminate();
  });
});

describe('a request for a WebSocket is refused', () => {
  test('without a key, in the shape of the dialect', async (t) => {
    const echo = await echoServer(t, { flags: { apiKeys: 'secret' } });
    const { url } = echo;
    const { status, headers, text } = await refusal(url);
    assert.deepEqual([status, text], [401, 'an API key is required']);
    assert.equal(headers.get('www-authenticate'), 'Bearer');
    assert.equal((await refusal(url, { headers: { 'x-api-key': 'wrong' } })).status, 401);
    assert.equal(echo.opened, 0);
    const client = await openClient(url, { headers: { authorization: 'Bearer secret' } });
    assert.equal(await exchange(client, 'A'), 'A');
  });

  test('where there is no such route', async (t) => {
    const { url } = await echoServer(t);
    for (const path of ['/none', '/api/none', '/api/alive'])
      assert.equal((await refusal(url.replace('/api/ws', path))).status, 404, path);
  });

  test('by a route that knows none: that answers as always', async (t) => {
    const { url, server } = await echoServer(t);
    await eventually(() => server.models.status().hasBeenReady);
    const { status, text } = await refusal(url.replace('/api/ws', '/health'));
    assert.deepEqual([status, text], [200, '{"status":"ok"}']);
  });

  test('with a Host of somewhere else', async (t) => {
    const { url } = await echoServer(t);
    assert.equal((await refusal(url, { headers: { host: 'evil.example' } })).status, 403);
  });

  test('without the headers of a handshake', async (t) => {
    const { server } = await echoServer(t);
    const asking = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const reply = await readToEnd(
      rawConnection(server, `GET /api/ws HTTP/1.1\r\nHost: localhost\r\n${asking}\r\n`),
    );
    assert.match(reply, /^HTTP\/1.1 400 /);
    const malformed = await readToEnd(
      rawConnection(server, `GET /api/ws HTTP/1.1\r\nHost: a b\r\n${asking}${HANDSHAKE}\r\n`),
    );
    assert.match(malformed, /^HTTP\/1.1 400 [^]*malformed HTTP request/);
    await eventually(() => server.activeRequests === 0);
  });

  test('of a plain GET', async (t) => {
    const { server } = await echoServer(t);
    const response = await fetch(`${server.url}/api/ws`);
    assert.equal(response.status, 404);
    assert.equal(await response.text(), 'this route is for WebSockets: expected an upgrade');
  });
});

describe('pages of other origins', () => {
  const own = 'http://app.example';

  test('open no WebSocket of an API that names none', async (t) => {
    const { url, server } = await echoServer(t);
    assert.equal((await refusal(url, { origin: own })).status, 403);
    assert.equal((await refusal(url, { origin: 'null' })).status, 403);
    assert.equal(await exchange(await openClient(url, { origin: server.url }), 'A'), 'A');
  });

  test('may where the policy or the settings say so', async (t) => {
    const open = { origins: '*', methods: ['GET'], allowedHeaders: [], exposedHeaders: [] } as const;
    const { url } = await echoServer(t, { cors: open });
    assert.equal(await exchange(await openClient(url, { origin: own }), 'A'), 'A');
    const named = await echoServer(t, { cors: open, flags: { corsOrigins: own } });
    assert.equal(await exchange(await openClient(named.url, { origin: own }), 'A'), 'A');
    assert.equal((await refusal(named.url, { origin: 'http://evil.example' })).status, 403);
  });
});
