import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { until } from './processes.js';
import { endlessStream, longStream, shortRequest, uniquePrompt } from './requests.js';
import { ServedGlossa } from './server.js';
import { readStream } from './sse.js';

interface Outcome {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | null;
}

/** Clients that ask all at once. */
async function crowd(glossa: ServedGlossa, size: number): Promise<Outcome[]> {
  return await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const response = await glossa.post('/autocomplete', { context: uniquePrompt(index), length: 4 });
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, body: await response.text(), retryAfter };
    }),
  );
}

function assertSentences({ body }: Outcome): void {
  const { sentences } = JSON.parse(body) as { sentences: { value: string }[] };
  assert.ok(sentences.length >= 1 && sentences.every(({ value }) => typeof value === 'string'));
}

describe('200 clients at once', () => {
  test('are all answered', async () => {
    const glossa = await ServedGlossa.start();
    const outcomes = await crowd(glossa, 200);
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], [200]);
    outcomes.forEach(assertSentences);
    await glossa.idle();
    await glossa.stop();
  });

  test('are answered or told to come back where few may wait', async () => {
    const glossa = await ServedGlossa.start({ args: ['--queue-limit', '8', '--parallel-sequences', '4'] });
    const outcomes = await crowd(glossa, 200);
    const answered = outcomes.filter(({ status }) => status === 200);
    answered.forEach(assertSentences);
    const refused = outcomes.filter(({ status }) => status !== 200);
    assert.ok(answered.length >= 12 && refused.length > 0);
    for (const { status, body, retryAfter } of refused) {
      assert.deepEqual([status, retryAfter], [429, '1']);
      assert.match(body, /^\d+ requests are waiting already; try again later$/);
    }
    await glossa.idle();
    assert.deepEqual([...new Set((await crowd(glossa, 5)).map(({ status }) => status))], [200]);
    await glossa.stop();
  });
});

describe('a client that leaves', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start({ args: ['--parallel-sequences', '2'] });
  });
  after(() => glossa.stop());

  async function open(body: object): Promise<{ leave: () => void; response: Promise<Response> }> {
    const controller = new AbortController();
    const response = glossa.post('/glossa/generate', body, { signal: controller.signal });
    response.catch(() => undefined);
    await sleep(5);
    return {
      response,
      leave: () => {
        controller.abort();
      },
    };
  }

  test('while streaming frees its place', async () => {
    const { leave, response } = await open(endlessStream(1));
    const reading = readStream(await response, (frame) => {
      if (frame.type === 'token') leave();
    });
    await assert.rejects(reading);
    await glossa.idle();
  });

  test('while queued is taken from the queue, and those that run go on', async () => {
    const running = await open(endlessStream(1));
    void (await running.response).body?.getReader().read();
    await until('both places are taken', async () => (await glossa.stats())?.active_sequences === 2);
    const queued = [await open(longStream(2)), await open({ ...longStream(3), stream: false })];
    await until('two wait', async () => (await glossa.stats())?.queued_requests === 2);
    for (const { leave } of queued) leave();
    await until('none waits', async () => (await glossa.stats())?.queued_requests === 0);
    assert.equal((await glossa.stats())?.active_requests, 1);
    running.leave();
    await glossa.idle();
  });

  test('at any moment of its prompt’s evaluation leaves nothing', async () => {
    const words = 'The old man walked along the river and looked at the boats. '.repeat(30);
    for (let delay = 0; delay < 20; delay += 1) {
      const { leave } = await open({
        ...longStream(delay),
        prompt: `${delay}: ${words}`,
        max_new_tokens: 20,
      });
      await sleep(delay);
      leave();
    }
    await glossa.idle();
  });

  test('before its answer is whole cancels it, in every API', async () => {
    const controller = new AbortController();
    const body = { context: 'A', length: 400, temperature: 100, top_p: 1, top_k: 0 };
    const answers = [
      glossa.post('/autocomplete', body, { signal: controller.signal }),
      glossa.post('/glossa/generate', { ...endlessStream(5), stream: false }, { signal: controller.signal }),
    ];
    await until('they run', async () => (await glossa.stats())?.active_sequences === 2);
    controller.abort();
    await Promise.all(answers.map((answer) => assert.rejects(answer)));
    await glossa.idle();
  });
});

describe('a client that reads nothing', () => {
  /** Sends a request and reads no further than the first bytes of its answer. */
  async function stuck(glossa: ServedGlossa, body: object): Promise<Socket> {
    const { port, hostname, host } = new URL(glossa.url);
    const socket = connect(Number(port), hostname);
    const text = JSON.stringify(body);
    socket.write(
      `POST /glossa/generate HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    return socket;
  }

  test('does not keep others from being answered', async () => {
    // Megabytes fit into the system's buffers: that the engine stands still too, test/engine/unread.test.ts shows.
    const glossa = await ServedGlossa.start();
    const sockets = await Promise.all([1, 2].map((index) => stuck(glossa, longStream(index))));
    const outcomes = await crowd(glossa, 20);
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], [200]);
    const response = await glossa.post('/glossa/generate', shortRequest);
    assert.equal(response.status, 200);
    await response.text();
    for (const socket of sockets) socket.destroy();
    await glossa.idle();
    await glossa.stop();
  });
});
