import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';

import { eventually } from '../engine/conformance.js';
import { listeningServer } from '../fakes/server.js';
import {
  closeCode,
  echoServer,
  exchange,
  openClient,
  rawConnection,
  readToEnd,
  refusal,
} from './echo-server.js';

const ASKING = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const HANDSHAKE = `${ASKING}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n`;

describe('upgrades to what we do not speak', () => {
  test('are passed over: the request is answered in HTTP/1.1, body and all', async (t) => {
    const { server } = await listeningServer();
    t.after(() => server.stop());
    const { port } = new URL(server.url);
    // What Java's HTTP client sends with its first request.
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAEAAEAAAAIAAAAB',
    };
    for (const size of [1, 200_000]) {
      const sent = request({ port, host: '127.0.0.1', path: '/glossa/generate', method: 'POST', headers });
      const prompt = 'A '.repeat(size).trim();
      sent.write(JSON.stringify({ prompt, max_new_tokens: 2 }).slice(0, 4));
      sent.end(JSON.stringify({ prompt, max_new_tokens: 2 }).slice(4));
      const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
      let text = '';
      for await (const chunk of response) text += chunk.toString();
      assert.equal(response.statusCode, 200);
      assert.ok(text.includes(`"prompt_tokens":${size},`), text);
    }
  });

  test('whose answers are never read do not keep the server from stopping', async (t) => {
    const { server } = await echoServer(t);
    const socket = rawConnection(server, `GET /api/large HTTP/1.1\r\nHost: 127.0.0.1\r\n${ASKING}\r\n`);
    socket.pause();
    await eventually(() => server.activeRequests === 1);
    // Longer than a whole stop takes: the time that requests get, their last words and the sockets' farewell.
    let hasLeft = false;
    const timeout = setTimeout(() => {
      hasLeft = true;
      socket.destroy();
    }, 15_000);
    await server.stop();
    clearTimeout(timeout);
    assert.equal(hasLeft, false, 'the server stopped only when the client left');
    socket.destroy();
  });

  test('leave nothing behind on a connection that asks again and again', async (t) => {
    const { server } = await listeningServer();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    t.after(async () => {
      process.off('warning', note);
      agent.destroy();
      await server.stop();
    });
    const { port } = new URL(server.url);
    const headers = { connection: 'Upgrade', upgrade: 'h2c' };
    let connections = 0;
    for (let asked = 0; asked < 30; asked += 1) {
      const sent = request({ port, host: '127.0.0.1', path: '/health', agent, headers });
      if (!sent.reusedSocket) sent.once('socket', () => (connections += sent.reusedSocket ? 0 : 1));
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 200);
      response.resume();
      await once(response, 'end');
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(connections, 1);
    assert.deepEqual(warnings, []);
  });

  test('and a WebSocket by POST: the request is answered', async (t) => {
    const { server } = await echoServer(t);
    const reply = await readToEnd(
      rawConnection(
        server,
        `POST /api/alive HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE.replace('Upgrade\r', 'Upgrade, close\r')}Content-Length: 2\r\n\r\n{}`,
      ),
    );
    assert.match(reply, /^HTTP\/1.1 200 [^]*\r\nalive$/);
  });

  test('behind a request that is still being answered end the connection', async (t) => {
    const { server, engine } = await listeningServer({ engine: { tokenDelayMs: 5 } });
    t.after(() => server.stop());
    await eventually(() => server.models.status().state.name === 'ready');
    const body = '{"prompt":"A","max_new_tokens":1000000}';
    for (const asking of [HANDSHAKE, 'Connection: Upgrade\r\nUpgrade: h2c\r\n']) {
      const socket = rawConnection(
        server,
        `POST /glossa/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await eventually(async () => (await engine().stats()).activeSequences === 1);
      socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n${asking}\r\n`);
      assert.equal(await readToEnd(socket), '');
      await eventually(async () => (await engine().stats()).activeSequences === 0);
    }
    assert.equal((await fetch(`${server.url}/glossa/models`)).status, 200);
  });
});

describe('a client that asks for a WebSocket', () => {
  test('and vanishes before its headers are whole is forgotten', async (t) => {
    const { server, url } = await echoServer(t, { flags: { headersTimeout: '0.3' } });
    const head = `GET /api/ws HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}`;
    rawConnection(server, head).destroy();
    // This one keeps its connection and says no more.
    assert.match(await readToEnd(rawConnection(server, head)), /^HTTP\/1.1 408 /);
    assert.equal(await exchange(await openClient(url), 'A'), 'A');
  });

  test('and vanishes at once leaves nothing behind', async (t) => {
    const { server, sockets } = await echoServer(t);
    const head = `GET /api/ws HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}\r\n`;
    for (let index = 0; index < 50; index += 1) rawConnection(server, head).destroySoon();
    for (let index = 0; index < 50; index += 1) {
      const socket = rawConnection(server, head);
      socket.once('connect', () => socket.resetAndDestroy());
    }
    await eventually(() => server.activeRequests === 0 && sockets.size === 0);
    assert.equal((await fetch(`${server.url}/api/alive`, { method: 'POST' })).status, 200);
  });

  test('many times over is served, and refused, each time', async (t) => {
    const echo = await echoServer(t, { flags: { apiKeys: 'secret' } });
    const headers = { 'x-api-key': 'secret' };
    const clients = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        if (index % 3 === 0) return (await refusal(echo.url)).status;
        const client = await openClient(echo.url, { headers });
        assert.equal(await exchange(client, `text ${index}`), `text ${index}`);
        return client;
      }),
    );
    assert.equal(clients.filter((client) => client === 401).length, 100);
    assert.deepEqual([echo.opened, echo.server.activeRequests], [200, 200]);
    for (const client of clients) if (typeof client !== 'number') client.terminate();
    await eventually(() => echo.server.activeRequests === 0 && echo.sockets.size === 0);
  });
});

describe('stopping', () => {
  test('closes idle sockets at once, with 1001', async (t) => {
    const { server, url } = await echoServer(t, { flags: { shutdownTimeout: '60' } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => openClient(url)));
    const codes = Promise.all(clients.map(closeCode));
    await server.stop();
    assert.deepEqual([...new Set(await codes)], [1001]);
  });

  test('lets a busy one finish, and takes no new one', async (t) => {
    const { server, url } = await echoServer(t, { flags: { shutdownTimeout: '60' } });
    const client = await openClient(url);
    await exchange(client, 'work');
    const code = closeCode(client);
    const stopped = server.stop();
    await assert.rejects(openClient(url));
    assert.equal(await exchange(client, 'still there'), 'still there');
    assert.equal(await exchange(client, 'done'), 'done');
    assert.equal(await code, 1001);
    await stopped;
  });

  test('closes with 1001 what takes longer than it may', async (t) => {
    const { server, url } = await echoServer(t, { flags: { shutdownTimeout: '0.1' } });
    const client = await openClient(url);
    await exchange(client, 'work');
    const code = closeCode(client);
    await server.stop();
    assert.equal(await code, 1001);
  });

  test('does not wait for a client that answers nothing', async (t) => {
    const { server, url, sockets } = await echoServer(t, { flags: { shutdownTimeout: '60' } });
    const silent = await openClient(url);
    silent.pause();
    await server.stop();
    await eventually(() => sockets.size === 0);
    silent.terminate();
  });
});
