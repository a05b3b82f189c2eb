import type { ModelInfo } from '../../engine/engine.js';
import { candidatesPerStep } from '../../generation/request-rules.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { DecodingFields } from './schema.js';

/** What a route decodes with where a body says nothing. */
export interface RouteDefaults {
  readonly temperature: number;
  readonly topP: number;
}

/** The original's, of which the first two differ between its routes. */
export const COMPLETION_DEFAULTS: RouteDefaults = { temperature: 0.1, topP: 0.75 };
export const CHAT_DEFAULTS: RouteDefaults = { temperature: 0.7, topP: 1 };
export const DEFAULT_MAX_TOKENS = 128;
const DEFAULT_TOP_K = 40;
const DEFAULT_NUM_BEAMS = 4;
const DEFAULT_REPETITION_PENALTY = 1;

/** The least that the engine divides by. */
const LEAST_TEMPERATURE = 1e-6;

/** Everything of a generation but its prompt and its length. */
export interface Decoding {
  readonly parameters: Omit<GenerationRequestInput, 'prompt' | 'maxNewTokens'>;
  /** Names of the fields that were given and have no effect on it. */
  readonly ignored: readonly string[];
}

/**
 * What a body's fields ask for. Drawing is asked for by a temperature, a top_k or a top_p of its own, unless the
 * temperature is 0; everything else is decided by the likeliest text.
 */
export function decodingOf(
  fields: DecodingFields,
  defaults: RouteDefaults,
  { eosTokenIds }: Pick<ModelInfo, 'eosTokenIds'>,
): Decoding {
  const { temperature, top_k: topK, top_p: topP, seed } = fields;
  const given = Object.entries({ top_k: topK, top_p: topP, seed }).filter(([, value]) => value !== undefined);
  const isAsked = temperature !== undefined || topK !== undefined || topP !== undefined;
  const common = { repetitionPenalty: fields.repetition_penalty ?? DEFAULT_REPETITION_PENALTY };
  if (!isAsked || temperature === 0) {
    const numBeams = fields.num_beams ?? DEFAULT_NUM_BEAMS;
    return { parameters: { ...common, doSample: false, numBeams }, ignored: given.map(([name]) => name) };
  }
  const parameters = {
    ...common,
    doSample: true,
    temperature: Math.max(LEAST_TEMPERATURE, temperature ?? defaults.temperature),
    topP: topP ?? defaults.topP,
    ...beamsAndCandidates(fields, eosTokenIds.length),
    ...(seed !== undefined && { seed }),
  };
  return { parameters, ignored: [] };
}

/**
 * Beams that are drawn need several candidates each. Where a body gives one of the two, the other's default gives way
 * to it; where it gives both, they are its own affair.
 */
function beamsAndCandidates(
  { top_k: topK, num_beams: numBeams }: DecodingFields,
  eosTokens: number,
): { topK: number; numBeams: number } {
  if (topK === undefined) {
    const beams = numBeams ?? DEFAULT_NUM_BEAMS;
    const least = beams === 1 ? 0 : candidatesPerStep(beams, eosTokens);
    return { numBeams: beams, topK: Math.max(DEFAULT_TOP_K, least) };
  }
  if (numBeams !== undefined || topK === 0) return { topK, numBeams: numBeams ?? DEFAULT_NUM_BEAMS };
  const most = Math.floor(topK / candidatesPerStep(1, eosTokens));
  return { topK, numBeams: Math.max(1, Math.min(DEFAULT_NUM_BEAMS, most)) };
}
