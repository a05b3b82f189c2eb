import { z } from 'zod';

import type { ChatTool, ToolChoice } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { passOn } from '../../../server/bounded-array.js';
import { isJsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { identifier, only } from '../conversation/names.js';
import { CUSTOM, differentlyNamed, NO_PARAMETERS, toolParameters } from '../conversation/tools.js';
import { optional } from '../values.js';

const tool = closedObject({
  type: only('function', { custom: CUSTOM }),
  function: closedObject({
    name: identifier(),
    description: optional(text()),
    parameters: optional(toolParameters),
    // Arguments obey their schema either way.
    strict: optional(flag()),
  }),
}).transform(({ function: described }): ChatTool => {
  const { name, description, parameters = NO_PARAMETERS } = described;
  return { name, ...(description !== undefined && { description }), parameters };
});

/** Up to 128 tools of different names. */
export function tools(): z.ZodType<readonly ChatTool[]> {
  return differentlyNamed(tool, ['function', 'name']);
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
