import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import { WebSocket } from 'ws';

import { eventually } from '../engine/conformance.js';
import { clients, CLIENTS, limitedServer, outcomes } from './limited-server.js';

describe('64 clients with one key', () => {
  test('get as many requests a minute as it has', async (t) => {
    const { ask, advance } = await limitedServer(t, { requestsPerMinute: 10 });
    const all = clients(() => ask('limited'));
    assert.deepEqual(await outcomes([...all, ask('free')], 60), { 200: 11, 429: 54 });
    advance(59_000);
    assert.deepEqual(await outcomes([ask('limited'), ask('free')], 1), { 200: 1, 429: 1 });
    advance(1000);
    assert.deepEqual(
      await outcomes(
        clients(() => ask('limited')),
        60,
      ),
      { 200: 10, 429: 54 },
    );
    assert.deepEqual(
      await outcomes(
        clients(() => ask('free')),
        0,
      ),
      { 200: 64 },
    );
  });

  test('have as many requests running as it may', async (t) => {
    const { ask, engine } = await limitedServer(t, { concurrentRequests: 4 });
    engine.shut();
    let refused = 0;
    const all = clients(async () => {
      const response = await ask('limited');
      if (response.status === 429) refused += 1;
      return response;
    });
    await eventually(() => refused === CLIENTS - 4);
    assert.equal(engine.running, 4);
    const other = ask('free');
    await eventually(() => engine.running === 5);
    engine.open();
    assert.deepEqual(await outcomes([...all, other], 1), { 200: 5, 429: 60 });
    // All places are back.
    for (let round = 0; round < 3; round += 1) {
      const four = Array.from({ length: 4 }, () => ask('limited'));
      assert.deepEqual(await outcomes(four, 1), { 200: 4 });
    }
    assert.equal(engine.mostRunning, 5);
  });
});

describe('a place', () => {
  test('is back when the client of a stream has left', async (t) => {
    const { ask, url, engine } = await limitedServer(t, { concurrentRequests: 1 }, { tokenDelayMs: 5 });
    const leave = new AbortController();
    const stream = await fetch(`${url}/glossa/generate`, {
      method: 'POST',
      headers: { authorization: 'Bearer limited' },
      body: JSON.stringify({ prompt: 'A', max_new_tokens: 200, stream: true }),
      signal: leave.signal,
    });
    assert.equal(stream.status, 200);
    assert.equal((await ask('limited')).status, 429);
    leave.abort();
    await eventually(() => engine.running === 0);
    await eventually(async () => (await ask('limited')).status === 200);
  });

  test('is back when the whole stream has been sent', async (t) => {
    const { ask } = await limitedServer(t, { concurrentRequests: 1 });
    for (let round = 0; round < 3; round += 1) {
      const stream = await ask('limited', { prompt: 'A', max_new_tokens: 5, stream: true });
      assert.equal(stream.status, 200);
      assert.match(await stream.text(), /\[DONE\]/);
    }
  });

  test('is taken by each batch on a WebSocket, and not by the socket', async (t) => {
    const { url, engine } = await limitedServer(t, { concurrentRequests: 1, requestsPerMinute: 4 });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws`, {
      headers: { authorization: 'Bearer limited' },
    });
    t.after(() => {
      socket.terminate();
    });
    const events: { request_id: string; type: string; error?: string }[] = [];
    socket.on('message', (data: Buffer) => {
      events.push(...(JSON.parse(data.toString()) as typeof events));
    });
    await once(socket, 'open');
    const say = (id: string): void => {
      socket.send(JSON.stringify({ prompts: [{ request_id: id, prompt: 'A' }], stream_response: false }));
    };
    const ends = (type: string): string[] =>
      events.filter((event) => event.type === type).map((event) => event.request_id);
    engine.shut();
    say('first');
    await eventually(() => engine.running === 1);
    say('beside it');
    await eventually(() => ends('ERROR').length === 1);
    assert.match(events.find(({ type }) => type === 'ERROR')?.error ?? '', /limit of 1 requests at a time/);
    engine.open();
    await eventually(() => ends('COMPLETE').length === 1);
    for (const id of ['second', 'third']) {
      say(id);
      await eventually(() => ends('COMPLETE').includes(id));
    }
    say('one too many');
    await eventually(() => ends('ERROR').length === 2);
    assert.match(events.at(-1)?.error ?? '', /limit of 4 requests a minute/);
    assert.deepEqual(ends('COMPLETE'), ['first', 'second', 'third']);
  });
});

describe('the headers of an answer', () => {
  test('tell what is left, as OpenAI has them', async (t) => {
    const { ask, advance } = await limitedServer(t, { requestsPerMinute: 2, tokensPerMinute: 50 });
    const headersOf = (response: Response): string[] =>
      ['limit', 'remaining', 'reset'].flatMap((part) =>
        ['requests', 'tokens'].map((what) => response.headers.get(`x-ratelimit-${part}-${what}`) ?? ''),
      );
    const first = await ask('limited');
    const { prompt_tokens: prompt } = (await first.json()) as { prompt_tokens: number };
    const left = String(50 - prompt - 4);
    assert.deepEqual(headersOf(first), ['2', '50', '1', left, '1m0s', '1m0s']);
    advance(12_500);
    await ask('limited', { prompt: 'A', temperature: 'hot' });
    const refused = await ask('limited');
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '48');
    assert.deepEqual(headersOf(refused), ['2', '50', '0', left, '1m0s', '47.5s']);
  });

  test('say nothing of limits where there are none', async (t) => {
    const { ask } = await limitedServer(t, { concurrentRequests: 2 });
    for (const key of ['limited', 'free']) {
      const names = [...(await ask(key)).headers.keys()];
      assert.deepEqual(
        names.filter((name) => name.startsWith('x-ratelimit')),
        [],
      );
    }
  });
});
