import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ServedGlossa } from './server.js';

let glossa: ServedGlossa;
/** Started with another default for every parameter, under the original's environment names. */
let configured: ServedGlossa;
const VARIABLES = {
  MODEL_DEFAULT_TEMPERATURE: '0.5',
  MODEL_DEFAULT_TOP_P: '0.6',
  MODEL_DEFAULT_TOP_K: '7',
  MODEL_DEFAULT_REPETITION_PENALTY: '1.8',
  MODEL_DEFAULT_LENGTH_PENALTY: '-20',
};
/** Texts are compared: they must not depend on what runs beside them. */
const args = ['--reproducible'];
before(async () => {
  [glossa, configured] = await Promise.all([
    ServedGlossa.start({ args }),
    ServedGlossa.start({ args, env: VARIABLES }),
  ]);
});
after(() => Promise.all([glossa.stop(), configured.stop()]));

const prompt = 'The little dog';
const seed = 7;

async function one(generation_config: object, server = glossa): Promise<string> {
  const body = { request_id: crypto.randomUUID(), prompt, generation_config };
  const response = await server.post('/api/generate-one', body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

async function inBatch(generation_config: object): Promise<string> {
  const prompts = [{ request_id: crypto.randomUUID(), prompt }];
  const response = await glossa.post('/api/generate-batch', { prompts, generation_config });
  const [item] = (await response.json()) as { response: string }[];
  return item?.response ?? '';
}

/** Where a parameter shows: what else a request has, the documented default, other values, the environment's. */
const parameters: readonly {
  readonly name: string;
  readonly others: object;
  readonly standard: unknown;
  readonly different: readonly unknown[];
  readonly set?: number;
}[] = [
  { name: 'num_beams', others: { do_sample: false }, standard: 1, different: [3] },
  { name: 'do_sample', others: {}, standard: true, different: [false] },
  { name: 'temperature', others: {}, standard: 1, different: [0.5, 3], set: 0.5 },
  { name: 'top_p', others: {}, standard: 1, different: [0.6], set: 0.6 },
  { name: 'top_k', others: { temperature: 3 }, standard: 50, different: [7, 0], set: 7 },
  { name: 'repetition_penalty', others: { do_sample: false }, standard: 1, different: [1.8], set: 1.8 },
  {
    name: 'length_penalty',
    others: { do_sample: false, num_beams: 4, max_new_tokens: 300 },
    standard: 1,
    different: [-20],
    set: -20,
  },
];

for (const { name, others, standard, different, set } of parameters) {
  const base = { max_new_tokens: 60, seed, ...others };

  describe(name, () => {
    test(`${name} is ${String(standard)} where a request says nothing, and another one makes another text`, async () => {
      const plain = await one(base);
      assert.equal(await one({ ...base, [name]: standard }), plain);
      for (const value of different) assert.notEqual(await one({ ...base, [name]: value }), plain);
    });

    test(`${name} does the same in a batch`, async () => {
      for (const value of [standard, ...different]) {
        const config = { ...base, [name]: value };
        assert.equal(await inBatch(config), await one(config));
      }
      assert.equal(await inBatch(base), await one(base));
    });

    if (set === undefined) return;
    test(`${name} is what the environment sets where a request says nothing`, async () => {
      // The other variables' values are given, so that this one alone is missing.
      const given = { temperature: 1, top_p: 1, top_k: 50, repetition_penalty: 1, length_penalty: 1 };
      const { [name as 'top_k']: _, ...withoutIt } = { ...given, ...base };
      assert.equal(await one(withoutIt, configured), await one({ ...base, [name]: set }));
      assert.notEqual(await one(withoutIt, configured), await one(base));
    });
  });
}

test('max_new_tokens bounds the tokens, of each text in a batch too', async () => {
  const long = await one({ seed, max_new_tokens: 40 });
  for (const generate of [one, inBatch]) {
    const short = await generate({ seed, max_new_tokens: 6 });
    assert.ok(short.length < 60 && long.startsWith(short) && long.length > short.length);
  }
});

test('without generation_config in a batch the defaults count', async () => {
  const prompts = [{ request_id: crypto.randomUUID(), prompt }];
  const response = await glossa.post('/api/generate-batch', { prompts });
  const [item] = (await response.json()) as { response: string }[];
  // It goes on to its end, or to the end of the model's context.
  assert.ok((item?.response.length ?? 0) > 200 || item?.response.endsWith('</s>'));
});
