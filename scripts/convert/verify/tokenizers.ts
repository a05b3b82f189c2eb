import type { Tokenization } from './messages.js';
import type { ReferenceTokenizer } from './reference-tokenizer.js';
import type { AwkwardString } from './strings.js';

/** A string that the tokenizer in the file and Hugging Face's treat differently. */
export interface TokenizerDifference extends AwkwardString {
  /** What differs: the ids, the ids with what is added to a prompt, or the text that the ids turn back into. */
  readonly kind: 'ids' | 'idsWithSpecial' | 'decoded';
  /** Ids or text, as text. */
  readonly file: string;
  readonly expected: string;
}

export interface TokenizerComparison {
  /** Strings tokenised. */
  readonly strings: number;
  /** Of those, how many were turned back into text by both. */
  readonly decoded: number;
  /** And of these, how many came back as they were, a space at the front aside. */
  readonly roundTrips: number;
  readonly differences: readonly TokenizerDifference[];
}

/** Compares what the file's tokenizer made of strings, in their order, with Hugging Face's tokenizer. */
export function compareTokenizers(
  strings: readonly AwkwardString[],
  tokenizations: readonly Tokenization[],
  reference: ReferenceTokenizer,
): TokenizerComparison {
  const differences: TokenizerDifference[] = [];
  let decoded = 0;
  let roundTrips = 0;
  for (const [index, string] of strings.entries()) {
    const file = tokenizations[index];
    if (file === undefined) throw new RangeError(`string ${index} was not tokenised`);
    const back = reference.decode(file.ids);
    const found = firstDifference(string.text, file, reference, back);
    if (found !== undefined) differences.push({ ...string, ...found });
    if (back === undefined) continue;
    decoded += 1;
    if (sameText(file.decoded, string.text)) roundTrips += 1;
  }
  return { strings: strings.length, decoded, roundTrips, differences };
}

type Finding = Pick<TokenizerDifference, 'kind' | 'file' | 'expected'>;

/** One difference a string: the later ones follow from the first. */
function firstDifference(
  text: string,
  file: Tokenization,
  reference: ReferenceTokenizer,
  back: string | undefined,
): Finding | undefined {
  const of = (kind: Finding['kind'], own: unknown, expected: unknown): Finding | undefined => {
    const finding = { kind, file: JSON.stringify(own), expected: JSON.stringify(expected) };
    return finding.file === finding.expected ? undefined : finding;
  };
  return (
    of('ids', file.ids, reference.encode(text)) ??
    of('idsWithSpecial', file.idsWithSpecial, reference.encodeWithSpecial(text)) ??
    (back === undefined || sameText(file.decoded, back) ? undefined : of('decoded', file.decoded, back))
  );
}

/**
 * A SentencePiece tokenizer's own space at the front is left to the caller by the engine and taken off by Hugging
 * Face's decoder; JavaScript's UTF-8 decoder drops a byte-order mark.
 */
function sameText(own: string, expected: string): boolean {
  const bare = own.replace('\ufeff', '');
  const other = expected.replace('\ufeff', '');
  return bare === other || bare === ` ${other}`;
}
