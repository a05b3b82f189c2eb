import { z } from 'zod';

import { withJsonForm } from '../../json-forms.js';
import { boundedArray, type ArrayBounds } from '../../server/bounded-array.js';

/** A text, or token ids that are taken as they are. */
export type TextOrIds = string | readonly number[];

/**
 * One text, several, the token ids of one, or of several: always as several. Which it is tells the first element: only
 * that kind is looked at, so that a refusal is about what was meant.
 *
 * @param text one text
 * @param ids the token ids of one
 * @param bounds how many there may be
 */
export function textsOrIds(
  text: z.ZodType<string>,
  ids: z.ZodType<readonly number[]>,
  bounds: ArrayBounds,
): z.ZodType<readonly TextOrIds[]> {
  const texts = boundedArray(text, bounds);
  const arrays = boundedArray(ids, bounds);
  const read = (value: unknown): z.ZodSafeParseResult<readonly TextOrIds[]> | undefined => {
    if (typeof value === 'string') return text.transform((one) => [one]).safeParse(value);
    if (!Array.isArray(value)) return undefined;
    const [first] = value as unknown[];
    if (first === undefined || typeof first === 'string') return texts.safeParse(value);
    if (typeof first === 'number') return ids.transform((one) => [one]).safeParse(value);
    return Array.isArray(first) ? arrays.safeParse(value) : undefined;
  };
  const schema = z.unknown().transform((value, context): readonly TextOrIds[] => {
    const result = read(value);
    if (result?.success === true) return result.data;
    if (result === undefined)
      context.addIssue({ code: 'custom', message: 'expected text, token ids, or an array of either' });
    for (const issue of result?.error.issues ?? []) context.issues.push({ ...issue, input: undefined });
    return z.NEVER;
  });
  return withJsonForm(schema, (convert) => ({
    anyOf: [text, texts, ids, arrays].map((form) => convert(form)),
  }));
}
