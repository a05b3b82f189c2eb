import { GlossaError } from '../errors.js';
import type { GrammarRules } from '../generation/grammar-rules.js';
import { addJsonSchema } from '../generation/json-schema/json-schema.js';
import type { JsonObject } from '../server/json-body.js';

/**
 * A rule of the JSON texts that a schema describes.
 *
 * @param param what the schema is in the request; errors name it
 * @throws GlossaError INVALID_REQUEST
 */
export function addSchema(rules: GrammarRules, schema: unknown, param: string): string {
  try {
    return addJsonSchema(rules, schema);
  } catch (cause) {
    if (!(cause instanceof GlossaError) || cause.code !== 'INVALID_REQUEST') throw cause;
    throw new GlossaError('INVALID_REQUEST', `${param}: ${cause.message}`, { param, cause });
  }
}

/**
 * The same for the arguments of a tool, which are an object whether their schema says so or not.
 *
 * @throws GlossaError INVALID_REQUEST
 */
export function addArguments(rules: GrammarRules, parameters: JsonObject, param: string): string {
  const { type = 'object' } = parameters;
  if (type !== 'object') {
    throw new GlossaError('INVALID_REQUEST', `${param}: expected a schema of type object`, { param });
  }
  return addSchema(rules, { ...parameters, type }, param);
}
