import { z } from 'zod';

import { withJsonForm } from '../../../json-forms.js';
import { boundedArray } from '../../../server/bounded-array.js';
import { optional } from '../values.js';

/** Asks for the log-probabilities of an answer's tokens. */
export const LOGPROBS = 'message.output_text.logprobs';

/** What OpenAI adds to items of kinds that no answer of this server has. */
const OF_NOTHING = [
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'message.input_image.image_url',
];

const KNOWN = [LOGPROBS, ...OF_NOTHING];

const includable = withJsonForm(
  z.custom<string>(
    (value) => typeof value === 'string' && KNOWN.includes(value),
    `expected ${LOGPROBS}, the only addition that there is`,
  ),
  { enum: KNOWN },
);

/** Additions to an answer. */
export interface Included {
  readonly logprobs: boolean;
  /** Whether some were asked for that belong to what no answer has. */
  readonly inVain: boolean;
}

/** What is to be added to the answer. */
export function include(): z.ZodType<Included> {
  const names = boundedArray(includable, { most: KNOWN.length, of: 'addition' });
  return optional(names).transform((given = []) => ({
    logprobs: given.includes(LOGPROBS),
    inVain: given.some((name) => OF_NOTHING.includes(name)),
  }));
}
