import type { z } from 'zod';

import { text } from '../../../generation/request-compounds.js';
import { isJsonObject } from '../../../server/json-body.js';

/** JSON text of an object. Clients that collected nothing send the empty text for a call without arguments. */
export function argumentsText(): z.ZodType<string> {
  return text()
    .transform((given) => (given === '' ? '{}' : given))
    .refine(isObjectText, 'expected the JSON text of an object');
}

function isObjectText(value: string): boolean {
  try {
    return isJsonObject(JSON.parse(value));
  } catch {
    return false;
  }
}
