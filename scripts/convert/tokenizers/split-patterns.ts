/**
 * Regular expressions that cut text into words, in one spelling: as tokenizer.json has them, and what llama.cpp's
 * `llm_tokenizer_bpe` (src/llama-vocab.cpp) lists as the original of its own.
 */

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const LINES_AND_SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const WORD = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const SYMBOLS = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;

/** Words that start with capitals and go on small, or the other way round, and what may follow each. */
const cased = (suffix: string): string =>
  [
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${suffix}`,
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${suffix}`,
  ].join('|');

const SLASHED_SYMBOLS = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`;

/** Runs of spaces in powers of two. */
const CASCADE = [512, 256, 128, 64, 32, 16, 8, 4].map((width) => String.raw`\s{${width}}(?!\S)`).join('|');

const DEEPSEEK3_WORDS =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+' +
  `| ?[\\p{P}\\p{S}]+[\\r\\n]*|${LINES_AND_SPACES}`;

/** By what they are known for. */
export const SPLIT_PATTERNS = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  llama3: String.raw`${CONTRACTIONS}|${WORD}|\p{N}{1,3}|${SYMBOLS}|${LINES_AND_SPACES}`,
  qwen2: String.raw`${CONTRACTIONS}|${WORD}|\p{N}|${SYMBOLS}|${LINES_AND_SPACES}`,
  qwen35: String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${LINES_AND_SPACES}`,
  tekken: String.raw`${cased('')}|\p{N}|${SLASHED_SYMBOLS}|${LINES_AND_SPACES}`,
  gpt4o: String.raw`${cased(`${CONTRACTIONS}?`)}|\p{N}{1,3}|${SLASHED_SYMBOLS}|${LINES_AND_SPACES}`,
  jais2: String.raw`${CONTRACTIONS}|${WORD}|\p{N}{1,3}|${SYMBOLS}|\s*[\r\n]+|${CASCADE}|\s{1,2}(?!\S)|\s{1}`,
  seedCoder: String.raw`${CONTRACTIONS}|${WORD}|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|${LINES_AND_SPACES}`,
  ufakzeka: String.raw`${WORD}|\p{N}|${SYMBOLS}|${LINES_AND_SPACES}`,
  minicpm5: String.raw`${CONTRACTIONS}|${WORD}|\p{N}+|${SYMBOLS}|${LINES_AND_SPACES}`,
  digit: String.raw`\p{N}`,
  threeDigits: String.raw`\p{N}{1,3}`,
  hanAndKana: '[一-龥\u3040-ゟ゠-ヿ]+',
  deepseek3: DEEPSEEK3_WORDS,
  line: String.raw`[\r\n]`,
  spacedLetters: String.raw`\s?\p{L}+`,
  spacedPunctuation: String.raw`\s?\p{P}+`,
  hanAndHangul: '[一-龥ࠀ-一가-\uD7FF]+',
} as const;

/** A name in `SPLIT_PATTERNS`. */
export type SplitPattern = keyof typeof SPLIT_PATTERNS;

/**
 * Alternatives that match the same text. A possessive quantifier makes no difference where what follows cannot
 * match what it has taken, and `\s*[\r\n]` already reaches the last line break of a run of white space.
 */
const EQUAL_ALTERNATIVES: ReadonlyMap<string, string> = new Map([
  ["'(?i:[sdmt]|ll|ve|re)", CONTRACTIONS],
  ["(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])", CONTRACTIONS],
  ["'(?:[sdmt]|ll|ve|re)", "'s|'t|'re|'ve|'m|'ll|'d"],
  [String.raw`[^\r\n\p{L}\p{N}]?+\p{L}+`, WORD],
  [String.raw`[^\r\n\p{L}\p{N}]?+\p{L}++`, WORD],
  [String.raw` ?[^\s\p{L}\p{N}]++[\r\n]*`, SYMBOLS],
  [String.raw` ?[^\s\p{L}\p{N}]++[\r\n]*+`, SYMBOLS],
  [String.raw`\s*[\r\n]`, String.raw`\s*[\r\n]+`],
  [String.raw`\p{N}{1}`, String.raw`\p{N}`],
  [String.raw`\p{N}{1,3}+`, String.raw`\p{N}{1,3}`],
  [String.raw` ?\p{L}++`, String.raw` ?\p{L}+`],
  [String.raw` ?\p{N}++`, String.raw` ?\p{N}+`],
  [String.raw` ?[^\s\p{L}\p{N}]++`, String.raw` ?[^\s\p{L}\p{N}]+`],
]);

const NAMES = new Map<string, SplitPattern>(
  Object.entries(SPLIT_PATTERNS).map(([name, text]) => [canonical(text), name as SplitPattern]),
);

/** The known expression that cuts text as this one does, undefined if there is none. */
export function findSplitPattern(expression: string): SplitPattern | undefined {
  return NAMES.get(canonical(expression));
}

function canonical(expression: string): string {
  return alternatives(expression.replaceAll('\r', String.raw`\r`).replaceAll('\n', String.raw`\n`))
    .map((alternative) => EQUAL_ALTERNATIVES.get(alternative) ?? alternative)
    .join('|');
}

/** What "|" separates outside of brackets. */
function alternatives(expression: string): string[] {
  const result: string[] = [];
  let current = '';
  let groups = 0;
  let inClass = false;
  for (const [part] of expression.matchAll(/\\.|[^]/gu)) {
    if (part === '|' && groups === 0 && !inClass) {
      result.push(current);
      current = '';
      continue;
    }
    if (part === '[') inClass = true;
    else if (part === ']') inClass = false;
    else if (part === '(' && !inClass) groups += 1;
    else if (part === ')' && !inClass) groups -= 1;
    current += part;
  }
  return [...result, current];
}
