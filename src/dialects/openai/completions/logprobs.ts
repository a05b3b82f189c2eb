import type { PromptTokenLogprobs } from '../../../generation/events.js';
import { toldLogprob, type TokenTexts } from '../token-texts.js';

/** OpenAI's legacy log-probabilities: four arrays with one element for each token. */
export interface LegacyLogprobs {
  readonly tokens: string[];
  /** null: nothing comes before a prompt's first token. */
  readonly token_logprobs: (number | null)[];
  /** The likeliest tokens, and the one that came. */
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[];
  /** Code points of the text before the token. */
  readonly text_offset: number[];
}

/** A token whose text is not certain yet. */
interface Waiting {
  readonly token: PromptTokenLogprobs;
  readonly offset: number;
}

/** Lays the tokens of a text beside it, while it grows. */
export class LogprobWriter {
  readonly #texts: TokenTexts;
  /** A token may end inside a character, or a mark of byte order begin a text. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Code points up to the last token's end, of the text that all tokens make. */
  #end: number;
  #waiting: Waiting[] = [];

  /** @param start code points before the first token */
  constructor(texts: TokenTexts, start: number) {
    this.#texts = texts;
    this.#end = start;
  }

  /** Takes the text's next token. */
  add(token: PromptTokenLogprobs): void {
    this.#waiting.push({ token, offset: this.#end });
    this.#end += codePoints(this.#decoder.decode(this.#texts.bytes(token.tokenId), { stream: true }));
  }

  /** Tokens, of those not taken yet, that begin before `end`. */
  take(end: number): LegacyLogprobs {
    const taken = noLogprobs();
    let count = 0;
    for (const { token, offset } of this.#waiting) {
      if (offset >= end) break;
      count += 1;
      taken.tokens.push(this.#texts.name(token.tokenId));
      taken.token_logprobs.push(token.logprob === null ? null : toldLogprob(token.logprob));
      taken.top_logprobs.push(this.#top(token));
      taken.text_offset.push(offset);
    }
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  /** The rest. Where a stop string was cut off, tokens that begin behind the text's end are none of it. */
  takeLast(end: number): LegacyLogprobs {
    const whole = this.#end + codePoints(this.#decoder.decode());
    return this.take(whole > end ? end : Infinity);
  }

  /** The likeliest tokens by their texts; of tokens with one text, the likeliest counts. */
  #top({ tokenId, logprob, top }: PromptTokenLogprobs): Readonly<Record<string, number>> | null {
    if (logprob === null) return null;
    const ranked = new Map<string, number>();
    for (const each of [...top, { tokenId, logprob }]) {
      const name = this.#texts.name(each.tokenId);
      if (!ranked.has(name)) ranked.set(name, toldLogprob(each.logprob));
    }
    return Object.fromEntries(ranked);
  }
}

/**
 * The log-probabilities of a prompt, beside its text. Tokenizers that put a space before a text leave it out again when
 * they make text of tokens; offsets are those of the text as it was sent.
 */
export function promptLogprobsOf(
  texts: TokenTexts,
  text: string,
  tokens: readonly PromptTokenLogprobs[],
): LegacyLogprobs {
  const end = codePoints(text);
  const joined = Buffer.concat(tokens.map(({ tokenId }) => texts.bytes(tokenId))).toString();
  const shift = joined === ` ${text}` ? 1 : 0;
  const writer = new LogprobWriter(texts, 0);
  for (const token of tokens) writer.add(token);
  const all = writer.take(Infinity);
  return {
    ...all,
    text_offset: all.text_offset.map((offset) => Math.min(end, Math.max(0, offset - shift))),
  };
}

/** For no tokens. */
export function noLogprobs(): LegacyLogprobs {
  return { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
}

/** Adds tokens behind others. */
export function appendLogprobs(to: LegacyLogprobs, more: LegacyLogprobs): void {
  for (const token of more.tokens) to.tokens.push(token);
  for (const logprob of more.token_logprobs) to.token_logprobs.push(logprob);
  for (const top of more.top_logprobs) to.top_logprobs.push(top);
  for (const offset of more.text_offset) to.text_offset.push(offset);
}

/** Characters as Python and OpenAI count them. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // The second half of a pair counts with the first.
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}
