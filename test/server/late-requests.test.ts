import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test, type TestContext } from 'node:test';

import { pino } from 'pino';

import { eventually } from '../engine/conformance.js';
import { FakeEngine } from '../fakes/engine.js';
import { listeningServer, testServer } from '../fakes/server.js';

/** Sends a text and reads until the server ends the connection. */
async function rawAnswer(url: string, text: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

/** The head of a request whose body does not come, but for one byte. */
function head(path: string, framing: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`;
}

async function impatientServer(t: TestContext): Promise<string> {
  const { server } = await listeningServer({ flags: { requestTimeout: '0.3' } });
  t.after(() => server.stop());
  return server.url;
}

describe('a request that does not arrive in time', () => {
  const MESSAGE = 'the request did not arrive in time; see requestTimeout';
  const bodies: Readonly<Record<string, string>> = {
    '/glossa/generate': `{"error":{"code":"REQUEST_TIMEOUT","message":"${MESSAGE}","param":null}}`,
    '/autocomplete': MESSAGE,
    '/api/generate-batch': MESSAGE,
    '/inference/start': `{"message":"${MESSAGE}"}`,
    '/invocations': `{"Message":"${MESSAGE}"}`,
  };

  test('is 408 in the shape of its API, and ends its connection', async (t) => {
    const url = await impatientServer(t);
    const framings = ['Content-Length: 100', 'Transfer-Encoding: chunked'];
    const asked = Object.entries(bodies).flatMap(([path, body]) =>
      framings.map(async (framing) => {
        const part = framing.startsWith('T') ? '1\r\n{\r\n' : '{';
        const answer = await rawAnswer(url, head(path, framing) + part);
        assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/, path);
        assert.match(answer, /\r\nconnection: close\r\n/i, path);
        assert.ok(answer.includes(body), `${path}: ${answer}`);
      }),
    );
    await Promise.all(asked);
    assert.equal((await fetch(`${url}/api/alive`)).status, 200);
  });

  test('is 408 in a plain shape if not even its headers come', async (t) => {
    const answer = await rawAnswer(await impatientServer(t), 'POST /glossa/generate HTTP/1.1\r\nHost: local');
    assert.match(answer, /^HTTP\/1\.1 408 [^]*"code":"REQUEST_TIMEOUT"/);
  });
});

describe('a request for a model that is loading', () => {
  test('waits for it, up to the limit of the queue; one more is told to come again', async () => {
    let open = (): void => undefined;
    const loaded = new Promise<void>((resolve) => {
      open = resolve;
    });
    const server = testServer({
      flags: { queueLimit: '2' },
      makeEngine: async () => {
        await loaded;
        return new FakeEngine();
      },
    });
    const ask = (): Promise<Response> => server.post('/glossa/generate', { prompt: 'A' });
    const waiting = [ask(), ask()];
    await new Promise(setImmediate);
    const refused = await ask();
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '2']);
    assert.match(await refused.text(), /"code":"MODEL_LOADING"/);
    open();
    for (const response of await Promise.all(waiting)) assert.equal(response.status, 200);
  });
});

describe('the log', () => {
  test('says 499 of a request whose client left before its answer, and the name of its key', async (t) => {
    const lines: { route?: string; status?: number; key?: string; code?: string }[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as object) });
    const { server, engine } = await listeningServer({
      engine: { tokenDelayMs: 5 },
      keys: [{ key: 'secret', name: 'the editor' }],
      log,
    });
    t.after(() => server.stop());
    await eventually(() => server.models.status().state.name === 'ready');
    for (const [path, body] of [
      ['/glossa/generate', { prompt: 'A', max_new_tokens: 200 }],
      ['/api/generate-batch', { prompts: [{ request_id: 'a', prompt: 'A' }] }],
    ] as const) {
      const leave = new AbortController();
      const asked = engine().requests.length;
      const response = fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: 'Bearer secret' },
        body: JSON.stringify(body),
        signal: leave.signal,
      });
      await eventually(() => engine().requests.length > asked);
      leave.abort();
      await assert.rejects(response);
      await eventually(() => lines.some(({ route }) => route === path));
      const line = lines.find(({ route }) => route === path);
      assert.deepEqual([line?.status, line?.key], [499, 'the editor'], JSON.stringify(line));
    }
    assert.doesNotMatch(JSON.stringify(lines), /secret/);
  });
});
