import { z } from 'zod';

import { withJsonForm } from '../../../json-forms.js';
import { isJsonObject } from '../../../server/json-body.js';
import { optional } from '../values.js';

/** A field of OpenAI's that can't work here. */
export interface NeutralField {
  /** The values besides null that ask for what happens anyway, as messages and documents show them. */
  readonly neutral: readonly string[];
  /** Why any other value is refused. */
  readonly reason: string;
}

/** The schema of each of such fields: it takes them only where they ask for nothing. */
export function neutralFieldsOf<Name extends string>(
  fields: Readonly<Record<Name, NeutralField>>,
): Record<Name, z.ZodType<undefined>> {
  const entries = Object.entries<NeutralField>(fields).map(([name, field]) => [name, neutralField(field)]);
  return Object.fromEntries(entries) as Record<Name, z.ZodType<undefined>>;
}

/** The schema of one such field. */
export function neutralField({ neutral, reason }: NeutralField): z.ZodType<undefined> {
  const expected = [...neutral, 'null'].join(' or ');
  const schema = optional(
    z
      .custom<unknown>(
        (value) => isSmall(value) && neutral.includes(JSON.stringify(value)),
        `expected ${expected}: ${reason}`,
      )
      .transform(() => undefined),
  );
  const values = [...neutral.map((value) => JSON.parse(value) as unknown), null];
  return withJsonForm(schema, { enum: values, description: `Of no use here: ${reason}.` });
}

/** Whether a value can be one of those few: what is large or deep is not written down only to be compared. */
function isSmall(value: unknown): boolean {
  const inner = Array.isArray(value) ? (value as unknown[]) : isJsonObject(value) ? Object.values(value) : [];
  return inner.length <= 1 && inner.every((item) => typeof item !== 'object' || item === null);
}
