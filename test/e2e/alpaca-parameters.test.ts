import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { packageRoot } from '../../src/engine/addon.js';
import { freePort } from './processes.js';
import { ServedGlossa } from './server.js';

const MODEL = join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');

let glossa: ServedGlossa;
let url = '';
before(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  // Texts are compared: they must not depend on what runs beside them.
  const args = ['--model', MODEL, '--listen', `alpaca=${port}`, '--reproducible'];
  glossa = await ServedGlossa.start({ args });
});
after(() => glossa.stop());

interface Choice {
  readonly text?: string;
  readonly message?: { readonly content: string };
}

const ROUTES = [
  {
    path: '/v1/completions',
    body: { prompt: 'Tell me a story about a fox.' },
    temperature: 0.1,
    top_p: 0.75,
  },
  {
    path: '/v1/chat/completions',
    body: { messages: [{ role: 'user', message: 'Tell me a story about a fox.' }] },
    temperature: 0.7,
    top_p: 1,
  },
];

for (const { path, body, ...standard } of ROUTES) {
  /** The answers with some seeds, which count where something is drawn. */
  const answers = async (fields: object): Promise<string[]> => {
    const texts = [1, 2, 3].map(async (seed) => {
      const given = { ...body, max_tokens: 30, seed, ...fields };
      const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(given) });
      const { choices } = (await response.json()) as { choices: Choice[] };
      assert.equal(response.status, 200);
      const last = choices.at(-1);
      return last?.text ?? last?.message?.content ?? '';
    });
    return await Promise.all(texts);
  };

  /** Where a default shows: what else a request has, and values that are not the default. */
  const defaults: readonly [name: string, value: number, others: object, different: readonly number[]][] = [
    ['temperature', standard.temperature, { top_p: 1, num_beams: 1 }, [2]],
    ['top_p', standard.top_p, { temperature: 2, num_beams: 1 }, [0.2, standard.top_p === 1 ? 0.5 : 1]],
    ['top_k', 40, { temperature: 2, top_p: 1, num_beams: 1 }, [3, 0]],
    ['num_beams', 4, {}, [1]],
    ['repetition_penalty', 1, { num_beams: 1 }, [1.8]],
  ];
  describe(path, () => {
    for (const [name, value, others, different] of defaults) {
      test(`${name} is ${value} where a request says nothing, and another one makes another text`, async () => {
        const plain = await answers(others);
        assert.deepEqual(await answers({ ...others, [name]: value }), plain);
        for (const other of different)
          assert.notDeepEqual(await answers({ ...others, [name]: other }), plain);
      });
    }

    test('max_tokens bounds the answer', async () => {
      const [long = ''] = await answers({ num_beams: 1 });
      const [short = ''] = await answers({ num_beams: 1, max_tokens: 4 });
      assert.ok(short !== '' && long.startsWith(short) && long.length > short.length);
    });
  });
}
