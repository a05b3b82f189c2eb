import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from './processes.js';
import { ServedGlossa } from './server.js';

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start({ args: ['--reproducible'] });
});
after(() => glossa.stop());

const ROUTE = '/inference/pretrained/gpt2';
const seed = 5;
const string = 'I went on a walk and suddenly, I';

async function ask(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await glossa.post(path, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Record<string, unknown>;
}

/** The words of `booste.gpt2`, whose oldest clients get them at once. */
async function now(fields: object): Promise<string[]> {
  const [text = ''] = (await ask(ROUTE, { string, seed, ...fields })) as unknown as string[];
  return text.split(' ');
}

/** The words of `booste.gpt2_async_start` and `booste.gpt2_async_check`. */
async function later(fields: object): Promise<string[]> {
  const { TaskID } = await ask(`${ROUTE}/async/start`, { string, seed, ...fields });
  let answer: Record<string, unknown> = {};
  await until('the task is over', async () => {
    answer = await ask(`${ROUTE}/async/check/v2`, { TaskID });
    return answer['Status'] === 'Finished';
  });
  return answer['Output'] as string[];
}

for (const [route, words] of [
  ['gpt2', now],
  ['gpt2_async_start', later],
] as const) {
  describe(route, () => {
    test('length is 5 where nothing is said, and another one gives as many words', async () => {
      const plain = await words({});
      assert.equal(plain.length, 5);
      assert.deepEqual(await words({ length: 5 }), plain);
      const more = await words({ length: 12 });
      assert.deepEqual([more.length, more.slice(0, 4)], [12, plain.slice(0, 4)]);
    });

    test('temperature is 0.8 where nothing is said, and another one gives other words', async () => {
      const plain = await words({ length: 30 });
      assert.deepEqual(await words({ length: 30, temperature: 0.8 }), plain);
      for (const temperature of [0.3, 1])
        assert.notDeepEqual(await words({ length: 30, temperature }), plain);
    });

    test('the first word is one of its own, where the text ends within one', async () => {
      for (const cut of ['a', 'The capt', 'She cannot pe', 'He is hun']) {
        // What the model would carry it on with is the rest of a word, and all but certain at this temperature.
        const greedy = await glossa.post('/glossa/generate', {
          prompt: cut,
          max_new_tokens: 1,
          do_sample: false,
        });
        const { sequences } = (await greedy.json()) as { sequences: { text: string }[] };
        const rest = sequences[0]?.text ?? '';
        assert.match(rest, /^\S/, cut);
        const [first = ''] = await words({ string: cut, length: 1, temperature: 0.1 });
        assert.ok(!first.startsWith(rest), `${cut}|${first}`);
      }
    });

    test('in_string is what is continued, and is needed', async () => {
      const other = await words({ string: 'The old king lived in a', length: 20 });
      assert.notDeepEqual(other, await words({ length: 20 }));
      const named = { string: undefined, in_string: string, length: 20 };
      assert.deepEqual(await words(named), await words({ length: 20 }));
      const path = words === now ? ROUTE : `${ROUTE}/async/start`;
      const response = await glossa.post(path, { length: 5 });
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), { message: 'string: expected a string' });
    });

    test('window_max is 100 where nothing is said: older words do not matter, and newer ones do', async () => {
      const recent = Array.from({ length: 100 }, (_, index) => `dog${index % 7}`);
      const after = (first: string, second: string, fields = {}): Promise<string[]> =>
        words({
          string: [first, second, ...recent.slice(1)].join(' '),
          length: 60,
          temperature: 1,
          ...fields,
        });
      const plain = await after('red', 'blue');
      assert.deepEqual(await after('green', 'blue'), plain);
      assert.notDeepEqual(await after('red', 'yellow'), plain);
      assert.deepEqual(await after('red', 'blue', { windowMax: 100 }), plain);
      for (const name of ['windowMax', 'window_max']) {
        // One word more is looked at, and one less.
        assert.notDeepEqual(
          await after('green', 'blue', { [name]: 101 }),
          await after('red', 'blue', { [name]: 101 }),
        );
        assert.deepEqual(
          await after('red', 'yellow', { [name]: 99 }),
          await after('red', 'blue', { [name]: 99 }),
        );
      }
    });
  });
}
