import type { OutputTypeName } from '../output-types.js';
import { BOUNDS } from './bounds.js';
import type { LogitComparison } from './logits.js';
import { isWrong, type SpecialTokenComparison } from './special-tokens.js';
import type { TokenizerComparison } from './tokenizers.js';

/** What is wrong with a file of this type, a line each; empty if nothing is. */
export function judge(
  outtype: OutputTypeName,
  logits: LogitComparison,
  tokenizer: TokenizerComparison,
): string[] {
  return [...judgeLogits(outtype, logits), ...judgeTokenizer(tokenizer)];
}

/** The same for its start and end token. */
export function judgeSpecialTokens(tokens: readonly SpecialTokenComparison[]): string[] {
  return tokens
    .filter(isWrong)
    .map(
      ({ name, file, expected }) =>
        `expected the tokenizer's ${expected} for ${name}_token_id, received ${file ?? 'none'}`,
    );
}

function judgeLogits(outtype: OutputTypeName, logits: LogitComparison): string[] {
  if (logits.nonFinite > 0 || logits.referenceNonFinite > 0) {
    return [
      `expected finite logits, received ${logits.nonFinite} that are not, and ${logits.referenceNonFinite} of the F32 reference`,
    ];
  }
  const bounds = BOUNDS[outtype];
  const ratio = logits.perplexity / logits.referencePerplexity;
  const failures: string[] = [];
  const require = (what: string, value: number, most: number): void => {
    // Written so that NaN fails.
    if (!(value <= most))
      failures.push(`expected at most ${most} for ${what}, received ${value.toPrecision(4)}`);
  };
  const ratioName = `the ratio of ${outtype} and F32 perplexities`;
  require(ratioName, ratio < 1 ? 1 / ratio : ratio, bounds.perplexity);
  require('the divergence in nats a token', logits.divergence, bounds.divergence);
  if (bounds.difference !== undefined) {
    require('the largest logit difference in spreads', logits.maxDifference /
      logits.spread, bounds.difference);
  }
  return failures;
}

function judgeTokenizer({ differences, strings }: TokenizerComparison): string[] {
  if (differences.length === 0) return [];
  const names = differences.slice(0, 3).map(({ what }) => `"${what}"`);
  const others = differences.length > names.length ? ' and others' : '';
  return [
    `expected Hugging Face's tokens for ${strings} strings, received others for ${differences.length}: ${names.join(', ')}${others}`,
  ];
}
