import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';

import { uniquePrompt } from './requests.js';
import { ServedGlossa } from './server.js';

/** Long and hot: one token chosen otherwise shows in all that follow. */
const REQUEST = {
  prompt: 'One morning the old woman opened the door and looked at the garden. The little dog',
  max_new_tokens: 200,
  eos_token_id: [],
  do_sample: true,
  temperature: 1,
  top_k: 0,
  seed: 20_260_101,
};

interface Answer {
  readonly sequences: readonly { readonly token_ids: number[] }[];
}

async function generate(glossa: ServedGlossa, body: object): Promise<string> {
  const response = await glossa.post('/glossa/generate', body);
  assert.equal(response.status, 200);
  const { sequences } = (await response.json()) as Answer;
  return JSON.stringify(sequences.map(({ token_ids: ids }) => ids));
}

/** The request in the middle of `count` others of different lengths. */
async function amongOthers(
  glossa: ServedGlossa,
  body: object,
  count: number,
  round: number,
): Promise<string> {
  const others = Array.from({ length: count }, (_, index) =>
    generate(glossa, {
      ...REQUEST,
      prompt: uniquePrompt(100 * round + index).repeat(1 + ((index + round) % 8)),
      max_new_tokens: 10 + 6 * index,
      seed: index,
    }),
  );
  const [wanted] = await Promise.all([generate(glossa, body), ...others]);
  return wanted;
}

/** How many of several runs gave something else than expected. */
async function different(
  expected: string,
  runs: number,
  run: (round: number) => Promise<string>,
): Promise<number> {
  let count = 0;
  for (let round = 0; round < runs; round += 1) if ((await run(round)) !== expected) count += 1;
  return count;
}

describe('with reproducible: true the same request and seed give the same tokens', () => {
  let glossa: ServedGlossa;
  let expected = '';
  before(async () => {
    glossa = await ServedGlossa.start({ config: { models: { 'glossa-tales': { reproducible: true } } } });
    expected = await generate(glossa, REQUEST);
  });
  after(() => glossa.stop());

  test('20 times in a row', async () => {
    assert.equal(await different(expected, 20, () => generate(glossa, REQUEST)), 0);
  });

  test('beside 15 other requests of different lengths', async () => {
    assert.equal(await different(expected, 3, (round) => amongOthers(glossa, REQUEST, 15, round)), 0);
  });

  test('after others have used the places before', async () => {
    await amongOthers(glossa, { ...REQUEST, seed: 1 }, 31, 50);
    assert.equal(await generate(glossa, REQUEST), expected);
  });

  test('in several sequences of one request, the first of which is that of one alone', async () => {
    const body = { ...REQUEST, num_return_sequences: 3 };
    const three = await generate(glossa, body);
    assert.equal(await amongOthers(glossa, body, 15, 60), three);
    assert.deepEqual((JSON.parse(three) as unknown[])[0], (JSON.parse(expected) as unknown[])[0]);
  });

  test('after the server was started anew', async () => {
    const other = await ServedGlossa.start({
      config: { models: { 'glossa-tales': { reproducible: true } } },
    });
    assert.equal(await generate(other, REQUEST), expected);
    await other.stop();
  });
});

describe('without it', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start();
  });
  after(() => glossa.stop());

  const note = (t: TestContext, count: number, runs: number): void => {
    t.diagnostic(`${count} of ${runs} runs differed`);
  };

  test('the same request and seed give the same tokens 20 times in a row', async (t) => {
    // The first finds no prefix to reuse, all others the same one.
    const fresh = await generate(glossa, REQUEST);
    const expected = await generate(glossa, REQUEST);
    t.diagnostic(`with a reused prefix they are ${fresh === expected ? 'the same' : 'others'}`);
    const count = await different(expected, 20, () => generate(glossa, REQUEST));
    note(t, count, 20);
    assert.equal(count, 0);
  });
});
