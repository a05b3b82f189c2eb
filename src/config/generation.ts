import { GlossaError } from '../errors.js';
import { completeParameters, mergeParameters } from '../generation/request-defaults.js';
import { DEFAULT_NEW_TOKENS } from '../generation/request-lengths.js';
import { checkRules } from '../generation/request-rules.js';
import type { GenerationDefaults } from '../generation/request.js';
import type { ModelEntry } from './adapters.js';

/**
 * What a model's requests are generated with unless they say otherwise: what is set for the model, for its bases, for
 * the server.
 *
 * @param line the model, its base, the base's base and so on
 * @throws GlossaError CONFIG_INVALID if a request that sets nothing would be refused for it
 */
export function generationOf(line: readonly ModelEntry[], general: GenerationDefaults): GenerationDefaults {
  const merged = mergeParameters(...line.map(([, { generation = {} }]) => generation), general);
  const request = { ...completeParameters(merged), prompt: '' };
  const most = request.maxLength === undefined ? DEFAULT_NEW_TOKENS : undefined;
  try {
    checkRules(request, { maxNewTokens: request.maxNewTokens ?? most, eosTokenIds: request.eosTokenId });
  } catch (cause) {
    const { message, param } = GlossaError.from(cause);
    throw new GlossaError('CONFIG_INVALID', `${placeOf(param ?? '', line, general)}.${message}`, { cause });
  }
  return merged;
}

/** Where a parameter is set; of one that nobody sets, where it would be for the first of the models. */
function placeOf(param: string, line: readonly ModelEntry[], general: GenerationDefaults): string {
  const owner = line.find(([, { generation = {} }]) => param in generation);
  if (owner === undefined && param in general) return 'generation';
  return `models.${(owner ?? line[0])?.[0] ?? ''}.generation`;
}
