import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { BodyStream } from '../../src/server/body-stream.js';

describe('BodyStream', () => {
  test('sends what one turn of the event loop wrote as one chunk', async () => {
    const body = new BodyStream();
    const reader = body.readable.getReader();
    body.write('one ');
    await Promise.resolve();
    body.write('two');
    const first = await reader.read();
    assert.equal(Buffer.from(first.value ?? []).toString(), 'one two');
    body.write('three');
    body.close();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'three');
    assert.equal((await reader.read()).done, true);
  });

  test('asks to pause when nobody reads, and tells when to go on', async () => {
    const body = new BodyStream();
    assert.ok(body.write('x'.repeat(1000)));
    assert.ok(!body.write('x'.repeat(100_000)));
    let isDrained = false;
    const drained = body.drained().then(() => {
      isDrained = true;
    });
    await turn();
    assert.ok(!isDrained);
    await body.readable.getReader().read();
    await drained;
  });

  test('tells when the reader leaves, and takes no harm from writing on', async () => {
    const body = new BodyStream();
    assert.ok(!body.left.aborted);
    body.write('x'.repeat(200_000));
    const drained = body.drained();
    await body.readable.cancel();
    await drained;
    assert.ok(body.left.aborted);
    assert.ok(body.write('more'));
    await turn();
    body.close();
    body.close();
  });

  test('that fails sends all it has, the error as a chunk of its own, and breaks off', async () => {
    const body = new BodyStream();
    const reader = body.readable.getReader();
    body.write('text');
    body.fail('sorry');
    body.write('lost');
    body.close();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'text');
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'sorry');
    await assert.rejects(reader.read(), /ended with an error/);
  });

  test('that fails breaks the connection only when everything was taken', async () => {
    const body = new BodyStream();
    let isBroken = false;
    const reader = body.readable.getReader();
    body.write('text');
    body.fail('sorry', () => {
      isBroken = true;
    });
    await reader.read();
    await turn();
    await turn();
    assert.ok(!isBroken);
    await reader.read();
    await turn();
    await turn();
    assert.ok(isBroken);
  });
});
