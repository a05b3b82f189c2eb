import {
  furtherAddedTokens,
  splitMerges,
  type TokenizerJson,
  type VerificationFiles,
} from './tokenizer-files.js';

/** What cuts text into words in Qwen 2's tokenizer; published in its tokenizer.json files. */
const QWEN2_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * tokenizer.json of vocab.json and merges.txt, as transformers makes it: a byte-level BPE that cuts text as GPT-2
 * does, or as Qwen 2 where tokenizer_config.json names that.
 */
export function byteLevelTokenizer(
  files: VerificationFiles & {
    readonly vocabulary: Readonly<Record<string, number>>;
    readonly merges: string;
  },
): TokenizerJson {
  const qwen2 = files.config.tokenizer_class?.startsWith('Qwen2') === true;
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: files.config.add_prefix_space ?? false,
    trim_offsets: false,
    use_regex: !qwen2,
  };
  const words = { type: 'Split', pattern: { Regex: QWEN2_WORDS }, behavior: 'Isolated', invert: false };
  return {
    added_tokens: furtherAddedTokens(files, [], new Map(Object.entries(files.vocabulary))),
    normalizer: qwen2 ? { type: 'NFC' } : null,
    pre_tokenizer: qwen2 ? { type: 'Sequence', pretokenizers: [words, byteLevel] } : byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: files.vocabulary, merges: splitMerges(files.merges) },
  };
}
