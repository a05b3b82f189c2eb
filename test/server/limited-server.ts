import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import type { ApiKey } from '../../src/config/api-keys.js';
import type { GenerateOptions, Generation } from '../../src/engine/engine.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { eventually } from '../engine/conformance.js';
import { FakeEngine, type FakeEngineOptions } from '../fakes/engine.js';
import { listeningServer } from '../fakes/server.js';

/** More than any limit of a test lets in. */
export const CLIENTS = 64;

/** Generations wait until the gate is open; counts those that have begun and not ended. */
export class GatedEngine extends FakeEngine {
  #open: (() => void) | undefined;
  #gate = Promise.resolve();
  running = 0;
  mostRunning = 0;

  shut(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open?.();
  }

  override generate(input: GenerationRequestInput, options?: GenerateOptions): Generation {
    const generation = super.generate(input, options);
    this.running += 1;
    this.mostRunning = Math.max(this.running, this.mostRunning);
    const wait = this.#gate;
    const leave = (): void => {
      this.running -= 1;
    };
    return {
      request: generation.request,
      cancel: (sequence) => {
        generation.cancel(sequence);
      },
      async *[Symbol.asyncIterator]() {
        try {
          await wait;
          yield* generation;
        } finally {
          leave();
        }
      },
    };
  }
}

/** A server, and what a test does with it. */
export interface Limited {
  readonly engine: GatedEngine;
  readonly url: string;
  readonly advance: (ms: number) => void;
  readonly ask: (key: string, body?: object, path?: string) => Promise<Response>;
}

/** A server over HTTP whose first key has limits, and whose second one has none. */
export async function limitedServer(
  t: TestContext,
  limits: Omit<ApiKey, 'key'>,
  options: FakeEngineOptions = {},
): Promise<Limited> {
  let now = 5000;
  const engine = new GatedEngine(options);
  const { server } = await listeningServer({
    keys: [{ key: 'limited', ...limits }, { key: 'free' }],
    makeEngine: () => engine,
    now: () => now,
  });
  t.after(() => server.stop());
  await eventually(() => server.models.status().state.name === 'ready');
  return {
    engine,
    url: server.url,
    advance: (ms) => {
      now += ms;
    },
    ask: async (key, body = { prompt: 'The dog', max_new_tokens: 4 }, path = '/glossa/generate') =>
      await fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(body),
      }),
  };
}

/** How many of the clients got which status; checks that every refusal says when to come again. */
export async function outcomes(
  asked: readonly Promise<Response>[],
  seconds: number,
): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const response of await Promise.all(asked)) {
    counts[response.status] = (counts[response.status] ?? 0) + 1;
    const text = await response.text();
    if (response.status !== 429) continue;
    assert.equal(response.headers.get('retry-after'), String(seconds));
    assert.match(text, /"code":"RATE_LIMITED"/);
    assert.doesNotMatch(text, /"limited/);
  }
  return counts;
}

/** All of them at once. */
export function clients(ask: () => Promise<Response>): Promise<Response>[] {
  return Array.from({ length: CLIENTS }, ask);
}
