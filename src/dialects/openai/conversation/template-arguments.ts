import { z } from 'zod';

import { withJsonForm } from '../../../json-forms.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';

/** Switches and short texts are what templates take; each value is looked at several times on its way. */
const MOST_VALUES = 1000;
/** UTF-16 units of all texts and keys. */
const MOST_CHARACTERS = 65_536;

/** `chat_template_kwargs`: more variables for the model's template, 1,000 values with 65,536 characters at most. */
export function templateArguments(): z.ZodType<JsonObject> {
  const schema = z.unknown().transform((given, context): JsonObject => {
    const fault = isJsonObject(given) ? sizeFault(given) : 'expected an object';
    if (isJsonObject(given) && fault === undefined) return given;
    context.addIssue({ code: 'custom', message: fault ?? 'expected an object' });
    return z.NEVER;
  });
  return withJsonForm(schema, { type: 'object', maxProperties: MOST_VALUES });
}

/** What is too much of it: found level by level, up to the first thing that is. */
function sizeFault(given: JsonObject): string | undefined {
  let values = 0;
  let characters = 0;
  for (let level: unknown[] = [given]; level.length > 0;) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') characters += value.length;
      if (typeof value !== 'object' || value === null) continue;
      const names = Array.isArray(value) ? [] : Object.keys(value);
      values += Array.isArray(value) ? value.length : names.length;
      if (values > MOST_VALUES) return `expected at most ${MOST_VALUES} values in all`;
      for (const name of names) characters += name.length;
      for (const child of Object.values(value)) next.push(child);
    }
    if (characters > MOST_CHARACTERS) return `expected at most ${MOST_CHARACTERS} characters in all`;
    level = next;
  }
  return undefined;
}
