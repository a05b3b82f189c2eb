import { z } from 'zod';

import type { ReplyFormat } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { passOn } from '../../../server/bounded-array.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { identifier } from '../conversation/names.js';
import { neutralField } from '../conversation/neutral-field.js';
import { optional } from '../values.js';

/** What the answer's text must be, and the same as answers tell it. */
export interface TextFormat {
  readonly format: Exclude<ReplyFormat, { type: 'grammar' }>;
  readonly told: JsonObject;
}

const FORMATS = {
  text: closedObject({ type: z.literal('text') }).transform(({ type }): TextFormat => ({
    format: { type },
    told: { type },
  })),
  json_object: closedObject({ type: z.literal('json_object') }).transform(({ type }): TextFormat => ({
    format: { type },
    told: { type },
  })),
  json_schema: closedObject({
    type: z.literal('json_schema'),
    name: identifier(),
    description: optional(text()),
    schema: z.custom<JsonObject>(isJsonObject, 'expected a JSON schema of an object'),
    // Answers obey the schema either way.
    strict: optional(flag()),
  }).transform(({ type, name, description, schema, strict = false }): TextFormat => ({
    format: { type, schema },
    told: { type, name, ...(description !== undefined && { description }), schema, strict },
  })),
};

/** What an answer without a format of its own is. */
export const ANY_TEXT: TextFormat = { format: { type: 'text' }, told: { type: 'text' } };

function isFormat(type: unknown): type is keyof typeof FORMATS {
  return typeof type === 'string' && Object.hasOwn(FORMATS, type);
}

function textFormat(): z.ZodType<TextFormat> {
  const format = z.unknown().transform((given, context): TextFormat => {
    if (!isJsonObject(given)) {
      context.addIssue({ code: 'custom', message: 'expected an object' });
      return z.NEVER;
    }
    const { type } = given;
    if (!isFormat(type)) {
      const message = 'expected text, json_object or json_schema';
      context.addIssue({ code: 'custom', path: ['type'], message });
      return z.NEVER;
    }
    const result = FORMATS[type].safeParse(given);
    return result.success ? result.data : passOn(result.error, context, []);
  });
  return withJsonForm(format, (convert) => ({ anyOf: Object.values(FORMATS).map((form) => convert(form)) }));
}

/** How the answer's text is to be; default: anything. */
export const textSettings = closedObject({
  format: optional(textFormat()),
  verbosity: neutralField({ neutral: ['"medium"'], reason: 'models are not told how much to say' }),
});
