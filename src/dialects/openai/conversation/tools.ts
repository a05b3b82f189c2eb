import { z } from 'zod';

import { withJsonForm } from '../../../json-forms.js';
import { boundedArray } from '../../../server/bounded-array.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';
import { optional } from '../values.js';

const MOST_TOOLS = 128;

/** Why tools of another kind are refused. */
export const CUSTOM = 'tools take arguments that a JSON schema describes';

/** What a tool without parameters takes. */
export const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} };

/** The JSON schema of a tool's arguments. */
export const toolParameters = withJsonForm(
  z.custom<JsonObject>(isJsonObject, 'expected a JSON schema of an object'),
  { type: 'object' },
);

/**
 * Up to 128 tools of different names; none is the same as no list.
 *
 * @param path where in a tool its name is
 */
export function differentlyNamed<Tool extends { readonly name: string }>(
  tool: z.ZodType<Tool>,
  path: readonly string[],
): z.ZodType<readonly Tool[]> {
  return optional(boundedArray(tool, { most: MOST_TOOLS, of: 'tool' })).transform((given, context) => {
    const names = new Set<string>();
    for (const [index, { name }] of (given ?? []).entries()) {
      if (names.has(name)) {
        const message = 'expected a name that no tool before has';
        context.addIssue({ code: 'custom', path: [index, ...path], message });
        return z.NEVER;
      }
      names.add(name);
    }
    return given ?? [];
  });
}
