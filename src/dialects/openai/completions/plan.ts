import { GlossaError } from '../../../errors.js';
import type { GenerationDefaults, GenerationRequestInput } from '../../../generation/request.js';
import { decodingOf } from '../decoding.js';
import { checkStreamOptions } from '../stream-options.js';
import type { CompletionBody } from './schema.js';

/** New tokens where neither a request nor the configuration says how many: OpenAI's default. */
const DEFAULT_MAX_TOKENS = 16;
/** Texts of one request at most, over all its prompts. */
const MOST_TEXTS = 2048;

/** What a body asks for, of each of its prompts. */
export interface CompletionPlan {
  /** Choices that the answer has. */
  readonly n: number;
  /** Texts of which those are the best. */
  readonly bestOf: number;
  /** Texts that the engine generates; one stands for all where they would all be the same. */
  readonly sequences: number;
  readonly parameters: Omit<GenerationRequestInput, 'prompt'>;
}

/**
 * What is generated for each prompt.
 *
 * @param endings texts that end an answer besides the request's own, or the configured ones
 * @throws GlossaError INVALID_REQUEST for fields that exclude each other
 */
export function planOf(
  body: CompletionBody,
  defaults: GenerationDefaults,
  endings: readonly string[] = [],
): CompletionPlan {
  const { n = 1, best_of: bestOf = n, logprobs, echo = false } = body;
  const maxNewTokens = body.max_tokens ?? defaults.maxNewTokens;
  const numBeams = body.num_beams ?? defaults.numBeams ?? 1;
  refuseContradictions(body, { n, bestOf, maxNewTokens, numBeams });
  const { copies, parameters } = decodingOf(body, bestOf, defaults);
  const scoresOnly = maxNewTokens === 0;
  const sequences = scoresOnly ? 1 : bestOf / copies;
  const promptLogprobs = echo ? logprobs : undefined;
  return {
    ...{ n, bestOf, sequences },
    parameters: {
      ...parameters,
      ...length(body, defaults),
      numReturnSequences: sequences,
      ...(endings.length > 0 && {
        stopStrings: [...(body.stop ?? defaults.stopStrings ?? []), ...endings],
      }),
      // Texts are ranked by what the model itself says of their tokens.
      ...given({ logprobs: logprobs ?? (sequences > n ? 0 : undefined) }),
      // Without new tokens, something has to be asked of the prompt.
      ...given({ promptLogprobs: promptLogprobs ?? (scoresOnly ? 0 : undefined) }),
      ...given({ grammar: body.grammar }),
    },
  };
}

/** A configured length goes before the default one. */
function length(
  { max_tokens: wanted }: CompletionBody,
  { maxNewTokens, maxLength }: GenerationDefaults,
): { maxNewTokens?: number } {
  if (wanted !== undefined) return { maxNewTokens: wanted };
  return maxNewTokens === undefined && maxLength === undefined ? { maxNewTokens: DEFAULT_MAX_TOKENS } : {};
}

/** Without what is undefined. */
function given(values: Partial<GenerationRequestInput>): Partial<GenerationRequestInput> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** What bodies are checked by once the configured defaults are known. */
interface Wanted {
  readonly n: number;
  readonly bestOf: number;
  readonly maxNewTokens: number | undefined;
  readonly numBeams: number;
}

function refuseContradictions(body: CompletionBody, wanted: Wanted): void {
  const { n, bestOf, maxNewTokens, numBeams } = wanted;
  const { echo = false, stream = false } = body;
  checkStreamOptions(body);
  if (bestOf < n) throw refusal('best_of', `expected at least n (${n}), received ${bestOf}`);
  if (stream && bestOf > n)
    throw refusal('stream', 'expected false with best_of above n, which is decided at the end');
  if (echo && (body.suffix ?? '') !== '') throw refusal('echo', 'expected false with a suffix');
  if (maxNewTokens === 0 && !echo)
    throw refusal('max_tokens', 'expected at least 1 without echo, received 0');
  if (numBeams > 1) refuseWithBeams(body, wanted);
  if (body.prompt.length * bestOf > MOST_TEXTS) {
    const [param, name] = bestOf > n ? ['best_of', 'best_of'] : bestOf > 1 ? ['n', 'n'] : ['prompt', 'one'];
    throw refusal(
      param,
      `expected at most ${MOST_TEXTS} texts, received ${body.prompt.length} prompts with ${name} of ${bestOf}`,
    );
  }
}

/** The model's own log-probabilities of a beam's earlier tokens are gone when it turns out to be one of the best. */
function refuseWithBeams(body: CompletionBody, { n, bestOf, maxNewTokens }: Wanted): void {
  if (body.logprobs !== undefined)
    throw refusal('logprobs', `expected none with num_beams above 1, received ${body.logprobs}`);
  if (bestOf > n) throw refusal('best_of', `expected n (${n}) with num_beams above 1, received ${bestOf}`);
  if (maxNewTokens === 0)
    throw refusal('max_tokens', 'expected at least 1 with num_beams above 1, received 0');
}

function refusal(param: string, message: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}
