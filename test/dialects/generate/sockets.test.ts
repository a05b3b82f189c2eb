import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';

import type { FakeEngineOptions } from '../../fakes/engine.js';
import { listeningServer } from '../../fakes/server.js';

/** All bytes that a server answers a request of generate-one with, and whether the connection broke. */
async function raw(t: TestContext, engine: FakeEngineOptions, config: object): Promise<string> {
  const { server } = await listeningServer({ engine });
  t.after(() => server.stop());
  const { port } = new URL(server.url);
  const body = JSON.stringify({ request_id: 'a', prompt: 'A', generation_config: config });
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    `POST /api/generate-one HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let answer = '';
  socket.on('error', () => undefined);
  try {
    for await (const chunk of socket) answer += (chunk as Buffer).toString();
  } catch {
    // A reset: what came before it counts.
  }
  return answer;
}

test('a text that is complete ends as HTTP bodies do', async (t) => {
  const answer = await raw(t, { tokenDelayMs: 25 }, { max_new_tokens: 2 });
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /\r\ntransfer-encoding: chunked\r\n/i);
  assert.match(answer, / at\r\n0\r\n\r\n$/);
});

test('an error in mid-stream is the last chunk, and the body never ends', async (t) => {
  const answer = await raw(t, { tokenDelayMs: 25, crashAfterTokens: 2 }, {});
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.ok(answer.endsWith(" at\r\n18\r\nthe model's process died\r\n"), answer);
});

test('a flood of frames that are no requests is answered a few times, and then the socket is closed', async (t) => {
  const { server } = await listeningServer();
  t.after(() => server.stop());
  const client = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws`);
  let answers = 0;
  client.on('message', () => (answers += 1));
  await once(client, 'open');
  for (let index = 0; index < 5000; index += 1) client.send('x');
  const [code] = (await once(client, 'close')) as [number];
  assert.deepEqual([code, answers], [1008, 50]);
});
