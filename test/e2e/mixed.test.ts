import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';

import { mixedClients, type MixedClient } from './mixed-clients.js';
import { residentBytes } from './processes.js';
import { ServedGlossa } from './server.js';

/** GLOSSA_TEST_MIXED_SECONDS=300 is the full run; the short one is long enough for everybody to meet everybody. */
const SECONDS = Number(process.env['GLOSSA_TEST_MIXED_SECONDS'] ?? 20);
/** What the second half of a run may add. A leak of a kilobyte a request would be more in a full run. */
const ALLOWED_GROWTH = 30e6;

interface Memory {
  readonly server: number;
  readonly engines: readonly number[];
}

async function memoryOf(glossa: ServedGlossa): Promise<Memory> {
  const engines = await Promise.all(['glossa-tales', 'alpaca'].map((model) => glossa.stats(model)));
  return {
    server: residentBytes(glossa.pid) ?? 0,
    engines: engines.map((stats) => stats?.resident_bytes ?? 0),
  };
}

test(
  `16 clients of five dialects at once, for ${SECONDS} s`,
  { timeout: (SECONDS + 120) * 1000 },
  async (t) => {
    const alpaca = new URL(
      '../../../models/glossa-sprout-alpaca/glossa-sprout-alpaca-q8_0.gguf',
      import.meta.url,
    );
    const glossa = await ServedGlossa.start({
      config: {
        models: {
          'glossa-tales': { preload: true },
          alpaca: { path: alpaca.pathname, preload: true },
        },
        // The same request must have the same answer, whatever runs beside it.
        reproducible: true,
      },
    });
    t.after(() => glossa.kill());

    const clients = mixedClients();
    assert.equal(clients.length, 16);
    const begin = performance.now();
    const elapsed = (): number => (performance.now() - begin) / 1000;
    const counts = new Map<string, number>();
    let halfway: Promise<Memory> | undefined;
    const drive = async (client: MixedClient): Promise<void> => {
      for (let turn = 0; elapsed() < SECONDS; turn += 1) {
        if (elapsed() > SECONDS / 2) halfway ??= memoryOf(glossa);
        await client.run(glossa, turn);
        counts.set(client.name, turn + 1);
      }
    };
    await Promise.all(clients.map(drive));

    const shown = [...counts].map(([name, count]) => `${name}: ${count}`).join(', ');
    t.diagnostic(shown);
    // Answers are compared with those to the same request before, so each client must have come round.
    for (const client of clients) assert.ok((counts.get(client.name) ?? 0) >= 2, shown);
    const middle = await halfway;
    const end = await memoryOf(glossa);
    t.diagnostic(`memory halfway ${JSON.stringify(middle)}, at the end ${JSON.stringify(end)}`);
    assert.ok(middle !== undefined);
    assert.ok(end.server - middle.server < ALLOWED_GROWTH, 'the server grows');
    for (const [index, bytes] of end.engines.entries())
      assert.ok(bytes - (middle.engines[index] ?? 0) < ALLOWED_GROWTH, 'an engine grows');
    for (const model of ['glossa-tales', 'alpaca']) await glossa.idle(model);
  },
);
