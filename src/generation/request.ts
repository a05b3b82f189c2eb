import { GlossaError } from '../errors.js';
import { suggestion } from '../nearest-name.js';
import { firstProblem } from '../schema-issues.js';
import { tellConfigured } from './configured-parameters.js';
import { completeParameters, mergeParameters, type CompleteParameters } from './request-defaults.js';
import {
  generationRequestSchema,
  type GenerationRequestInput,
  type GivenParameters,
} from './request-fields.js';
import { checkRules } from './request-rules.js';

export {
  generationRequestSchema,
  type GenerationRequestInput,
  type ParameterName,
} from './request-fields.js';

/** Parameters for requests that do not set them; checked when the configuration is read. */
export type GenerationDefaults = GivenParameters;

/** As the engine receives it: validated, every default filled in. */
export interface GenerationRequest extends CompleteParameters {
  readonly prompt: string | readonly number[];
}

/** A request as it runs: sampling has a seed, whether it was given or drawn. */
export interface SeededRequest extends GenerationRequest {
  readonly seed: number;
}

/**
 * Checks a request and fills in what it leaves out: from `defaults`, which have been checked already, else from
 * transformers' own.
 *
 * @throws GlossaError INVALID_REQUEST, naming the first parameter that is wrong
 */
export function parseGenerationRequest(
  input: GenerationRequestInput,
  defaults: GenerationDefaults = {},
): GenerationRequest {
  const result = generationRequestSchema.safeParse(input);
  if (!result.success) throw invalid(firstProblem(result.error));
  const { prompt, ...given } = result.data;
  const request = { ...completeParameters(mergeParameters(given, defaults)), prompt };
  try {
    checkRules(request, { maxNewTokens: request.maxNewTokens, eosTokenIds: request.eosTokenId });
  } catch (error) {
    throw tellConfigured(GlossaError.from(error), given, defaults);
  }
  return request;
}

function invalid({ path, message, unknownKeys }: ReturnType<typeof firstProblem>): GlossaError {
  const [unknown] = unknownKeys;
  if (unknown !== undefined) {
    const hint = suggestion(unknown, Object.keys(generationRequestSchema.shape));
    return new GlossaError('INVALID_REQUEST', `request: unknown parameter ${unknown.slice(0, 64)}${hint}`, {
      param: 'request',
    });
  }
  const param = path.map(String).join('.') || 'request';
  return new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}
