import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { FormatError } from '../format-error.js';
import { readSentencePieceModel } from '../tokenizers/sentencepiece/model.js';
import { byteLevelTokenizer } from './byte-level.js';
import { type JsTokenizer, makeTokenizer } from './js-tokenizer.js';
import { withPlainSpaces } from './metaspace.js';
import { type SentencePieceVocabulary, sentencePieceTokenizer } from './sentencepiece.js';
import { type End, pieceIdOf } from './special-tokens.js';
import {
  furtherAddedTokens,
  readVerificationFiles,
  type TokenizerConfig,
  type TokenizerJson,
  type VerificationFiles,
} from './tokenizer-files.js';

/** Reads a `tokenizer.model`. */
export type ReadSentencePiece = (path: string) => Promise<SentencePieceVocabulary>;

/** Hugging Face's tokenizer of a checkpoint, in JavaScript. */
export class ReferenceTokenizer {
  readonly #tokenizer: JsTokenizer;
  readonly #byteFallback: boolean;
  readonly #unknownId: number | undefined;
  /** Ids whose text is not made of bytes of the input. */
  readonly #opaque: ReadonlySet<number>;
  /** What the post-processor puts around a text. */
  readonly #template: Frame;
  readonly #frame: Frame;
  readonly #config: TokenizerConfig;
  readonly #pieces: SentencePieceVocabulary | undefined;
  readonly #composes: boolean;

  private constructor(json: TokenizerJson, config: TokenizerConfig, pieces?: SentencePieceVocabulary) {
    this.#tokenizer = makeTokenizer(json, config);
    this.#byteFallback = json.model['type'] === 'Unigram' && json.model['byte_fallback'] === true;
    this.#unknownId = this.#tokenizer.model?.unk_token_id;
    const added = json.added_tokens.map(({ id }) => id);
    this.#opaque = new Set(this.#unknownId === undefined ? added : [...added, this.#unknownId]);
    this.#template = templateOf(this.#tokenizer);
    this.#frame = frameOf(this.#tokenizer, config, this.#template);
    this.#config = config;
    this.#pieces = pieces;
    this.#composes = composes(json.normalizer);
  }

  /**
   * Reads a tokenizer's files: tokenizer.json if it is there, else tokenizer.model, else vocab.json and merges.txt.
   *
   * @param readSentencePiece reads tokenizer.model. Default: as the converter does
   * @throws FormatError naming what is missing or cannot be used
   */
  static async read(
    folder: string,
    readSentencePiece: ReadSentencePiece = readSentencePieceModel,
  ): Promise<ReferenceTokenizer> {
    const files = await readVerificationFiles(folder);
    const path = join(folder, 'tokenizer.model');
    const own = files.tokenizer === undefined && existsSync(path);
    const pieces = own ? await readSentencePiece(path) : undefined;
    const json =
      files.tokenizer === undefined ? tokenizerOf(files, pieces) : withPlainSpaces(files.tokenizer);
    const further = furtherAddedTokens(files, json.added_tokens, vocabularyOf(json));
    const complete = { ...json, added_tokens: [...json.added_tokens, ...further] };
    try {
      return new ReferenceTokenizer(complete, files.config, pieces);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FormatError('tokenizer', `the JavaScript tokenizer can't use it: ${reason}`, {
        cause: error,
      });
    }
  }

  /**
   * A text as both tokenizers are to be given it: in Unicode's normal form C where this tokenizer would put it
   * into that first. llama.cpp (v0.5.0) never does, so a client has to.
   */
  prepare(text: string): string {
    return this.#composes ? text.normalize('NFC') : text;
  }

