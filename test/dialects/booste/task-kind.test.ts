import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { KeyUsage } from '../../../src/models/key-usage.js';
import {
  wordsTaskKind,
  type WordsTaskInput,
  type WordsTaskProgress,
} from '../../../src/dialects/booste/task-kind.js';
import { GlossaError, type ErrorCode } from '../../../src/errors.js';
import type { GenerationRequest } from '../../../src/generation/request.js';
import type { JsonValue } from '../../../src/tasks/task.js';
import { FakeEngine } from '../../fakes/engine.js';
import { testServer } from '../../fakes/server.js';

const INPUT: WordsTaskInput = {
  ...{ model: 'package.json', prompt: 'The dog', length: 400 },
  ...{ temperature: 0.8, windowMax: 10, seed: 1 },
};

/** Words that depend on everything a window is given. */
function windowScript(_: number, { prompt, seed }: GenerationRequest): string[] {
  return Array.from({ length: 40 }, (__, index) => ` ${prompt.length}-${(seed ?? 0) % 997}-${index}`);
}

/** One run of a task on a server of its own. */
async function run(
  given: Partial<{
    engine: FakeEngine;
    input: JsonValue;
    progress: JsonValue;
    signal: AbortSignal;
    onReport: (progress: WordsTaskProgress) => void;
  }> = {},
): Promise<{ output: JsonValue; engine: FakeEngine }> {
  const engine = given.engine ?? new FakeEngine({ script: windowScript, info: { contextSize: 100 } });
  const { models } = testServer({ makeEngine: () => engine });
  const output = await wordsTaskKind(models, () => ANYBODY, 5).run(given.input ?? INPUT, {
    owner: '',
    signal: given.signal ?? new AbortController().signal,
    progress: given.progress ?? null,
    report: (progress) => given.onReport?.(progress as unknown as WordsTaskProgress),
  });
  return { output, engine };
}

/** What each window was asked for; the fake's token ids are its own. */
function windowsOf({ requests, words }: FakeEngine): object[] {
  return requests.map(({ prompt, seed, maxNewTokens }) => ({
    ...{ seed, maxNewTokens },
    text: words.decode(prompt as readonly number[]),
  }));
}

describe('progress', () => {
  test('tells the words so far, after each window', async () => {
    const reports: WordsTaskProgress[] = [];
    const { output } = await run({ onReport: (progress) => reports.push(progress) });
    assert.ok(reports.length >= 3);
    for (const [index, { words, length, windows, output: soFar }] of reports.entries()) {
      assert.deepEqual([words, length, windows], [soFar.length, 400, index + 1]);
      assert.ok(words > (reports[index - 1]?.words ?? 0) && words < length);
      assert.deepEqual((output as string[]).slice(0, words), soFar);
    }
  });

  test('goes on after an interruption as if there had been none', async () => {
    const reports: WordsTaskProgress[] = [];
    const whole = await run({ onReport: (progress) => reports.push(progress) });
    const saved = JSON.parse(JSON.stringify(reports[1])) as JsonValue;
    const resumed = await run({ progress: saved });
    assert.deepEqual(resumed.output, whole.output);
    assert.deepEqual(windowsOf(resumed.engine), windowsOf(whole.engine).slice(2));
  });

  test('of another version, or none, is a beginning', async () => {
    const whole = await run();
    for (const progress of [
      null,
      5,
      { words: 3 },
      { words: 1, length: 5, output: [1], open: '', windows: 0 },
    ])
      assert.deepEqual((await run({ progress: progress as JsonValue })).output, whole.output);
  });

  test('is what a run begins with that is aborted and repeated', async () => {
    const stop = new AbortController();
    let last: WordsTaskProgress | undefined;
    const interrupted = run({
      signal: stop.signal,
      onReport: (progress) => {
        last = progress;
        stop.abort();
      },
    });
    await assert.rejects(interrupted, { code: 'CANCELLED' });
    assert.ok(last !== undefined);
    const resumed = await run({ progress: last as unknown as JsonValue });
    assert.deepEqual(resumed.output, (await run()).output);
  });
});

