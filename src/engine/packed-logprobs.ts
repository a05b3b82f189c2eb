import type { PromptTokenLogprobs, RankedToken, TokenLogprobs } from '../generation/events.js';

/** Bytes of a token's id (int32) and of its logarithm (float32), one after the other. */
const ENTRY_BYTES = 8;

/** What the model's scores say of a generated token, from base64 of entries: its own, then those of the likeliest. */
export function unpackTokenLogprobs(packed: string): TokenLogprobs {
  return tokenLogprobs(entries(packed));
}

/**
 * The same of a prompt's tokens: the first one's entry, whose logarithm says nothing, then as many entries for each
 * token after it.
 */
export function unpackPromptLogprobs(packed: string, promptTokens: number): PromptTokenLogprobs[] {
  const [first, ...rest] = entries(packed);
  if (first === undefined) return [];
  const each = promptTokens > 1 ? rest.length / (promptTokens - 1) : 0;
  const scored = Array.from({ length: promptTokens - 1 }, (_, index) =>
    tokenLogprobs(rest.slice(index * each, (index + 1) * each)),
  );
  return [{ tokenId: first.tokenId, logprob: null, top: [] }, ...scored];
}

function tokenLogprobs([own, ...top]: readonly RankedToken[]): TokenLogprobs {
  if (own === undefined) throw new RangeError('expected the entry of a token, received none');
  return { ...own, top };
}

function entries(packed: string): RankedToken[] {
  // A copy of its own: a small Buffer is a part of a pool, where its numbers need not lie on multiples of their size.
  const { buffer } = Uint8Array.from(Buffer.from(packed, 'base64'));
  const ids = new Int32Array(buffer);
  const logprobs = new Float32Array(buffer);
  return Array.from({ length: buffer.byteLength / ENTRY_BYTES }, (_, index) => ({
    tokenId: ids[2 * index] ?? NaN,
    logprob: logprobs[2 * index + 1] ?? NaN,
  }));
}
