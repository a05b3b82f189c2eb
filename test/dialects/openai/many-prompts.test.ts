import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { FakeEngine } from '../../fakes/engine.js';
import { testServer } from '../../fakes/server.js';
import { COMPLETIONS } from './completing.js';

/** Listens to each call's signal while it works, as the engine's process does. */
class ListeningEngine extends FakeEngine {
  most = 0;
  #now = 0;

  override async tokenize(...call: Parameters<FakeEngine['tokenize']>): ReturnType<FakeEngine['tokenize']> {
    return await this.#listening(call[1]?.signal, () => super.tokenize(...call));
  }

  override async detokenize(
    ...call: Parameters<FakeEngine['detokenize']>
  ): ReturnType<FakeEngine['detokenize']> {
    return await this.#listening(call[1]?.signal, () => super.detokenize(...call));
  }

  async #listening<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const listener = (): void => undefined;
    signal?.addEventListener('abort', listener);
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    await delay(5);
    this.#now -= 1;
    signal?.removeEventListener('abort', listener);
    return await work();
  }
}

test('many prompts at a time are no leak of listeners', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const engine = new ListeningEngine();
  const server = testServer({ makeEngine: () => engine });
  const bodies = [
    { prompt: Array<string>(40).fill('A'), echo: true },
    { prompt: Array<number[]>(40).fill([5]), echo: true },
    { prompt: Array<string>(40).fill('A'), prompt_template: 'alpaca' },
  ];
  for (const body of bodies) {
    const response = await server.post(COMPLETIONS, { ...body, max_tokens: 1 });
    assert.equal(response.status, 200, await response.text());
  }
  assert.ok(engine.most > 10, `${engine.most} at once`);
  assert.deepEqual(warnings, []);
  // A leak is told of: the test would see it.
  const signal = new AbortController().signal;
  const told = once(process, 'warning');
  for (let count = 0; count < 11; count += 1) signal.addEventListener('abort', () => count);
  await told;
});
