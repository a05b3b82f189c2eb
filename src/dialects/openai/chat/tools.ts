import { z } from 'zod';

import type { ChatTool, ToolChoice } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { boundedArray, passOn } from '../../../server/bounded-array.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { optional } from '../values.js';
import { identifier, only } from './names.js';

const MOST_TOOLS = 128;
const CUSTOM = 'tools take arguments that a JSON schema describes';

/** What a tool without parameters takes. */
const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} };

const parameters = withJsonForm(z.custom<JsonObject>(isJsonObject, 'expected a JSON schema of an object'), {
  type: 'object',
});

const tool = closedObject({
  type: only('function', { custom: CUSTOM }),
  function: closedObject({
    name: identifier(),
    description: optional(text()),
    parameters: optional(parameters),
    // Arguments obey their schema either way.
    strict: optional(flag()),
  }),
}).transform(({ function: described }): ChatTool => {
  const { name, description, parameters = NO_PARAMETERS } = described;
  return { name, ...(description !== undefined && { description }), parameters };
});

/** Up to 128 tools of different names. */
export function tools(): z.ZodType<readonly ChatTool[]> {
  return optional(boundedArray(tool, { most: MOST_TOOLS, of: 'tool' })).transform((given, context) => {
    const names = new Set<string>();
    for (const [index, { name }] of (given ?? []).entries()) {
      if (names.has(name)) {
        const path = [index, 'function', 'name'];
        context.addIssue({ code: 'custom', path, message: 'expected a name that no tool before has' });
        return z.NEVER;
      }
      names.add(name);
    }
    return given ?? [];
  });
}

const WORDS = ['none', 'auto', 'required'] as const;

const namedTool = closedObject({
  type: only('function', {
    allowed_tools: 'send only those tools that may be called',
    custom: CUSTOM,
  }),
  function: closedObject({ name: identifier() }),
});

/** A word, or one tool by its name. */
export function toolChoice(): z.ZodType<ToolChoice | undefined> {
  const choice = z.unknown().transform((given, context): ToolChoice => {
    const word = WORDS.find((known) => known === given);
    if (word !== undefined) return word;
    if (!isJsonObject(given)) {
      const message = 'expected "none", "auto", "required" or {"type": "function", "function": {"name": …}}';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    // What another kind holds is of no interest beside the kind.
    const { type } = given;
    const looked = namedTool.safeParse(type === 'function' ? given : { type, function: { name: 'any' } });
    return looked.success ? { name: looked.data.function.name } : passOn(looked.error, context, []);
  });
  const documented = withJsonForm(choice, (convert) => ({ anyOf: [{ enum: WORDS }, convert(namedTool)] }));
  return optional(documented);
}
