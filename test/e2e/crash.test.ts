import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, test } from 'node:test';

import { childrenOf, isRunning, until } from './processes.js';
import { longStream, endlessStream, shortRequest } from './requests.js';
import { ServedGlossa } from './server.js';
import { readStream, type StreamResult } from './sse.js';

/** Starts streams and waits until each has had a token; gives their ends. */
async function runningStreams(glossa: ServedGlossa, count: number): Promise<Promise<StreamResult>[]> {
  let begun = 0;
  const ends = Array.from({ length: count }, async (_, index) => {
    let first = true;
    const response = await glossa.post('/glossa/generate', longStream(index));
    assert.equal(response.status, 200);
    return await readStream(response, (frame) => {
      if (frame.type === 'token' && first) begun += 1;
      if (frame.type === 'token') first = false;
    });
  });
  await until('every stream has begun', () => begun === count);
  return ends;
}

function assertBroken({ frames, done }: StreamResult): void {
  assert.equal(done, false);
  const last = frames.at(-1);
  assert.equal(last?.error?.code, 'ENGINE_CRASHED');
  assert.match(last.error.message, /^the engine process ended by SIGKILL$/);
  assert.ok(frames.slice(0, -1).every((frame) => frame.error === undefined));
}

describe('kill -9 of the engine process', () => {
  test('under 16 running streams breaks them off with an error; waiting requests and new ones are answered', async () => {
    const glossa = await ServedGlossa.start();
    const before = await glossa.enginePid();
    const streams = await runningStreams(glossa, 16);
    // All places are taken: nothing of these has been seen yet, so they can be repeated unnoticed.
    const waiting = Array.from({ length: 4 }, () => glossa.post('/glossa/generate', shortRequest));
    await until('requests wait', async () => ((await glossa.stats())?.queued_requests ?? 0) >= 4);
    process.kill(before, 'SIGKILL');

    for (const stream of await Promise.all(streams)) assertBroken(stream);
    for (const response of await Promise.all(waiting)) {
      assert.equal(response.status, 200);
      await response.text();
    }
    const next = await glossa.post('/autocomplete', { context: 'The little dog', length: 4 });
    assert.equal(next.status, 200);
    await next.text();

    assert.equal(isRunning(before), false);
    const { pid: after } = await glossa.idle();
    assert.notEqual(after, before);
    assert.deepEqual(childrenOf(glossa.pid) ?? [after], [after]);
    assert.deepEqual(await glossa.stop(), { code: 0, signal: null });
    assert.equal(isRunning(after), false);
  });

  test('of an answer that is no stream is a status of 500 in the shape of its API', async () => {
    const glossa = await ServedGlossa.start();
    const answers = [
      glossa.post('/glossa/generate', { ...endlessStream(1), stream: false }),
      glossa.post('/autocomplete', { context: 'A', length: 400, n_samples: 1, temperature: 100, top_p: 1 }),
    ];
    await until('they run', async () => ((await glossa.stats())?.generated_tokens ?? 0) > 16);
    process.kill(await glossa.enginePid(), 'SIGKILL');
    const [json, plain] = await Promise.all(answers);
    assert.equal(json?.status, 500);
    assert.equal(((await json.json()) as { error: { code: string } }).error.code, 'ENGINE_CRASHED');
    // It may have ended, or not have begun, before the blow.
    const text = (await plain?.text()) ?? '';
    if (plain?.status !== 200) assert.match(text, /^the engine process ended by SIGKILL$/);
    await glossa.stop();
  });

  test('again and again does not keep it from coming back', async () => {
    const glossa = await ServedGlossa.start();
    for (let round = 0; round < 3; round += 1) {
      const pid = await glossa.enginePid();
      process.kill(pid, 'SIGKILL');
      const response = await glossa.post('/glossa/generate', shortRequest);
      assert.equal(response.status, 200);
      await response.text();
      await until('another process has taken over', async () => {
        const stats = await glossa.stats();
        return stats !== undefined && stats.pid !== pid;
      });
    }
    await glossa.stop();
  });
});

describe('kill -9 of the server', () => {
  for (const [state, streams] of [
    ['idle', 0],
    ['streaming', 4],
  ] as const) {
    test(`leaves no engine process when ${state}`, async () => {
      const glossa = await ServedGlossa.start();
      const engine = await glossa.enginePid();
      const ends = await runningStreams(glossa, streams);
      await Promise.all([glossa.kill(), ...ends.map((end) => assert.rejects(end))]);
      await until('the engine process is gone', () => !isRunning(engine));
    });
  }
});
