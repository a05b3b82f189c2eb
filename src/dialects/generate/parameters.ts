import type { GenerateDefaults } from '../../config/generate-defaults.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { GivenConfig } from './schema.js';

/** All of them, and what a request brought of them. */
export type DecodingParameters = Omit<GenerateDefaults, 'seed'>;

/** A request's parameters, the server's where it says nothing. */
export function completeConfig(given: GivenConfig, defaults: GenerateDefaults): DecodingParameters {
  // What JSON holds is never undefined, which the type of an optional key does not show.
  return { ...defaults, ...(given as Partial<GenerateDefaults>) };
}

/**
 * As the engine takes them. All are set: they go before the model's configured ones. A temperature of 0, which
 * transformers refuses, asks for the likeliest text.
 */
export function engineParameters(
  config: DecodingParameters,
): Omit<GenerationRequestInput, 'prompt' | 'seed' | 'maxNewTokens'> {
  return {
    numBeams: config.num_beams,
    doSample: isSampled(config),
    // Without sampling its value has no effect, but it is checked.
    temperature: config.temperature === 0 ? 1 : config.temperature,
    topP: config.top_p,
    topK: config.top_k,
    repetitionPenalty: config.repetition_penalty,
    lengthPenalty: config.length_penalty,
    numReturnSequences: 1,
  };
}

/** Names of what a request set in vain; what it set to a value that changes nothing anyhow is not among them. */
export function setInVain(given: GivenConfig, config: DecodingParameters): string[] {
  const neutral = { temperature: 1, top_p: 1, top_k: 50, seed: undefined, length_penalty: 1 };
  const samplingOnly = isSampled(config) ? [] : (['temperature', 'top_p', 'top_k', 'seed'] as const);
  const beamsOnly = config.num_beams > 1 ? [] : (['length_penalty'] as const);
  return [...samplingOnly, ...beamsOnly]
    .filter((name) => given[name] !== undefined && given[name] !== neutral[name])
    .filter((name) => name !== 'temperature' || given.temperature !== 0)
    .map((name) => `generation_config.${name}`);
}

function isSampled({ do_sample, temperature }: DecodingParameters): boolean {
  return do_sample && temperature > 0;
}
