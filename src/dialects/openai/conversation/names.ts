import { z } from 'zod';

import { withJsonForm } from '../../../json-forms.js';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** What tools and schemas may be called. */
export function identifier(): z.ZodType<string> {
  const schema = z
    .string('expected a name')
    .refine((value) => NAME.test(value), 'expected 1 to 64 letters, digits, underscores and dashes');
  return withJsonForm(schema, { type: 'string', pattern: NAME.source });
}

/** A field that says what an object is, where there is one kind only. */
export function only<const Value extends string>(
  value: Value,
  refused: Readonly<Record<string, string>> = {},
): z.ZodType<Value> {
  const schema = z.custom<Value>((given) => given === value, {
    error: ({ input }) => {
      const reason = typeof input === 'string' && Object.hasOwn(refused, input) ? refused[input] : undefined;
      return reason === undefined ? `expected "${value}"` : `${String(input)} is not supported: ${reason}`;
    },
  });
  return withJsonForm(schema, { const: value });
}
