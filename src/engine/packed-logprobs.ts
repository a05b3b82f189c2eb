import type { PromptTokenLogprobs, RankedToken, TokenLogprobs } from '../generation/events.js';

/** Bytes of a token's id (int32) and of its logarithm (float32), one after the other. */
const ENTRY_BYTES = 8;

/** What the model's scores say of a generated token, from base64 of entries: its own, then those of the likeliest. */
export function unpackTokenLogprobs(packed: string): TokenLogprobs {
  const entries = new Entries(packed);
  if (entries.count === 0) throw new RangeError('expected the entry of a token, received none');
  return entries.logprobs(0, entries.count);
}

/**
 * The same of a prompt's tokens: the first one's entry, whose logarithm says nothing, then as many entries for each
 * token after it.
 */
export function unpackPromptLogprobs(packed: string, promptTokens: number): PromptTokenLogprobs[] {
  const entries = new Entries(packed);
  if (entries.count === 0) return [];
  const told: PromptTokenLogprobs[] = [{ tokenId: entries.at(0).tokenId, logprob: null, top: [] }];
  const each = (entries.count - 1) / (promptTokens - 1);
  for (let token = 1; token < promptTokens; token += 1)
    told.push(entries.logprobs(1 + (token - 1) * each, each));
  return told;
}

/** Read where they lie: a long prompt has millions, and others wait for the thread. */
class Entries {
  readonly count: number;
  readonly #ids: Int32Array;
  readonly #logprobs: Float32Array;

  constructor(packed: string) {
    // A copy of its own: a small Buffer is a part of a pool, where its numbers need not lie on multiples of their size.
    const { buffer } = new Uint8Array(Buffer.from(packed, 'base64'));
    this.#ids = new Int32Array(buffer);
    this.#logprobs = new Float32Array(buffer);
    this.count = buffer.byteLength / ENTRY_BYTES;
  }

  at(index: number): RankedToken {
    return { tokenId: this.#ids[2 * index] ?? NaN, logprob: this.#logprobs[2 * index + 1] ?? NaN };
  }

  /** Of one token, from its own entry and those after it. */
  logprobs(first: number, count: number): TokenLogprobs {
    const top: RankedToken[] = [];
    for (let index = first + 1; index < first + count; index += 1) top.push(this.at(index));
    return { ...this.at(first), top };
  }
}