  /** Ids of a text; texts of special tokens stand for those. */
  encode(text: string): number[] {
    const { ids, tokens } = this.#tokenizer.encode(text, { add_special_tokens: false });
    if (!this.#byteFallback) return ids;
    return ids.flatMap((id, index) => (id === this.#unknownId ? this.#bytesOf(tokens[index] ?? '') : [id]));
  }

  /** The same with what the tokenizer adds to a prompt. */
  encodeWithSpecial(text: string): number[] {
    return [...this.#frame.before, ...this.encode(text), ...this.#frame.after];
  }

  /**
   * The start or the end token: the post-processor's end wins over tokenizer_config.json's, as in llama.cpp's
   * converter; undefined where the files name none.
   *
   * @param written what the converted file has, which may be of config.json's choice
   */
  specialId(name: End, written: number | undefined): number | undefined {
    const text = this.#config[`${name}_token`] ?? '';
    const named = text === '' ? undefined : this.#tokenizer.token_to_id(text);
    const { before, after } = this.#template;
    const id = name === 'bos' ? (named ?? before[0]) : (after.at(-1) ?? named);
    return id ?? (this.#pieces === undefined ? undefined : pieceIdOf(this.#pieces, name, written));
  }

  /** Undefined where there is nothing to compare: no ids, or some that are not made of the text's bytes. */
  decode(ids: readonly number[]): string | undefined {
    if (ids.length === 0 || ids.some((id) => this.#opaque.has(id))) return undefined;
    return this.#tokenizer.decode([...ids], {
      skip_special_tokens: true,
      clean_up_tokenization_spaces: false,
    });
  }

  /** The library has no byte fallback for Unigram models. */
  #bytesOf(text: string): number[] {
    return [...Buffer.from(text)].map((byte) => {
      const name = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
      return this.#tokenizer.token_to_id(name) ?? this.#unknownId ?? -1;
    });
  }
}

/** Whether a normalizer is one to normal form C, or has one among its steps. */
function composes(normalizer: unknown): boolean {
  const { type, normalizers } = (normalizer ?? {}) as { type?: unknown; normalizers?: unknown };
  return type === 'NFC' || (Array.isArray(normalizers) && normalizers.some(composes));
}

/** What a tokenizer puts around a text. */
interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** tokenizer_config.json has the last word on the start and the end token, as in transformers. */
function frameOf(tokenizer: JsTokenizer, config: TokenizerConfig, template: Frame): Frame {
  const choose = (
    name: 'bos_token' | 'eos_token',
    choice: boolean | null | undefined,
    standard: readonly number[],
  ): readonly number[] => {
    if (choice == null) return standard;
    const text = config[name];
    const id = text == null ? undefined : tokenizer.token_to_id(text);
    return choice && id !== undefined ? [id] : [];
  };
  return {
    before: choose('bos_token', config.add_bos_token, template.before),
    after: choose('eos_token', config.add_eos_token, template.after),
  };
}

/** What the post-processor puts around a text, learnt from one. */
function templateOf(tokenizer: JsTokenizer): Frame {
  const encode = (text: string, special: boolean): number[] =>
    tokenizer.encode(text, { add_special_tokens: special }).ids;
  // A letter that this vocabulary has.
  const probe = Array.from('aeiou0 .').find((letter) => encode(letter, false).length > 0);
  if (probe === undefined) return { before: [], after: [] };
  const bare = encode(probe, false);
  const framed = encode(probe, true);
  const start = framed.findIndex((_, at) => bare.every((id, index) => framed[at + index] === id));
  return { before: framed.slice(0, start), after: framed.slice(start + bare.length) };
}

function tokenizerOf(files: VerificationFiles, pieces: SentencePieceVocabulary | undefined): TokenizerJson {
  if (pieces !== undefined) return sentencePieceTokenizer(pieces, files);
  const { vocabulary, merges } = files;
  if (vocabulary !== undefined && merges !== undefined)
    return byteLevelTokenizer({ ...files, vocabulary, merges });
  throw new FormatError(
    'tokenizer',
    'there is neither tokenizer.json, nor tokenizer.model, nor vocab.json with merges.txt',
  );
}

function vocabularyOf({ model }: TokenizerJson): Map<string, number> {
  const vocabulary = model['vocab'];
  if (Array.isArray(vocabulary))
    return new Map((vocabulary as [string, number][]).map(([text], id) => [text, id]));
  return new Map(Object.entries((vocabulary ?? {}) as Record<string, number>));
}
