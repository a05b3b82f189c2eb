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

/** Fields that are taken only where they ask for nothing. */
export const NEUTRAL_FIELDS = {
  store: { neutral: ['false'], reason: 'answers are not kept' },
  modalities: { neutral: ['["text"]'], reason: 'answers are text' },
  audio: { neutral: [], reason: 'answers are text' },
  prediction: { neutral: [], reason: 'no answer is foretold' },
  reasoning_effort: {
    neutral: ['"none"'],
    reason: 'models are not told how much to think; where a template can, chat_template_kwargs tells it',
  },
  verbosity: { neutral: ['"medium"'], reason: 'models are not told how much to say' },
  web_search_options: { neutral: [], reason: 'nothing is looked up on the web' },
  moderation: { neutral: [], reason: 'nothing is moderated' },
  prompt_cache_options: {
    neutral: ['{}', '{"mode":"implicit"}'],
    reason: 'prefixes are found by their tokens, and kept as long as there is room',
  },
  functions: { neutral: ['[]'], reason: 'it is deprecated; use tools' },
  function_call: { neutral: ['"none"'], reason: 'it is deprecated; use tool_choice' },
} as const satisfies Readonly<Record<string, NeutralField>>;

/** Schemas of those fields. */
export const neutralFields = Object.fromEntries(
  Object.entries(NEUTRAL_FIELDS).map(([name, field]) => [name, neutralField(field)]),
) as Record<keyof typeof NEUTRAL_FIELDS, z.ZodType<undefined>>;

function neutralField({ neutral, reason }: NeutralField): z.ZodType<undefined> {
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
