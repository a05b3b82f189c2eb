import { z } from 'zod';

import { withJsonForm } from '../json-forms.js';

/** How long an array may be, and what it holds in the words of error messages: "text". */
export interface ArrayBounds {
  readonly least?: number;
  readonly most: number;
  readonly of: string;
}

/**
 * An array from clients that may mean harm. zod's own looks at all elements, and gathers what is wrong with each, before
 * it looks at the length: megabytes of wrong elements take it minutes and gigabytes. Here the length comes first, and
 * the first wrong element is the last that is looked at.
 *
 * @param bounds `least` defaults to 0
 */
export function boundedArray<T>(
  element: z.ZodType<T>,
  { least = 0, most, of }: ArrayBounds,
): z.ZodType<readonly T[]> {
  const schema = z.unknown().transform((given, context): readonly T[] => {
    const refuse = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (!Array.isArray(given)) return refuse('expected an array');
    if (given.length < least) return refuse(`expected at least ${counted(least, of)}`);
    if (given.length > most) return refuse(`expected at most ${counted(most, of)}`);
    const values: T[] = [];
    for (const [index, item] of given.entries()) {
      const result = element.safeParse(item);
      if (!result.success) return passOn(result.error, context, [index]);
      values.push(result.data);
    }
    return values;
  });
  return withJsonForm(schema, (convert) => ({
    type: 'array',
    ...(least > 0 && { minItems: least }),
    maxItems: most,
    items: convert(element),
  }));
}

/** One text, or an array: told apart before either is looked at, so that a refusal is about what was meant. */
export function textOrArray<One, Many>(text: z.ZodType<One>, array: z.ZodType<Many>): z.ZodType<One | Many> {
  const schema = z.unknown().transform((given, context): One | Many => {
    if (typeof given !== 'string' && !Array.isArray(given)) {
      context.addIssue({ code: 'custom', message: 'expected a string or an array' });
      return z.NEVER;
    }
    const result = typeof given === 'string' ? text.safeParse(given) : array.safeParse(given);
    return result.success ? result.data : passOn(result.error, context, []);
  });
  return withJsonForm(schema, (convert) => ({ anyOf: [convert(text), convert(array)] }));
}

/** Takes over what another schema found wrong. Never returns a value that counts. */
export function passOn(error: z.ZodError, context: z.RefinementCtx, path: readonly PropertyKey[]): never {
  for (const issue of error.issues)
    context.issues.push({ ...issue, input: undefined, path: [...path, ...issue.path] });
  return z.NEVER;
}

function counted(count: number, of: string): string {
  return count === 1 ? `one ${of}` : `${count} ${of}s`;
}
