import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { residentBytes } from './processes.js';
import { inFlight, randomNumbers } from './random.js';
import { ServedGlossa } from './server.js';
import { readStream } from './sse.js';

const REQUESTS = 1000;
const WIDTH = 32;
/** What a thousand more requests may add: noise of allocators and collectors, a thirtieth of a leak worth the name. */
const ALLOWED_GROWTH = 30e6;

/** What became of a round's requests. */
type Outcomes = Record<'whole' | 'deadline' | 'left' | 'refused', number>;

/** Rejects when the signal is aborted. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('left'));
    });
  });
}

/** One request of a random kind: some end, some are left at a random moment, some have a deadline. */
async function request(glossa: ServedGlossa, random: () => number, outcomes: Outcomes): Promise<void> {
  const controller = new AbortController();
  const isStream = random() < 0.5;
  const leaves = random() < 0.35;
  const deadline = random() < 0.2 ? { max_time: 0.1 + random() * 0.2 } : {};
  const length = 5 + Math.floor(random() * 25);
  const text = `${'The old man walked along the river. '.repeat(1 + Math.floor(random() * 8))}Then ${Math.floor(random() * 1e6)}`;
  const leaveAfterFrames = Math.floor(random() * length);
  if (leaves && (!isStream || random() < 0.4)) {
    setTimeout(() => {
      controller.abort();
    }, random() * 150);
  }
  const seed = Math.floor(random() * 1e6);
  const { signal } = controller;
  try {
    const response = isStream
      ? await glossa.post(
          '/glossa/generate',
          {
            prompt: text,
            max_new_tokens: length,
            do_sample: true,
            seed,
            num_return_sequences: 1 + (seed % 3),
            stream: true,
            ...deadline,
          },
          { signal },
        )
      : await glossa.post('/autocomplete', { context: text, length, seed, ...deadline }, { signal });
    if (response.status !== 200) {
      outcomes.refused += 1;
      await response.text();
      return;
    }
    if (!isStream) {
      await response.json();
      outcomes.whole += 1;
      return;
    }
    const reading = readStream(response, (_, index) => {
      if (leaves && index >= leaveAfterFrames) controller.abort();
    });
    // Node 20's fetch never settles a read that is aborted just when the body ends.
    const { frames, done } = await Promise.race([reading, rejection(signal)]);
    assert.ok(done);
    outcomes[frames.some((frame) => frame.finish_reason === 'deadline') ? 'deadline' : 'whole'] += 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    outcomes.left += 1;
  }
}

async function thousand(glossa: ServedGlossa, seed: number): Promise<Outcomes> {
  const random = randomNumbers(seed);
  const outcomes: Outcomes = { whole: 0, deadline: 0, left: 0, refused: 0 };
  await inFlight(REQUESTS, WIDTH, () => request(glossa, random, outcomes));
  return outcomes;
}

/** Median time of the same request, in milliseconds. */
async function responseTime(glossa: ServedGlossa): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const begin = performance.now();
    const body = {
      prompt: 'One morning',
      max_new_tokens: 40,
      eos_token_id: [],
      do_sample: true,
      seed: round,
    };
    await (await glossa.post('/glossa/generate', body)).text();
    times.push(performance.now() - begin);
  }
  return times.toSorted((a, b) => a - b)[7] ?? 0;
}

interface Memory {
  readonly server: number;
  readonly engine: number;
}

/** Resident memory when nothing runs and nothing is held. */
async function memory(glossa: ServedGlossa): Promise<Memory> {
  await glossa.idle();
  await sleep(500);
  const {
    active_sequences: sequences,
    used_cells: cells,
    queued_requests: queued,
    resident_bytes: engine,
  } = await glossa.idle();
  assert.deepEqual([sequences, cells, queued], [0, 0, 0]);
  return { server: residentBytes(glossa.pid) ?? 0, engine };
}

function report(t: TestContext, what: string, { server, engine }: Memory): void {
  t.diagnostic(`${what}: server ${(server / 1e6).toFixed(1)} MB, engine ${(engine / 1e6).toFixed(1)} MB`);
}

test('after a thousand requests nothing is left, answers are as fast, and memory has stopped growing', async (t) => {
  // A store of prefixes that is full after the first thousand: it is meant to grow up to its bound.
  const glossa = await ServedGlossa.start({ args: ['--cache-ram', '8MB'] });
  const fresh = await responseTime(glossa);
  report(t, 'at start', await memory(glossa));

  const first = await thousand(glossa, 1);
  t.diagnostic(JSON.stringify(first));
  assert.ok(first.left > 50 && first.whole > 100, JSON.stringify(first));
  assert.equal(first.refused, 0);
  const afterFirst = await memory(glossa);
  report(t, 'after the first thousand', afterFirst);
  const used = await responseTime(glossa);
  t.diagnostic(`the same request: ${fresh.toFixed(1)} ms before, ${used.toFixed(1)} ms after`);
  assert.ok(used < 3 * fresh);

  const second = await thousand(glossa, 2);
  t.diagnostic(JSON.stringify(second));
  const afterSecond = await memory(glossa);
  report(t, 'after the second thousand', afterSecond);
  assert.ok(afterSecond.server - afterFirst.server < ALLOWED_GROWTH);
  assert.ok(afterSecond.engine - afterFirst.engine < ALLOWED_GROWTH);
  assert.deepEqual(await glossa.stop(), { code: 0, signal: null });
});
