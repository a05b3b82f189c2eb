import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import type { GenerationEvent } from '../../src/generation/events.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { shippedEngineOptions } from './shipped-model.js';

const PROMPTS = [
  'The little dog',
  'Once upon a time there was a river that',
  'One morning the old woman opened the door and looked at the garden. The',
  'She said',
];

/** Sixteen requests, four of each mode; searches have 2 to 10 beams. */
function requests(): GenerationRequestInput[] {
  return Array.from({ length: 16 }, (_, index) => {
    const prompt = PROMPTS[index % PROMPTS.length] ?? '';
    const round = Math.floor(index / 4);
    const modes: Partial<GenerationRequestInput>[] = [
      { repetitionPenalty: 1.2, noRepeatNgramSize: 3 },
      { doSample: true, seed: index, numReturnSequences: 4, temperature: 0.9, topP: 0.95 },
      { numBeams: [2, 5, 7, 10][round], numReturnSequences: 2, lengthPenalty: 0.6, noRepeatNgramSize: 2 },
      { numBeams: 2 + round, doSample: true, seed: index, topK: 0, earlyStopping: 'never' },
    ];
    return { prompt, maxNewTokens: 16 + index, ...modes[(index + round) % modes.length] };
  });
}

/** Tokens, log-probabilities, texts and scores of a request, to the last bit. */
async function result(engine: EngineProcess, request: GenerationRequestInput): Promise<string> {
  const events: GenerationEvent[][] = [];
  for await (const event of engine.generate(request)) {
    if (event.type !== 'prompt') (events[event.sequence] ??= []).push(event);
  }
  return JSON.stringify(events);
}

describe('reproducible mode: sixteen requests of mixed modes at once', () => {
  let engine: EngineProcess;
  before(async () => {
    engine = await EngineProcess.start(shippedEngineOptions({ reproducible: true }));
  });
  after(() => engine.close());

  test('each gives what it gives alone, in two orders of arrival', async () => {
    const all = requests();
    const alone: string[] = [];
    for (const request of all) alone.push(await result(engine, request));
    assert.equal(new Set(alone).size, all.length);
    const together = await Promise.all(all.map((request) => result(engine, request)));
    assert.deepEqual(together, alone);
    const reversed = await Promise.all(all.toReversed().map((request) => result(engine, request)));
    assert.deepEqual(reversed.toReversed(), alone);
  });
});
