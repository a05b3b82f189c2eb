import { basename } from 'node:path';

import { GlossaError } from '../../../src/errors.js';
import { asConversionError } from '../failures.js';
import { readGguf } from '../gguf/reader.js';
import type { OutputTypeName } from '../output-types.js';
import { TemporaryFile } from '../temporary-file.js';
import { compareInChild } from './child.js';
import { judge, judgeSpecialTokens } from './judge.js';
import type { LogitComparison } from './logits.js';
import { ReferenceTokenizer } from './reference-tokenizer.js';
import { compareSpecialTokens, type SpecialTokenComparison } from './special-tokens.js';
import { AWKWARD_STRINGS } from './strings.js';
import { VERIFICATION_TEXT } from './text.js';
import { compareTokenizers, type TokenizerComparison } from './tokenizers.js';

/** Tokens of the built-in text that are compared at most. */
const MAX_TOKENS = 512;

export interface VerificationOptions {
  /** The finished file; it may still have a temporary name. */
  readonly ggufPath: string;
  readonly outtype: OutputTypeName;
  /** Converts the same source, with the same adapters, to F32 into this file, which is not committed. */
  readonly writeReference: (target: TemporaryFile) => Promise<void>;
  /** Where the tokenizer's files are. */
  readonly tokenizerFolder: string;
  /** Threads of the models. Default: as many as there are cores. */
  readonly threads?: number | undefined;
  /** 0 to 1, while the models run. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface VerificationReport {
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly outtype: OutputTypeName;
  readonly vocabularySize: number;
  readonly logits: LogitComparison;
  readonly tokenizer: TokenizerComparison;
  readonly specialTokens: readonly SpecialTokenComparison[];
  /** What is wrong, a line each; empty if the file passed. */
  readonly failures: readonly string[];
}

/**
 * Compares a converted file with an F32 conversion of the same source, in our own engine on a built-in text, and the
 * tokenizer in it with Hugging Face's in JavaScript on built-in strings, start and end token included. The F32 file is written beside the file and
 * removed again.
 *
 * @returns the report; its `failures` say whether the file passed
 * @throws GlossaError CONVERSION_FAILED if the comparison cannot be made, because a model cannot be loaded for instance
 */
export async function verifyConversion(options: VerificationOptions): Promise<VerificationReport> {
  const { ggufPath, outtype } = options;
  const reference = TemporaryFile.beside(ggufPath);
  try {
    const tokenizer = await ReferenceTokenizer.read(options.tokenizerFolder);
    const strings = AWKWARD_STRINGS.map(({ what, text }) => ({ what, text: tokenizer.prepare(text) }));
    await options.writeReference(reference);
    const order = {
      file: ggufPath,
      reference: reference.path,
      text: VERIFICATION_TEXT,
      maxTokens: MAX_TOKENS,
      strings: strings.map(({ text }) => text),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    };
    const answer = await compareInChild(order, options.onProgress ?? (() => undefined));
    const { logits, vocabularySize } = answer;
    const comparison = compareTokenizers(strings, answer.tokenizations, tokenizer);
    const { metadata } = await readGguf(ggufPath);
    const specialTokens = compareSpecialTokens(metadata, (name, id) => tokenizer.specialId(name, id));
    const failures = [...judge(outtype, logits, comparison), ...judgeSpecialTokens(specialTokens)];
    const file = basename(ggufPath);
    return { file, outtype, vocabularySize, logits, tokenizer: comparison, specialTokens, failures };
  } catch (error) {
    throw asConversionError(error);
  } finally {
    await reference.discard();
  }
}

/** @throws GlossaError CONVERSION_FAILED naming what is wrong, if something is */
export function requireVerified({ failures }: VerificationReport): void {
  if (failures.length === 0) return;
  throw new GlossaError('CONVERSION_FAILED', `verification failed: ${failures.join('; ')}`);
}
