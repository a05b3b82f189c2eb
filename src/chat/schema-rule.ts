import { GlossaError } from '../errors.js';
import type { GrammarRules } from '../generation/grammar-rules.js';
import { addJsonObject } from './json-rules.js';

/** A rule of the JSON texts that a schema describes. */
export function addSchema(rules: GrammarRules, schema: unknown, param: string): string {
  if (param.startsWith('tools')) return addJsonObject(rules);
  throw new GlossaError('INVALID_REQUEST', `${param}: schemas are not supported`, { param });
}
