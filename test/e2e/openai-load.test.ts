import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { residentBytes } from './processes.js';
import { ServedGlossa, type Stats } from './server.js';

/**
 * `GLOSSA_TEST_STREAMS_SECONDS=600 node dist/test/e2e/openai-load.test.js` is the full run (by itself: the runner of all tests
 * gives no file so long).
 */
const SECONDS = Number(process.env['GLOSSA_TEST_STREAMS_SECONDS'] ?? 3);
const STREAMS = 64;
/** Streams of each client, one after the other, at least. */
const TURNS = 3;
/** What the second half of a run may add. A leak of a kilobyte a stream would be more in a full run. */
const ALLOWED_GROWTH = 30e6;
const model = 'glossa-tales';

let glossa: ServedGlossa;
let openai: OpenAI;
before(async () => {
  glossa = await ServedGlossa.start();
  openai = clientOf(glossa);
});
after(() => glossa.stop());

function clientOf({ url }: ServedGlossa): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
}

/** What the engine computed for a request. */
async function computed(
  request: () => Promise<unknown>,
): Promise<Pick<Stats, 'prompt_tokens' | 'cached_prompt_tokens' | 'generated_tokens'>> {
  const before = await glossa.idle();
  await request();
  const now = await glossa.idle();
  return {
    prompt_tokens: now.prompt_tokens - before.prompt_tokens,
    cached_prompt_tokens: now.cached_prompt_tokens - before.cached_prompt_tokens,
    generated_tokens: now.generated_tokens - before.generated_tokens,
  };
}

describe('the prompt of several texts is computed once', () => {
  const story = 'The old man walked along the river and looked at the boats. '.repeat(4);
  const tokensOf = async (prompt: string): Promise<number> => {
    const response = await glossa.post('/tokenize', { model, prompt });
    return ((await response.json()) as { count: number }).count;
  };
  const kinds = {
    'n of 8': { n: 8, temperature: 1 },
    'best_of of 8': { n: 1, best_of: 8, temperature: 1 },
    'n of 8, streamed': { n: 8, temperature: 1, stream: true },
    // One generation, of which all choices are copies.
    'n of 8 without chance': { n: 8, temperature: 0 },
  };
  for (const [place, [name, kind]] of Object.entries(kinds).entries())
    test(name, async () => {
      const prompt = `${place}: ${story}`;
      const body = { model, prompt, max_tokens: 6, seed: 1, ignore_eos: true, ...kind };
      const { prompt_tokens, cached_prompt_tokens, generated_tokens } = await computed(async () => {
        const answer = await glossa.post('/v1/completions', body);
        assert.equal(answer.status, 200);
        await answer.text();
      });
      assert.equal(prompt_tokens + cached_prompt_tokens, await tokensOf(prompt));
      assert.equal(generated_tokens, kind.temperature === 0 ? 6 : 48);
    });
});

interface Finished {
  readonly begin: number;
  readonly end: number;
}

/** One stream to its end. */
async function streamed(openai: OpenAI, client: number, turn: number): Promise<Finished> {
  const begin = performance.now();
  const prompt = `Number ${client} of ${turn}:`;
  const body = { model, prompt, max_tokens: 12, seed: turn, ignore_eos: true };
  let reason: string | null = null;
  let text = '';
  for await (const { choices } of await openai.completions.create({ ...body, stream: true })) {
    text += choices[0]?.text ?? '';
    reason = choices[0]?.finish_reason ?? reason;
  }
  assert.equal(reason, 'length');
  assert.ok(text.length > 0);
  return { begin, end: performance.now() };
}

interface Memory {
  readonly server: number;
  /** Without the prompts that it keeps, whose room is bounded by itself. */
  readonly engine: number;
}

async function memory(): Promise<Memory> {
  const stats = await glossa.stats();
  assert.ok(stats);
  const engine = stats.resident_bytes - stats.cached_prefix_bytes;
  return { server: residentBytes(glossa.pid) ?? 0, engine };
}

/** Keeps all clients busy for a while. Gives each stream in the order of their ends, and the memory halfway. */
async function drive(): Promise<{ finished: Finished[]; halfway: Memory }> {
  const begin = performance.now();
  const share = (): number => (performance.now() - begin) / 1000 / SECONDS;
  const finished: Finished[] = [];
  let halfway: Promise<Memory> | undefined;
  const client = async (index: number): Promise<void> => {
    for (let turn = 0; turn < TURNS || share() < 1; turn += 1) {
      if (turn >= TURNS / 2 && share() > 0.5) halfway ??= memory();
      finished.push(await streamed(openai, index, turn));
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, (_, index) => client(index)));
  return { finished, halfway: await (halfway ?? memory()) };
}

function lengthOf({ begin, end }: Finished): number {
  return end - begin;
}

function medianOf(streams: readonly Finished[]): number {
  const times = streams.map(lengthOf).toSorted((one, other) => one - other);
  const middle = times.length / 2;
  return ((times[Math.ceil(middle) - 1] ?? 0) + (times[Math.floor(middle)] ?? 0)) / 2;
}

/** The longest of streams, in medians. */
function slowest(streams: readonly Finished[]): number {
  return Math.max(...streams.map(lengthOf)) / medianOf(streams);
}

/**
 * Each stream, in medians of those that ran in the middle of its time: where the machine stands still for seconds, all
 * of them are as late, and those before and after are not.
 */
function besideOthers(finished: readonly Finished[]): number[] {
  return finished.map((stream, place) => {
    const middle = (stream.begin + stream.end) / 2;
    const beside = finished
      .slice(Math.max(0, place - 2 * STREAMS), place + 2 * STREAMS)
      .filter(({ begin, end }) => begin <= middle && middle <= end);
    return lengthOf(stream) / medianOf(beside);
  });
}

test(`${STREAMS} streams at a time, for ${SECONDS} s`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
  const { finished, halfway } = await drive();
  const now = await memory();
  const first = slowest(finished.slice(0, STREAMS));
  // The first of the clients wait for as many as began at once with them.
  const worst = besideOthers(finished)
    .slice(STREAMS)
    .reduce((one, other) => Math.max(one, other));
  const times = finished.map(lengthOf);
  t.diagnostic(
    `${finished.length} streams of ${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} ms`,
  );
  t.diagnostic(
    `slowest over median: ${first.toFixed(2)} of the first ${STREAMS}, which began at once; ` +
      `at most ${worst.toFixed(2)} of those that followed`,
  );
  t.diagnostic(`memory halfway ${JSON.stringify(halfway)}, at the end ${JSON.stringify(now)}`);
  assert.ok(finished.length >= TURNS * STREAMS);
  assert.ok(worst <= 2, String(worst));
  assert.ok(now.server - halfway.server < ALLOWED_GROWTH, 'the server grows');
  assert.ok(now.engine - halfway.engine < ALLOWED_GROWTH, 'the engine grows');
  await glossa.idle();
});

test(`${STREAMS} streams at once, where so many run together`, async (t) => {
  const wide = await ServedGlossa.start({ args: ['--parallel-sequences', String(STREAMS)] });
  t.after(() => wide.stop());
  const client = clientOf(wide);
  const all = Array.from({ length: STREAMS }, (_, index) => streamed(client, index, 0));
  const ratio = slowest(await Promise.all(all));
  t.diagnostic(`slowest over median: ${ratio.toFixed(2)}`);
  assert.ok(ratio <= 2, String(ratio));
  await wide.idle();
});
