import type { TokenizerJson } from './tokenizer-files.js';

interface Component {
  readonly type?: unknown;
  readonly prepend_scheme?: unknown;
}

/** SentencePiece's mark for a space. */
const MARK = '\u2581';

/**
 * A tokenizer.json of a SentencePiece BPE that puts a space before every stretch of text, as SentencePiece and
 * llama.cpp do. Newer ones ("Metaspace") leave it out where the text begins with a space, and after special
 * tokens; GGUF can't say that.
 */
export function withPlainSpaces(json: TokenizerJson): TokenizerJson {
  const pre = (json.pre_tokenizer ?? {}) as Component;
  const isBpe = json.model['type'] !== 'Unigram';
  if (pre.type !== 'Metaspace' || !isBpe) return json;
  const prepend = pre.prepend_scheme === 'never' ? [] : [{ type: 'Prepend', prepend: MARK }];
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: MARK };
  const first = json.normalizer == null ? [] : [json.normalizer];
  return {
    ...json,
    normalizer: { type: 'Sequence', normalizers: [...first, ...prepend, replace] },
    pre_tokenizer: null,
  };
}
