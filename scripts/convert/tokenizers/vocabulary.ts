import { FormatError, quote } from '../format-error.js';
import { float32s, type GgufValue, int32s, strings } from '../gguf/values.js';

/** llama.cpp's token types (`enum llama_token_type`). */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The score of what fills a gap, as in llama.cpp's converter. */
const UNUSED_SCORE = -10_000;

/** A token in its place. */
export interface Token {
  readonly text: string;
  /** One of `TOKEN_TYPES`. */
  readonly type: number;
  /** For SentencePiece: the higher, the earlier it is merged. */
  readonly score: number;
}

/** Tokens by id, as llama.cpp wants them. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: Int32Array;
  readonly scores: Float32Array;
}

/** Puts tokens in order of their ids: as many places as the embedding has rows. */
export class VocabularyBuilder {
  readonly #tokens = new Map<number, Token>();
  readonly #size: number;
  #next = 0;

  /** @param size rows of the embedding */
  constructor(size: number) {
    this.#size = size;
  }

  /** The id after the highest one that is taken. */
  get next(): number {
    return this.#next;
  }

  get(id: number): Token | undefined {
    return this.#tokens.get(id);
  }

  /**
   * Puts a token in a place that is free.
   *
   * @throws FormatError if it is not, or lies outside the embedding
   */
  place(id: number, token: Token): void {
    const other = this.#tokens.get(id);
    if (other !== undefined) throw conflict(id, other, token);
    this.replace(id, token);
  }

  /**
   * Puts a token in a place whatever is there.
   *
   * @throws FormatError if the place lies outside the embedding
   */
  replace(id: number, token: Token): void {
    if (id >= this.#size) {
      throw new FormatError(
        'tokenizer',
        `token ${quote(token.text)} has id ${id}, but the embedding has only ${this.#size} rows`,
      );
    }
    this.#tokens.set(id, token);
    this.#next = Math.max(this.#next, id + 1);
  }

  /**
   * The tokens; ids that nothing stands for become unused "[PAD<id>]" ones, as in llama.cpp's converter.
   *
   * @throws FormatError if two ids have the same text, which llama.cpp does not load
   */
  finish(): Vocabulary {
    const ids = new Map<string, number>();
    const types = new Int32Array(this.#size);
    const scores = new Float32Array(this.#size);
    const tokens = Array.from({ length: this.#size }, (_, id) => {
      const token = this.#tokens.get(id) ?? {
        text: `[PAD${id}]`,
        type: TOKEN_TYPES.unused,
        score: UNUSED_SCORE,
      };
      const other = ids.get(token.text);
      if (other !== undefined) {
        throw new FormatError('tokenizer', `${quote(token.text)} has the ids ${other} and ${id}`);
      }
      ids.set(token.text, id);
      types[id] = token.type;
      scores[id] = token.score;
      return token.text;
    });
    return { tokens, types, scores };
  }
}

/** The error of two tokens that one id stands for. */
export function conflict(id: number, one: Token, other: Token): FormatError {
  return new FormatError('tokenizer', `id ${id} stands for both ${quote(one.text)} and ${quote(other.text)}`);
}

/** `tokenizer.ggml.*` of tokens with scores, in llama.cpp's converter's order. */
export function scoredTokenMetadata({ tokens, types, scores }: Vocabulary): [string, GgufValue][] {
  return [
    ['tokenizer.ggml.tokens', strings(tokens)],
    ['tokenizer.ggml.scores', float32s(scores)],
    ['tokenizer.ggml.token_type', int32s(types)],
  ];
}
