/** Tokens that a request took. Every token counts once, whatever became of it. */
export interface TokenCounts {
  readonly promptTokens: number;
  /** Those of them that were not computed again. */
  readonly cachedTokens: number;
  /** All that was generated, end-of-sequence tokens included. */
  readonly generatedTokens: number;
  /** Those of them whose texts are not in the answer: what best_of and beams left behind. */
  readonly discardedTokens: number;
}

/** OpenAI's CompletionUsage. `discarded_tokens` is ours. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details?: { readonly discarded_tokens: number };
}

/** The counts as answers hold them. */
export function usageOf({
  promptTokens,
  cachedTokens,
  generatedTokens,
  discardedTokens,
}: TokenCounts): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: generatedTokens,
    total_tokens: promptTokens + generatedTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    ...(discardedTokens > 0 && { completion_tokens_details: { discarded_tokens: discardedTokens } }),
  };
}
