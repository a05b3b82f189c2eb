import type { z } from 'zod';

import { text, tokenIds } from '../../../generation/request-compounds.js';
import { textsOrIds, type TextOrIds } from '../texts-or-ids.js';
import { optional } from '../values.js';

/** Text, or token ids that are fed as they are. */
export type Prompt = TextOrIds;

/** Prompts of one request at most. */
const MOST_PROMPTS = 2048;

/** One text, several, the token ids of one, or of several: always as several. Nothing at all is the empty text. */
export function prompts(): z.ZodType<readonly Prompt[]> {
  const ids = tokenIds({ most: Infinity })
    .refine((given) => given.length > 0, 'expected at least one token')
    .meta({ minItems: 1 });
  const given = textsOrIds(text(), ids, { least: 1, most: MOST_PROMPTS, of: 'prompt' });
  return optional(given).transform((value) => value ?? ['']);
}
