import { FormatError } from '../format-error.js';
import {
  furtherAddedTokens,
  plainAddedToken,
  type TokenizerJson,
  type VerificationFiles,
} from './tokenizer-files.js';

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type: 'normal' | 'unknown' | 'control' | 'userDefined' | 'unused' | 'byte';
}

/** What is needed of a SentencePiece `tokenizer.model`; the converter's reader gives it. */
export interface SentencePieceVocabulary {
  /** By id. */
  readonly pieces: readonly Piece[];
  readonly modelType: string;
  /** Ids of pieces with a meaning, below 0 for none. Default: not known. */
  readonly specialIds?: Readonly<Record<'unk' | 'bos' | 'eos' | 'pad', number>>;
  readonly byteFallback: boolean;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  /** Not empty: the text is normalised first (nmt_nfkc and the like). */
  readonly precompiledCharsmap: Uint8Array;
}

/** SentencePiece's mark for a space. */
const MARK = '\u2581';

/**
 * tokenizer.json of a SentencePiece model that gives the ids of SentencePiece itself: BPE with merges in the order
 * of the pieces' scores, or Unigram.
 *
 * @throws FormatError for other kinds of models
 */
export function sentencePieceTokenizer(
  model: SentencePieceVocabulary,
  files: VerificationFiles,
): TokenizerJson {
  const ids = new Map(model.pieces.map(({ text }, id) => [text, id]));
  const special = model.pieces.flatMap(({ text, type }, id) =>
    // User-defined pieces are found before anything else, runs of spaces among them.
    type === 'userDefined'
      ? [plainAddedToken(id, text.replaceAll(MARK, ' '), false)]
      : ['control', 'unknown'].includes(type)
        ? [plainAddedToken(id, text, true)]
        : [],
  );
  return {
    added_tokens: [...special, ...furtherAddedTokens(files, special, ids)],
    normalizer: { type: 'Sequence', normalizers: normalizers(model) },
    pre_tokenizer: prefixesWords(model)
      ? { type: 'Metaspace', replacement: MARK, prepend_scheme: 'always' }
      : null,
    post_processor: startToken(files.config.bos_token ?? '<s>', ids),
    decoder: decoder(model),
    model: model.modelType === 'bpe' ? bpe(model, ids) : unigram(model),
  };
}

/**
 * transformers' tokenizers on SentencePiece put the start token first unless tokenizer_config.json says otherwise.
 */
function startToken(content: string, ids: ReadonlyMap<string, number>): object | null {
  if (!ids.has(content)) return null;
  const single = [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  return { type: 'TemplateProcessing', single, pair: single };
}

/** Where spaces at the ends go, the prefix belongs to what is left, and there is none for nothing. */
function prefixesWords({ addDummyPrefix, removeExtraWhitespaces }: SentencePieceVocabulary): boolean {
  return addDummyPrefix && removeExtraWhitespaces;
}

function normalizers(model: SentencePieceVocabulary): object[] {
  const replace = (pattern: object, content: string): object => ({ type: 'Replace', pattern, content });
  return [
    ...(model.precompiledCharsmap.length > 0 ? [{ type: 'Precompiled', precompiled_charsmap: null }] : []),
    ...(model.removeExtraWhitespaces
      ? [{ type: 'Strip', strip_left: true, strip_right: true }, replace({ Regex: ' {2,}' }, ' ')]
      : []),
    ...(model.addDummyPrefix && !prefixesWords(model) ? [{ type: 'Prepend', prepend: MARK }] : []),
    replace({ String: ' ' }, MARK),
  ];
}

function decoder({ addDummyPrefix }: SentencePieceVocabulary): object {
  return {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: MARK }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      ...(addDummyPrefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
    ],
  };
}

/** Byte pieces and the like are never found in a text by their names; the library knows no types. */
const UNREACHABLE = -10_000;

function isSpelt(type: Piece['type'] | undefined): boolean {
  return type === 'normal' || type === 'userDefined';
}

function unigram({ pieces, byteFallback, modelType }: SentencePieceVocabulary): Record<string, unknown> {
  if (modelType !== 'unigram') {
    throw new FormatError('tokenizer.model', `expected bpe or unigram for model_type, received ${modelType}`);
  }
  return {
    type: 'Unigram',
    unk_id: pieces.findIndex(({ type }) => type === 'unknown'),
    vocab: pieces.map(({ text, score, type }) => [text, isSpelt(type) ? score : UNREACHABLE]),
    byte_fallback: byteFallback,
  };
}

function bpe(model: SentencePieceVocabulary, ids: ReadonlyMap<string, number>): Record<string, unknown> {
  return {
    type: 'BPE',
    vocab: Object.fromEntries(ids),
    merges: merges(model, ids),
    unk_token: model.pieces.find(({ type }) => type === 'unknown')?.text ?? null,
    fuse_unk: true,
    byte_fallback: model.byteFallback,
  };
}

/** Every way to make a piece of two others, the best piece first. */
function merges({ pieces }: SentencePieceVocabulary, ids: ReadonlyMap<string, number>): string[][] {
  const isPart = (text: string): boolean => isSpelt(pieces[ids.get(text) ?? -1]?.type);
  const found = pieces.flatMap(({ text, score, type }) => {
    if (type !== 'normal') return [];
    const characters = Array.from(text);
    const cuts = characters.slice(1).map((_, index) => index + 1);
    return cuts
      .map((cut) => ({
        left: characters.slice(0, cut).join(''),
        right: characters.slice(cut).join(''),
        score,
      }))
      .filter(({ left, right }) => isPart(left) && isPart(right))
      .sort((a, b) => (ids.get(a.left) ?? 0) - (ids.get(b.left) ?? 0));
  });
  return found.sort((a, b) => b.score - a.score).map(({ left, right }) => [left, right]);
}
