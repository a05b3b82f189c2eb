import { FormatError, quote } from '../format-error.js';
import { type Component, componentSteps, type TokenizerFiles } from './files.js';
import { findSplitPattern, type SplitPattern } from './split-patterns.js';

/** A way of cutting text into words before the merges, and llama.cpp's name for it (`tokenizer.ggml.pre`). */
export interface PreTokenizer {
  readonly name: string;
  /** What the text is cut by, one after the other. */
  readonly steps: readonly SplitPattern[];
  /** Whether llama.cpp takes a word that is a token whole. Default false. */
  readonly ignoreMerges?: boolean;
  /** Whether llama.cpp puts the first token in unless told otherwise. Default false. */
  readonly addsBos?: boolean;
}

/**
 * Recognised by what tokenizer.json says it does. llama.cpp's converter hashes the ids of a test text instead,
 * which knows published vocabularies only and refuses a newly trained one. Of names that mean the same to
 * llama.cpp, the one of the best-known models.
 */
const PRE_TOKENIZERS: readonly PreTokenizer[] = [
  { name: 'gpt-2', steps: ['gpt2'] },
  { name: 'llama-bpe', steps: ['llama3'], ignoreMerges: true, addsBos: true },
  { name: 'dbrx', steps: ['llama3'] },
  { name: 'qwen2', steps: ['qwen2'] },
  { name: 'qwen35', steps: ['qwen35'] },
  { name: 'smollm', steps: ['digit', 'gpt2'] },
  { name: 'tekken', steps: ['tekken'], ignoreMerges: true, addsBos: true },
  { name: 'gpt-4o', steps: ['gpt4o'] },
  { name: 'deepseek-v3', steps: ['threeDigits', 'hanAndKana', 'deepseek3'] },
  {
    name: 'deepseek-coder',
    steps: ['line', 'spacedLetters', 'spacedPunctuation', 'hanAndHangul', 'digit'],
  },
  { name: 'jais-2', steps: ['jais2'] },
  { name: 'seed-coder', steps: ['seedCoder'] },
  { name: 'minicpm5', steps: ['threeDigits', 'minicpm5'], ignoreMerges: true },
  { name: 'ufakzeka', steps: ['ufakzeka'] },
];

/** Names that llama.cpp's converter has for the same cut in models of an architecture: Pythia has OLMo's vocabulary. */
const NAMES_BY_ARCHITECTURE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gptneox: { 'gpt-2': 'olmo' },
};

/** Leave the text as it is, or almost: llama.cpp does not compose characters (see docs/convert.md). */
const ALLOWED_NORMALIZERS = ['NFC'];

/**
 * llama.cpp's name of a tokenizer's pre-tokenizer and what goes with it.
 *
 * @param ignoreMerges whether a word that is a token is taken whole
 * @throws FormatError if there is none that cuts text the same way
 */
export function findPreTokenizer(
  files: TokenizerFiles,
  architecture: string,
  ignoreMerges: boolean,
): PreTokenizer {
  refusePrefixSpace(files);
  refuseNormalizers(files);
  const cut = describeSteps(files);
  const found = PRE_TOKENIZERS.find(
    (candidate) =>
      candidate.steps.join() === cut.patterns?.join() && (candidate.ignoreMerges ?? false) === ignoreMerges,
  );
  if (found !== undefined) {
    return { ...found, name: NAMES_BY_ARCHITECTURE[architecture]?.[found.name] ?? found.name };
  }
  const known = PRE_TOKENIZERS.map(({ name }) => name).join(', ');
  const merges = ignoreMerges ? ' with ignore_merges' : '';
  throw new FormatError(
    'tokenizer.json',
    `no known pre-tokenizer (${known}) cuts text as ${cut.description}${merges} does`,
  );
}

interface Cut {
  /** Undefined if one of the steps is not known. */
  readonly patterns: readonly SplitPattern[] | undefined;
  /** For messages. */
  readonly description: string;
}

/** What the pre-tokenizer cuts by; its last step has to be the one that turns bytes into letters. */
function describeSteps({ tokenizer }: TokenizerFiles): Cut {
  // vocab.json and merges.txt say nothing of it: they are GPT-2's own format.
  if (tokenizer === undefined) return { patterns: ['gpt2'], description: 'GPT-2' };
  const steps = componentSteps(tokenizer.pre_tokenizer, 'pretokenizers');
  const description = steps.length === 0 ? 'none' : steps.map(describeStep).join(' + ');
  const last = steps.at(-1);
  if (last?.type !== 'ByteLevel') return { patterns: undefined, description };
  const patterns = steps.slice(0, -1).map(patternOf);
  // ByteLevel with its built-in regular expression is GPT-2's.
  if (last['use_regex'] !== false) patterns.push('gpt2');
  const known = patterns.filter((pattern) => pattern !== undefined);
  return { patterns: known.length === patterns.length ? known : undefined, description };
}

function patternOf(step: Component): SplitPattern | undefined {
  if (step.type === 'Digits') return step['individual_digits'] === true ? 'digit' : undefined;
  const expression = expressionOf(step);
  const pattern = expression === undefined ? undefined : findSplitPattern(expression);
  if (pattern === undefined) return undefined;
  if (step['behavior'] === 'Isolated' && step['invert'] !== true) return pattern;
  // What these expressions leave between two matches is nothing, so to keep the matches alone is the same.
  const complete = ['gpt2', 'llama3', 'qwen2', 'qwen35', 'tekken', 'gpt4o'].includes(pattern);
  return step['behavior'] === 'Removed' && step['invert'] === true && complete ? pattern : undefined;
}

function expressionOf({ type, pattern }: Component): string | undefined {
  if (type !== 'Split' || typeof pattern !== 'object' || pattern === null) return undefined;
  const { Regex: expression } = pattern as { readonly Regex?: unknown };
  return typeof expression === 'string' ? expression : undefined;
}

function describeStep(step: Component): string {
  const expression = expressionOf(step);
  return expression === undefined ? step.type : `${step.type} ${quote(expression)}`;
}

function refuseNormalizers({ tokenizer }: TokenizerFiles): void {
  const refused = componentSteps(tokenizer?.normalizer, 'normalizers').find(
    ({ type }) => !ALLOWED_NORMALIZERS.includes(type),
  );
  if (refused !== undefined) {
    throw new FormatError('tokenizer.json', `the normalizer ${quote(refused.type)} is not supported`);
  }
}

/** Nothing in llama.cpp's BPE puts a space before the first word. */
function refusePrefixSpace({ tokenizer, config }: TokenizerFiles): void {
  const steps = componentSteps(tokenizer?.pre_tokenizer, 'pretokenizers');
  if (steps.some((step) => step['add_prefix_space'] === true) || config?.add_prefix_space === true) {
    throw new FormatError('tokenizer', 'expected false for add_prefix_space, received true');
  }
}
