import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { isRunning, until } from './processes.js';
import { endlessStream, longStream } from './requests.js';
import { ServedGlossa } from './server.js';
import { readStream } from './sse.js';

/** Seconds that running requests get: more than they need on a busy machine. */
const PATIENT = ['--shutdown-timeout', '120'];

async function running(glossa: ServedGlossa): Promise<void> {
  await until('requests run', async () => ((await glossa.stats())?.generated_tokens ?? 0) > 0);
}

describe('SIGTERM', () => {
  test('lets running and waiting requests finish, refuses new ones, and ends with 0', async () => {
    const glossa = await ServedGlossa.start({ args: [...PATIENT, '--parallel-sequences', '2'] });
    const engine = await glossa.enginePid();
    const streams = [1, 2, 3].map(async (index) =>
      readStream(await glossa.post('/glossa/generate', longStream(index))),
    );
    const whole = glossa.post('/glossa/generate', { ...longStream(4), stream: false });
    const sentences = glossa.post('/autocomplete', { context: 'The little dog', length: 20 });
    await until('all have come in', async () => {
      const stats = await glossa.stats();
      return (stats?.active_requests ?? 0) + (stats?.queued_requests ?? 0) >= 4;
    });
    glossa.signal('SIGTERM');
    await until('no connection is taken', async () => {
      const attempt = await glossa.get('/health').catch(() => undefined);
      await attempt?.text();
      return attempt === undefined;
    });
    for (const { frames, done } of await Promise.all(streams)) {
      assert.ok(done);
      assert.equal(frames.at(-1)?.finish_reason, 'length');
    }
    assert.equal((await whole).status, 200);
    assert.equal((await sentences).status, 200);
    assert.deepEqual(await glossa.exit, { code: 0, signal: null });
    assert.equal(isRunning(engine), false);
  });

  test('cuts what takes longer than it may, which is told so', async () => {
    const glossa = await ServedGlossa.start({ args: ['--shutdown-timeout', '1'] });
    const engine = await glossa.enginePid();
    const stream = glossa.post('/glossa/generate', endlessStream(1)).then(readStream);
    await running(glossa);
    glossa.signal('SIGTERM');
    const { frames, done } = await stream;
    const { error, finish_reason: reason } = frames.at(-1) ?? {};
    assert.ok(done ? reason === 'cancelled' : error?.code === 'CLOSED', JSON.stringify(frames.at(-1)));
    assert.deepEqual(await glossa.exit, { code: 0, signal: null });
    assert.equal(isRunning(engine), false);
  });

  test('a second time ends it at once, and its engine with it', async () => {
    const glossa = await ServedGlossa.start({ args: PATIENT });
    const engine = await glossa.enginePid();
    const stream = glossa.post('/glossa/generate', endlessStream(1)).then(readStream);
    const broken = assert.rejects(stream);
    await running(glossa);
    glossa.signal('SIGTERM');
    await until('it is stopping', () =>
      glossa.get('/health').then(
        async (answer) => {
          await answer.text();
          return answer.status === 503;
        },
        () => true,
      ),
    );
    glossa.signal('SIGTERM');
    assert.deepEqual(await glossa.exit, { code: 143, signal: null });
    await broken;
    await until('the engine process is gone', () => !isRunning(engine));
  });

  test('does not wait for connections on which nothing was sent', async () => {
    const glossa = await ServedGlossa.start({ args: PATIENT });
    const { port, hostname } = new URL(glossa.url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const stopped = await Promise.race([glossa.stop(), sleep(60_000, undefined, { ref: false })]);
    assert.deepEqual(stopped, { code: 0, signal: null });
    socket.destroy();
  });

  test('while the model is loading ends with 0', async () => {
    const glossa = await ServedGlossa.start({ awaitReady: false });
    glossa.signal('SIGTERM');
    assert.deepEqual(await glossa.exit, { code: 0, signal: null });
  });
});
