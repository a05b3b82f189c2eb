import assert from 'node:assert/strict';
import process from 'node:process';
import { test, type TestContext } from 'node:test';

import { mixedClients, Remembered, type MixedClient } from './mixed-clients.js';
import { residentBytes } from './processes.js';
import { ServedGlossa } from './server.js';

/**
 * `GLOSSA_TEST_MIXED_SECONDS=300 node dist/test/e2e/mixed.test.js` is the full run (by itself: the runner of all tests gives no
 * file so long); the short one is long enough for everybody to meet everybody.
 */
const SECONDS = Number(process.env['GLOSSA_TEST_MIXED_SECONDS'] ?? 12);
/** A run from here on brings every request round again. */
const FULL_RUN_SECONDS = 200;
/** What the second half of a run may add. A leak of a kilobyte a request would be more in a full run. */
const ALLOWED_GROWTH = 30e6;
const timeout = (SECONDS + 120) * 1000;

const alpaca = new URL('../../../models/glossa-sprout-alpaca/glossa-sprout-alpaca-q8_0.gguf', import.meta.url)
  .pathname;
const models = ['glossa-tales', 'alpaca'];

interface Memory {
  readonly server: number;
  readonly engines: readonly number[];
}

async function memoryOf(glossa: ServedGlossa): Promise<Memory> {
  const engines = await Promise.all(models.map((model) => glossa.stats(model)));
  return {
    server: residentBytes(glossa.pid) ?? 0,
    engines: engines.map((stats) => stats?.resident_bytes ?? 0),
  };
}

/** Drives all clients at once for a while. Gives the turns of each, and the memory in the middle. */
async function drive(
  glossa: ServedGlossa,
  clients: readonly MixedClient[],
): Promise<{ turns: ReadonlyMap<string, number>; halfway: Memory }> {
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  const turns = new Map<string, number>();
  let halfway: Promise<Memory> | undefined;
  const run = async (client: MixedClient): Promise<void> => {
    for (let turn = 0; elapsed() < SECONDS; turn += 1) {
      if (elapsed() > SECONDS / 2) halfway ??= memoryOf(glossa);
      await client.run(glossa, turn);
      turns.set(client.name, turn + 1);
    }
  };
  await Promise.all(clients.map(run));
  return { turns, halfway: await (halfway ?? memoryOf(glossa)) };
}

async function mix(t: TestContext, reproducible: boolean): Promise<void> {
  const glossa = await ServedGlossa.start({
    config: {
      models: { 'glossa-tales': { preload: true }, alpaca: { path: alpaca, preload: true } },
      reproducible,
    },
  });
  t.after(() => glossa.kill());
  const remembered = new Remembered(reproducible);
  const clients = mixedClients(remembered);
  assert.equal(clients.length, 16);

  const { turns, halfway } = await drive(glossa, clients);

  const shown = [...turns].map(([name, count]) => `${name}: ${count}`).join(', ');
  t.diagnostic(`${shown}; answers ${JSON.stringify(remembered.counts)}`);
  for (const { name, different } of clients)
    assert.ok((turns.get(name) ?? 0) > (SECONDS < FULL_RUN_SECONDS ? 0 : different), shown);
  assert.ok(remembered.counts.compared > 0, shown);
  const end = await memoryOf(glossa);
  t.diagnostic(`memory halfway ${JSON.stringify(halfway)}, at the end ${JSON.stringify(end)}`);
  assert.ok(end.server - halfway.server < ALLOWED_GROWTH, 'the server grows');
  for (const [index, bytes] of end.engines.entries())
    assert.ok(bytes - (halfway.engines[index] ?? 0) < ALLOWED_GROWTH, 'an engine grows');
  for (const model of models) await glossa.idle(model);
}

test(`16 clients of five dialects at once, for ${SECONDS} s`, { timeout }, (t) => mix(t, false));

test(`the same in the reproducible mode, answers the same to their ends`, { timeout }, (t) => mix(t, true));
