import { FormatError, quote } from '../format-error.js';
import type { TokenizerFiles, TokenizerJson } from './files.js';

/** A way of cutting text into words before the merges, and llama.cpp's name for it (`tokenizer.ggml.pre`). */
interface PreTokenizer {
  readonly name: string;
  readonly matches: (steps: readonly Readonly<Record<string, unknown>>[]) => boolean;
}

/**
 * Recognised by what tokenizer.json says it does. llama.cpp's converter hashes the ids of a test text instead,
 * which knows published vocabularies only and refuses a newly trained one.
 */
const PRE_TOKENIZERS: readonly PreTokenizer[] = [
  {
    name: 'gpt-2',
    // ByteLevel with its built-in regular expression is GPT-2's.
    matches: ([step, ...rest]) =>
      rest.length === 0 && step?.['type'] === 'ByteLevel' && step['use_regex'] !== false,
  },
];

/**
 * llama.cpp's name of a tokenizer's pre-tokenizer.
 *
 * @throws FormatError if there is none that cuts text the same way
 */
export function findPreTokenizer(files: TokenizerFiles): string {
  const { tokenizer } = files;
  refusePrefixSpace(files);
  // vocab.json and merges.txt say nothing of it: they are GPT-2's own format.
  if (tokenizer === undefined) return 'gpt-2';
  if (tokenizer.normalizer != null) {
    throw new FormatError(
      'tokenizer.json',
      `the normalizer ${quote(tokenizer.normalizer.type)} is not supported`,
    );
  }
  const found = PRE_TOKENIZERS.find((candidate) => candidate.matches(steps(tokenizer)));
  if (found !== undefined) return found.name;
  const types = steps(tokenizer).map((step) => String(step['type']));
  const known = PRE_TOKENIZERS.map((candidate) => candidate.name).join(', ');
  throw new FormatError(
    'tokenizer.json',
    `no known pre-tokenizer (${known}) cuts text as ${types.length === 0 ? 'none' : types.join(' + ')} does`,
  );
}

/** Nothing in llama.cpp's BPE puts a space before the first word. */
function refusePrefixSpace({ tokenizer, config }: TokenizerFiles): void {
  const inSteps =
    tokenizer !== undefined && steps(tokenizer).some((step) => step['add_prefix_space'] === true);
  if (inSteps || config?.add_prefix_space === true) {
    throw new FormatError('tokenizer', 'expected false for add_prefix_space, received true');
  }
}

/** The pre-tokenizer as a list of steps, a sequence taken apart. */
function steps(tokenizer: TokenizerJson): readonly Readonly<Record<string, unknown>>[] {
  const pre = tokenizer.pre_tokenizer;
  if (pre == null) return [];
  const { pretokenizers } = pre;
  return pre.type === 'Sequence' && Array.isArray(pretokenizers)
    ? (pretokenizers as readonly Readonly<Record<string, unknown>>[])
    : [pre];
}
