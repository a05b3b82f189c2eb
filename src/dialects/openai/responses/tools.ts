import { z } from 'zod';

import type { ChatTool, ToolChoice } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { passOn } from '../../../server/bounded-array.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { identifier, only } from '../conversation/names.js';
import { CUSTOM, differentlyNamed, NO_PARAMETERS, toolParameters } from '../conversation/tools.js';
import { optional } from '../values.js';

const BUILT_IN = 'there are no built-in tools; offer a function that your program calls';

/** Why other types of tools are refused. */
const REFUSED: Readonly<Record<string, string>> = {
  custom: CUSTOM,
  ...Object.fromEntries(
    [
      ...['web_search', 'web_search_2025_08_26', 'web_search_preview', 'web_search_preview_2025_03_11'],
      ...['file_search', 'code_interpreter', 'image_generation', 'mcp', 'local_shell', 'shell'],
      ...['computer', 'computer_use', 'computer_use_preview', 'apply_patch', 'tool_search', 'namespace'],
    ].map((type) => [type, BUILT_IN]),
  ),
};

/** A tool, and how answers tell it. */
export interface OfferedTool {
  readonly name: string;
  readonly tool: ChatTool;
  readonly told: JsonObject;
}

const functionTool = closedObject({
  type: only('function', REFUSED),
  name: identifier(),
  description: optional(text()),
  parameters: optional(toolParameters),
  // Arguments obey their schema either way.
  strict: optional(flag()),
}).transform(({ type, name, description, parameters, strict = true }): OfferedTool => ({
  name,
  tool: { name, ...(description !== undefined && { description }), parameters: parameters ?? NO_PARAMETERS },
  told: { type, name, description: description ?? null, parameters: parameters ?? null, strict },
}));

/** A tool of another type is refused by that, whatever else it holds. */
const tool = withJsonForm(
  z.unknown().transform((given, context): OfferedTool => {
    const isOther = isJsonObject(given) && given['type'] !== 'function';
    const looked = functionTool.safeParse(isOther ? { type: given['type'], name: 'any' } : given);
    return looked.success ? looked.data : passOn(looked.error, context, []);
  }),
  (convert) => convert(functionTool),
);

/** Up to 128 tools of different names. */
export function tools(): z.ZodType<readonly OfferedTool[]> {
  return differentlyNamed(tool, ['name']);
}

const WORDS = ['none', 'auto', 'required'] as const;

const namedTool = closedObject({
  type: only('function', { ...REFUSED, allowed_tools: 'send only those tools that may be called' }),
  name: identifier(),
});

/** A word, or one tool by its name. */
export function toolChoice(): z.ZodType<ToolChoice | undefined> {
  const choice = z.unknown().transform((given, context): ToolChoice => {
    const word = WORDS.find((known) => known === given);
    if (word !== undefined) return word;
    if (!isJsonObject(given)) {
      const message = 'expected "none", "auto", "required" or {"type": "function", "name": …}';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    // What another kind holds is of no interest beside the kind.
    const { type } = given;
    const looked = namedTool.safeParse(type === 'function' ? given : { type, name: 'any' });
    return looked.success ? { name: looked.data.name } : passOn(looked.error, context, []);
  });
  const documented = withJsonForm(choice, (convert) => ({ anyOf: [{ enum: WORDS }, convert(namedTool)] }));
  return optional(documented);
}
