import type { GoldenEntry } from './gguf-golden.js';

/** Stands for the number of the file's own type. */
const FILE_TYPE = Symbol('file type');

/** What our file says otherwise than the reference's, and why. docs/convert.md has the same list. */
export interface Difference {
  readonly reason: string;
  readonly cases: readonly string[];
  readonly key: string;
  /** Our entry without its key. */
  readonly ours: readonly unknown[];
  /** Where the reference has no such entry: the key that ours comes after. */
  readonly after?: string;
}

const UNIGRAM =
  'the reference marks a unigram model as BPE ("llama"): llama.cpp then cuts text into other tokens than SentencePiece, and ends at a character without a piece where there are no bytes';

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'the reference forgets the file type of GPT-NeoX',
    cases: ['neox', 'neox-sequential', 'merge:neox'],
    key: 'general.file_type',
    ours: ['uint32', FILE_TYPE],
    after: 'gptneox.attention.layer_norm_epsilon',
  },
  {
    reason: "the reference writes YaRN's attention factor under a key that llama.cpp does not read",
    cases: ['llama-yarn'],
    key: 'llama.rope.scaling.attn_factor',
    ours: ['float32', Math.fround(1.25 / (1 + 0.1 * Math.log(4)))],
    after: 'llama.rope.scaling.yarn_beta_slow',
  },
  {
    reason:
      'the reference gives every token of a tokenizer.json with byte fallback the same score, and llama.cpp then merges in another order than the file says',
    cases: ['llama-hf'],
    key: 'tokenizer.ggml.scores',
    ours: ['array:float32', 472, '14788a1517778c4d', Array(8).fill(-1000)],
  },
  {
    reason: UNIGRAM,
    cases: ['llama-unigram', 'llama-unigram-plain'],
    key: 'tokenizer.ggml.model',
    ours: ['string', 't5'],
  },
  {
    reason:
      'pieces defined by the user are matched before the model cuts the text; the reference loses that mark',
    cases: ['llama-unigram'],
    key: 'tokenizer.ggml.token_type',
    ours: ['array:int32', 500, '4cb2cbfedaba1fd0', [3, 3, 3, 4, 6, 6, 6, 6]],
  },
  {
    reason: UNIGRAM,
    cases: ['llama-unigram-plain'],
    key: 'tokenizer.ggml.add_space_prefix',
    ours: ['bool', true],
    after: 'tokenizer.ggml.token_type',
  },
  {
    reason: UNIGRAM,
    cases: ['llama-unigram-plain'],
    key: 'tokenizer.ggml.remove_extra_whitespaces',
    ours: ['bool', false],
    after: 'tokenizer.ggml.add_space_prefix',
  },
  {
    reason: UNIGRAM,
    cases: ['llama-unigram'],
    key: 'tokenizer.ggml.remove_extra_whitespaces',
    ours: ['bool', false],
    after: 'tokenizer.ggml.token_type',
  },
  {
    reason: UNIGRAM,
    cases: ['llama-unigram', 'llama-unigram-plain'],
    key: 'tokenizer.ggml.unknown_token_id',
    ours: ['uint32', 0],
    after: 'tokenizer.ggml.add_eos_token',
  },
];

/**
 * The reference's metadata with our justified differences put in.
 *
 * @param fileType the number of the file's own type
 * @throws Error if a difference is none any more
 */
export function withDifferences(
  name: string,
  metadata: readonly GoldenEntry[],
  fileType: number,
): GoldenEntry[] {
  let entries = [...metadata];
  for (const difference of DIFFERENCES.filter(({ cases }) => cases.includes(name))) {
    const { key, after } = difference;
    const [type, ...rest] = difference.ours.map((part) => (part === FILE_TYPE ? fileType : part));
    const entry: GoldenEntry = [key, String(type), ...rest];
    const position = entries.findIndex((candidate) => candidate[0] === (after ?? key));
    if (position === -1 || entries.some((candidate) => candidate[0] === key) !== (after === undefined)) {
      throw new Error(`the reference's ${key} of ${name} is not what the difference was about`);
    }
    entries = entries.toSpliced(
      after === undefined ? position : position + 1,
      after === undefined ? 1 : 0,
      entry,
    );
  }
  return entries;
}
