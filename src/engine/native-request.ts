import { GlossaError } from '../errors.js';
import { resolveMaxNewTokens } from '../generation/request-lengths.js';
import { checkRules } from '../generation/request-rules.js';
import type { NativeRequest } from './native-engine.js';
import type { ModelInfo } from './engine.js';
import type { Submission } from './protocol.js';
import { checkMayFit } from './text-bounds.js';

/** What a request is prepared with. */
interface RequestModel {
  readonly info: Pick<
    ModelInfo,
    'contextSize' | 'eosTokenIds' | 'longestTokenBytes' | 'startTokenId' | 'vocabularySize'
  >;
  /** Ids of a prompt's text. */
  readonly tokenize: (text: string) => Promise<readonly number[]>;
}

/**
 * A request with what its prompt and the model decide filled in, checked as far as it could not be before.
 *
 * @throws GlossaError CONTEXT_OVERFLOW or INVALID_REQUEST
 */
export async function nativeRequest(
  id: number,
  submission: Submission,
  model: RequestModel,
): Promise<NativeRequest> {
  const { contextSize, vocabularySize } = model.info;
  const { maxLength: _, ...parameters } = submission;
  const prompt = await promptTokens(submission.prompt, model);
  checkContinued(submission.continuedTokens, prompt.length);
  const maxNewTokens = resolveMaxNewTokens(submission, prompt.length, contextSize);
  const eosTokenId = submission.eosTokenId ?? model.info.eosTokenIds;
  checkRules(submission, {
    maxNewTokens,
    eosTokenIds: eosTokenId,
    promptTokens: prompt.length,
    vocabularySize,
  });
  checkFits(prompt.length, maxNewTokens, contextSize);
  return { ...parameters, id, prompt, maxNewTokens, eosTokenId };
}

async function promptTokens(
  prompt: Submission['prompt'],
  { info, tokenize }: RequestModel,
): Promise<readonly number[]> {
  if (typeof prompt === 'string') checkMayFit(prompt, info, 'prompt');
  const tokens = typeof prompt === 'string' ? await tokenize(prompt) : prompt;
  if (tokens.length > 0) return tokens;
  const { startTokenId } = info;
  if (startTokenId !== null) return [startTokenId];
  throw new GlossaError('INVALID_REQUEST', 'prompt: empty, and this model has no start token', {
    param: 'prompt',
  });
}

function checkContinued(tokens: number, promptTokens: number): void {
  if (Number.isInteger(tokens) && tokens >= 0 && tokens <= promptTokens) return;
  throw new GlossaError(
    'INVALID_REQUEST',
    `continuedTokens: expected an integer from 0 to the prompt's ${promptTokens} tokens, received ${tokens}`,
    { param: 'continuedTokens' },
  );
}

/** The last generated token is never fed back, so it needs no place in the context. */
function checkFits(promptTokens: number, maxNewTokens: number, contextSize: number): void {
  if (promptTokens + Math.max(maxNewTokens - 1, 0) <= contextSize) return;
  throw new GlossaError(
    'CONTEXT_OVERFLOW',
    `prompt: ${promptTokens} tokens and ${maxNewTokens} new ones exceed the context of ${contextSize} tokens`,
    { param: 'prompt' },
  );
}