/** An engine that fails some times in a row before it works. */
class FailingEngine extends FakeEngine {
  #failures: ErrorCode[];

  constructor(failures: readonly ErrorCode[]) {
    super({ script: windowScript, info: { contextSize: 100 } });
    this.#failures = [...failures];
  }

  override generate(...given: Parameters<FakeEngine['generate']>): ReturnType<FakeEngine['generate']> {
    const code = this.#failures.shift();
    if (code !== undefined) throw new GlossaError(code, 'the message');
    return super.generate(...given);
  }
}

const times = (count: number, code: ErrorCode): ErrorCode[] => Array.from({ length: count }, () => code);

describe('a task', () => {
  test('waits where the model is busy, and outlives deaths of its process', async () => {
    const { output } = await run();
    for (const failures of [times(20, 'OVERLOADED'), times(3, 'ENGINE_CRASHED')])
      assert.deepEqual((await run({ engine: new FailingEngine(failures) })).output, output);
  });

  test("waits for its key's limit, and takes no more than it", async () => {
    const { output, engine: free } = await run();
    const engine = new FakeEngine({ script: windowScript, info: { contextSize: 100 } });
    const { models } = testServer({ makeEngine: () => engine });
    let now = 0;
    // Room for one window a minute, which passes with every look at the clock.
    const usage = new KeyUsage({ tokensPerMinute: 110 }, () => (now += 2000));
    const owners: string[] = [];
    const kind = wordsTaskKind(
      models,
      (owner) => {
        owners.push(owner);
        return { keyId: owner, usage };
      },
      1,
    );
    const waited = await kind.run(INPUT, {
      ...{ owner: 'the key', signal: new AbortController().signal, progress: null },
      report: () => undefined,
    });
    assert.deepEqual(waited, output);
    assert.equal(engine.requests.length, free.requests.length);
    assert.ok(owners.length > 3 && owners.every((owner) => owner === 'the key'));
  });

  test('that waits for the model reports, so that it can give way to others', async () => {
    const reports: unknown[] = [];
    const engine = new FailingEngine(times(3, 'OVERLOADED'));
    await run({ engine, onReport: (progress) => reports.push(progress) });
    assert.deepEqual(
      reports.slice(0, 4).map((report) => report === null),
      [true, true, true, false],
    );
    const crashing: unknown[] = [];
    await run({
      engine: new FailingEngine(times(3, 'ENGINE_CRASHED')),
      onReport: (next) => crashing.push(next),
    });
    assert.ok(!crashing.includes(null));
  });

  test('gives up where it kills the process again and again, and at other errors', async () => {
    const dying = run({ engine: new FailingEngine(times(4, 'ENGINE_CRASHED')) });
    await assert.rejects(dying, { code: 'ENGINE_CRASHED' });
    for (const code of ['OUT_OF_MEMORY', 'INVALID_REQUEST', 'CLOSED'] as const)
      await assert.rejects(run({ engine: new FailingEngine([code]) }), { code });
  });

  test('that waits ends when it is cancelled', async () => {
    const signal = AbortSignal.timeout(20);
    const waiting = run({ signal, engine: new FailingEngine(times(10_000, 'OVERLOADED')) });
    await assert.rejects(waiting, { code: 'CANCELLED' });
  });

  test('whose engine closes is not half done', async () => {
    const engine = new FakeEngine({ script: windowScript, tokenDelayMs: 5 });
    const running = run({ engine });
    setTimeout(() => void engine.close(), 50);
    await assert.rejects(running, { code: 'CLOSED' });
  });

  test('whose model is gone fails', async () => {
    await assert.rejects(run({ input: { ...INPUT, model: 'gone' } }), { code: 'MODEL_NOT_FOUND' });
  });
});
