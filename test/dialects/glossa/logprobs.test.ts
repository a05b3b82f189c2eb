import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testServer } from '../../fakes/server.js';
import { framesOf } from './frames.js';

interface Ranked {
  readonly token_id: number;
  readonly logprob: number | null;
  readonly top: readonly { readonly token_id: number; readonly logprob: number }[];
}

interface Answer {
  readonly sequences: readonly {
    readonly token_ids: readonly number[];
    readonly finish_reason: string;
    readonly model_logprobs?: readonly Ranked[];
  }[];
  readonly prompt_logprobs?: readonly Ranked[];
  readonly prompt_tokens: number;
}

const body = { prompt: 'The dog', max_new_tokens: 3 };

async function answerTo(more: object): Promise<Answer> {
  const response = await testServer().post('/glossa/generate', { ...body, ...more });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Answer;
}

function assertRanked(told: readonly Ranked[] | undefined, top: number): void {
  for (const { logprob, top: likeliest, ...rest } of told ?? []) {
    assert.deepEqual(Object.keys(rest), ['token_id']);
    if (logprob === null) continue;
    assert.ok(logprob <= 0);
    assert.equal(likeliest.length, top);
    for (const entry of likeliest) assert.deepEqual(Object.keys(entry), ['token_id', 'logprob']);
  }
}

test('an answer has log-probabilities of tokens and prompt where they are asked for', async () => {
  const { sequences, prompt_logprobs, prompt_tokens } = await answerTo({ logprobs: 2, prompt_logprobs: 1 });
  const [sequence] = sequences;
  assert.deepEqual(
    sequence?.model_logprobs?.map(({ token_id }) => token_id),
    sequence?.token_ids,
  );
  assertRanked(sequence?.model_logprobs, 2);
  assert.equal(prompt_logprobs?.length, prompt_tokens);
  assert.equal(prompt_logprobs[0]?.logprob, null);
  assertRanked(prompt_logprobs, 1);
  const plain = await answerTo({});
  assert.deepEqual(Object.keys(plain.sequences[0] ?? {}).includes('model_logprobs'), false);
  assert.equal('prompt_logprobs' in plain, false);
});

test("a stream has the prompt's in its first frame, a token's in its own", async () => {
  const request = { ...body, stream: true, logprobs: 1, prompt_logprobs: 0 };
  const frames = await framesOf(await testServer().post('/glossa/generate', request));
  const [first, second] = frames.slice(0, 2).map((frame) => JSON.parse(frame) as Record<string, unknown>);
  assert.equal(first?.['type'], 'prompt');
  assert.equal((first['prompt_logprobs'] as Ranked[]).length, first['prompt_tokens']);
  const told = second?.['model_logprobs'] as Ranked;
  assert.equal(told.token_id, second?.['token_id']);
  assertRanked([told], 1);
});

test('both are refused with beams, and 0 new tokens without prompt_logprobs', async () => {
  const refusals = [
    [{ num_beams: 2, logprobs: 1 }, 'logprobs: expected none with num_beams above 1, received 1'],
    [
      { num_beams: 2, prompt_logprobs: 0 },
      'prompt_logprobs: expected none with num_beams above 1, received 0',
    ],
    [{ max_new_tokens: 0 }, 'max_new_tokens: expected at least 1 without prompt_logprobs, received 0'],
    [{ logprobs: 21 }, 'logprobs: expected an integer from 0 to 20, received 21'],
  ] as const;
  for (const [more, message] of refusals) {
    const response = await testServer().post('/glossa/generate', { ...body, ...more });
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { error: { message: string } }).error.message, message);
  }
});
