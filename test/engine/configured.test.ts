import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import type { GenerationDefaults, GenerationRequestInput } from '../../src/generation/request.js';
import { shippedEngineOptions } from './shipped-model.js';

/** What only the model can refuse, where the configuration is to blame. */
const REFUSED: readonly [
  defaults: GenerationDefaults,
  given: Omit<GenerationRequestInput, 'prompt'>,
  message: string,
][] = [
  [
    { minLength: 30 },
    { maxNewTokens: 5 },
    'minLength: expected at most 9 (4 tokens of the prompt and 5 new ones), received 30 (configured)',
  ],
  [{ maxLength: 3 }, {}, 'maxLength: expected more than the 4 tokens of the prompt, received 3 (configured)'],
  [
    { maxLength: 3 },
    { maxLength: 4 },
    'maxLength: expected more than the 4 tokens of the prompt, received 4',
  ],
];

test('what the model refuses tells configured values, too', async (t) => {
  const engine = await EngineProcess.start(shippedEngineOptions());
  t.after(() => engine.close());
  for (const [defaults, given, message] of REFUSED) {
    const generation = engine.generate({ prompt: 'Once upon a time', ...given }, { defaults });
    await assert.rejects(generation[Symbol.asyncIterator]().next(), { code: 'INVALID_REQUEST', message });
  }
});
