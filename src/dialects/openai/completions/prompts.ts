import { z } from 'zod';

import { text, tokenIds } from '../../../generation/request-compounds.js';
import { boundedArray } from '../../../server/bounded-array.js';
import { optional } from '../values.js';

/** Text, or token ids that are fed as they are. */
export type Prompt = string | readonly number[];

/** Prompts of one request at most. */
export const MOST_PROMPTS = 2048;

const promptText = text();
const promptIds = tokenIds({ most: Infinity }).refine((ids) => ids.length > 0, 'expected at least one token');
const promptTexts = boundedArray(promptText, { least: 1, most: MOST_PROMPTS, of: 'prompt' });
const promptArrays = boundedArray(promptIds, { least: 1, most: MOST_PROMPTS, of: 'prompt' });

/** What a prompt may be, in the words of error messages. */
const EXPECTED = 'expected text, token ids, or an array of either';

/** One text, several, the token ids of one, or of several: always as several. Nothing at all is the empty text. */
export function prompts(): z.ZodType<readonly Prompt[]> {
  const given = z.unknown().transform((value, context): readonly Prompt[] => {
    const result = read(value);
    if (result === undefined) {
      context.addIssue({ code: 'custom', message: EXPECTED });
      return z.NEVER;
    }
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: undefined });
    return z.NEVER;
  });
  return optional(given).transform((value) => value ?? ['']);
}

/** What kind of prompt it is tells its first element: only that kind is looked at, so that a refusal is about it. */
function read(value: unknown): z.ZodSafeParseResult<readonly Prompt[]> | undefined {
  if (typeof value === 'string') return promptText.transform((one) => [one]).safeParse(value);
  if (!Array.isArray(value)) return undefined;
  const [first] = value as unknown[];
  if (first === undefined || typeof first === 'string') return promptTexts.safeParse(value);
  if (typeof first === 'number') return promptIds.transform((one) => [one]).safeParse(value);
  return Array.isArray(first) ? promptArrays.safeParse(value) : undefined;
}
