import { z } from 'zod';

import type { ReplyFormat } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { passOn } from '../../../server/bounded-array.js';
import { isJsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { optional } from '../values.js';
import { identifier } from '../conversation/names.js';

const FORMATS = {
  text: closedObject({ type: z.literal('text') }).transform((): ReplyFormat => ({ type: 'text' })),
  json_object: closedObject({ type: z.literal('json_object') }).transform((): ReplyFormat => ({
    type: 'json_object',
  })),
  json_schema: closedObject({
    type: z.literal('json_schema'),
    json_schema: closedObject({
      name: identifier(),
      description: optional(text()),
      schema: z.custom<unknown>((value) => value !== undefined && value !== null, 'expected a JSON schema'),
      // Answers obey the schema either way.
      strict: optional(flag()),
    }),
  }).transform(({ json_schema: { schema } }): ReplyFormat => ({ type: 'json_schema', schema })),
};

function isFormat(type: unknown): type is keyof typeof FORMATS {
  return typeof type === 'string' && Object.hasOwn(FORMATS, type);
}

/** What the answer's text must be; default: anything. */
export function responseFormat(): z.ZodType<ReplyFormat | undefined> {
  const format = z.unknown().transform((given, context): ReplyFormat => {
    const type = isJsonObject(given) ? given['type'] : undefined;
    if (!isFormat(type)) {
      const path = isJsonObject(given) ? ['type'] : [];
      const message = isJsonObject(given)
        ? 'expected text, json_object or json_schema'
        : 'expected an object';
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    }
    const result = FORMATS[type].safeParse(given);
    return result.success ? result.data : passOn(result.error, context, []);
  });
  const documented = withJsonForm(format, (convert) => ({ anyOf: Object.values(FORMATS).map(convert) }));
  return optional(documented);
}
