import { llamaPieces, type RawModel, type RawPiece, sentencePieceModel } from '../raw-sentencepiece.js';
import type { Json } from './tokenizer-folder.js';

/** The name of the file. */
export const FILE = 'tokenizer.model';

/** The special and the byte pieces come before the two of `model`. */
export const FIRST = 259;
const PIECES: readonly RawPiece[] = [
  { text: '▁t', score: -1 },
  { text: '▁the', score: -2 },
];
/** The special pieces by id. */
export const SPECIALS = { '0': '<unk>', '1': '<s>', '2': '</s>' };

/** A tokenizer.model with two pieces of its own. */
export function model(parts: Partial<RawModel> = {}): Buffer {
  return sentencePieceModel({ pieces: llamaPieces(...PIECES), ...parts });
}

/** Entries of `added_tokens_decoder`. */
export function decoder(tokens: Readonly<Record<string, string>>, special = true): Json {
  return Object.fromEntries(Object.entries(tokens).map(([id, content]) => [id, { content, special }]));
}
