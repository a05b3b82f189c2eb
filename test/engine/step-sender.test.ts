import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import type { NativeEvent } from '../../src/engine/native-engine.js';
import { StepSender } from '../../src/engine/step-sender.js';

const token: NativeEvent = ['token', 1, 0, 5, -1, 'x'];
const finish: NativeEvent = ['finish', 1, 0, 'length', '', 3, null, false];

function makeSender(): {
  sender: StepSender;
  sent: string[][];
  clock: { now: number };
  acknowledged: () => number;
} {
  const sent: string[][] = [];
  const clock = { now: 0 };
  let acknowledgements = 0;
  const sender = new StepSender(
    (events, done) => {
      sent.push(events.map(([type]) => type));
      done();
    },
    () => clock.now,
  );
  const push = sender.push.bind(sender);
  sender.push = (events) => {
    push(events, () => {
      acknowledgements += 1;
    });
  };
  return { sender, sent, clock, acknowledged: () => acknowledgements };
}

test('the first tokens after a pause go at once, quick followers together', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => {
    mock.timers.reset();
  });
  const { sender, sent, clock, acknowledged } = makeSender();
  const none = (): void => undefined;
  sender.push([token], none);
  clock.now = 4;
  sender.push([token], none);
  clock.now = 8;
  sender.push([token, token], none);
  assert.deepEqual(sent, [['token']]);
  clock.now = 10;
  mock.timers.tick(6);
  assert.deepEqual(sent, [['token'], ['token', 'token', 'token']]);
  assert.equal(acknowledged(), 3);
});

test('what is not a token never waits, and takes along what waited', () => {
  const { sender, sent, clock, acknowledged } = makeSender();
  const none = (): void => undefined;
  sender.push([token], none);
  clock.now = 1;
  sender.push([token], none);
  clock.now = 2;
  sender.push([token, finish], none);
  assert.deepEqual(sent, [['token'], ['token', 'token', 'finish']]);
  assert.equal(acknowledged(), 3);
});
