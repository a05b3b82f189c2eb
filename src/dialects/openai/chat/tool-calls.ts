import { z } from 'zod';

import type { ChatToolCall } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { boundedArray } from '../../../server/bounded-array.js';
import { closedObject } from '../closed-object.js';
import { argumentsText } from '../conversation/arguments-text.js';
import { identifier, only } from '../conversation/names.js';
import { optional } from '../values.js';

/** Calls of one message at most. */
export const MOST_CALLS = 128;

const call = closedObject({
  id: text('an id').refine((id) => id !== '' && id.length <= 256, 'expected an id of 1 to 256 characters'),
  type: only('function', { custom: 'tools take arguments that a JSON schema describes' }),
  function: closedObject({
    name: identifier(),
    arguments: argumentsText(),
    // OpenAI's SDK adds it to answers.
    parsed_arguments: z.unknown().optional(),
  }),
  // Clients that put a stream together leave it in.
  index: z.unknown().optional(),
}).transform((given): ChatToolCall => {
  const { id, function: called } = given;
  return { id, name: called.name, arguments: called.arguments };
});

/** The calls that an assistant made; none is the same as no list. */
export function toolCalls(): z.ZodType<readonly ChatToolCall[] | undefined> {
  return optional(boundedArray(call, { most: MOST_CALLS, of: 'tool call' })).transform((calls) =>
    calls?.length === 0 ? undefined : calls,
  );
}
