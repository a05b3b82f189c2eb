import { isWrong, type SpecialTokenComparison } from './special-tokens.js';
import type { TokenizerDifference } from './tokenizers.js';
import type { VerificationReport } from './verify.js';

/** Differences of the tokenizers that are listed. */
const LISTED = 20;
const LONGEST = 200;

const KINDS: Readonly<Record<TokenizerDifference['kind'], string>> = {
  ids: 'ids',
  idsWithSpecial: 'ids of a prompt',
  decoded: 'text from the ids',
};

const NAMES: Readonly<Record<SpecialTokenComparison['name'], string>> = { bos: 'start', eos: 'end' };

/** A report for people: what was compared, what came out, whether it passed. Ends with a newline. */
export function formatReport(report: VerificationReport): string {
  const lines = [...logitLines(report), ...tokenizerLines(report), specialLine(report), verdict(report)];
  return lines.map((line) => `${line}\n`).join('');
}

function logitLines({ outtype, logits, vocabularySize }: VerificationReport): string[] {
  const { positions, predicted, spread, perplexity, referencePerplexity } = logits;
  const change = (perplexity / referencePerplexity - 1) * 100;
  const sign = change < 0 ? '' : '+';
  return [
    `compared with an F32 conversion, on ${positions} positions of a built-in text, ${vocabularySize} logits each:`,
    `  largest logit difference  ${logits.maxDifference.toPrecision(3)} (the F32 logits span ${spread.toPrecision(3)})`,
    `  perplexity                ${perplexity.toFixed(3)} as ${outtype}, ${referencePerplexity.toFixed(3)} as f32 (${sign}${change.toFixed(3)} %, ${predicted} tokens)`,
    `  divergence                ${logits.divergence.toExponential(2)} nats a token`,
    `  same likeliest token      ${(logits.sameArgmax * 100).toFixed(1)} % of positions`,
  ];
}

function tokenizerLines({ tokenizer }: VerificationReport): string[] {
  const { strings, decoded, roundTrips, differences } = tokenizer;
  const more = differences.length - LISTED;
  return [
    `compared with Hugging Face's tokenizer in JavaScript, on ${strings} built-in strings:`,
    `  different                 ${differences.length}`,
    `  turned back into text     ${decoded}, of which ${roundTrips} as they were`,
    ...differences.slice(0, LISTED).flatMap(describe),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function describe({ what, text, kind, file, expected }: TokenizerDifference): string[] {
  return [
    `  ${what}: ${shortened(escaped(text))}`,
    `    ${KINDS[kind]} in the file:  ${shortened(escapeNonAscii(file))}`,
    `    ${KINDS[kind]} expected:     ${shortened(escapeNonAscii(expected))}`,
  ];
}

function specialLine({ specialTokens }: VerificationReport): string {
  const ids = specialTokens.map(({ file }) => file ?? 'none').join(' and ');
  const wrong = specialTokens.filter(isWrong);
  const open = specialTokens.filter(({ expected }) => expected === undefined);
  const told = (tokens: readonly SpecialTokenComparison[], of: (token: SpecialTokenComparison) => string) =>
    tokens.map((token) => `${NAMES[token.name]} token ${of(token)}`);
  const notes = [
    ...told(wrong, ({ expected }) => `expected: ${expected}`),
    ...told(open, () => 'not named there'),
  ];
  const all =
    notes.length === 0 ? "as in the tokenizer's files" : `by the tokenizer's files: ${notes.join(', ')}`;
  return `  start and end token       ${ids}, ${all}`;
}

function verdict({ failures }: VerificationReport): string {
  return failures.length === 0 ? 'verified' : `NOT verified: ${failures.join('; ')}`;
}

/** As a JSON string in ASCII: what cannot be seen, or sends the cursor about, stands there in figures. */
function escaped(text: string): string {
  return escapeNonAscii(JSON.stringify(text));
}

function escapeNonAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
