import { z } from 'zod';

import { withJsonForm } from '../../json-forms.js';
import { suggestion } from '../../nearest-name.js';
import { passOn } from '../../server/bounded-array.js';
import { isJsonObject } from '../../server/json-body.js';

/**
 * An object that has no other fields than these. zod's own gathers the names of all that it does not know, however
 * many there are; here the first one is refused.
 */
export function closedObject<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodType<z.output<z.ZodObject<Shape>>> {
  const object = z.object(shape);
  const schema = z.unknown().transform((given, context): z.output<z.ZodObject<Shape>> => {
    if (!isJsonObject(given)) {
      context.addIssue({ code: 'custom', message: 'expected an object' });
      return z.NEVER;
    }
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(shape, key));
    if (unknown !== undefined) {
      const message = `unknown field${suggestion(unknown, Object.keys(shape))}`;
      context.addIssue({ code: 'custom', path: [unknown.slice(0, 64)], message });
      return z.NEVER;
    }
    const result = object.safeParse(given);
    return result.success ? result.data : passOn(result.error, context, []);
  });
  return withJsonForm(schema, (convert) => ({ ...convert(object), additionalProperties: false }));
}
