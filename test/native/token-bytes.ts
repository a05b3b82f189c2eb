import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { NativeModel } from '../../src/engine/addon.js';
import { shippedModel } from '../engine/shipped-model.js';

/** The bytes that GPT-2's notation writes as themselves; the others it writes from U+0100 on, in their order. */
function isPlain(byte: number): boolean {
  return (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
}

/** Bytes of each token of the shipped model, by token id, as its tokenizer.json has them; none for special ones. */
export function shippedTokenBytes(model: NativeModel): Buffer[] {
  const file = path.join(path.dirname(shippedModel), 'tokenizer.json');
  const { model: pairs } = JSON.parse(readFileSync(file, 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  const ofCharacter = new Map<string, number>();
  let other = 0x100;
  for (let byte = 0; byte < 256; byte += 1) {
    ofCharacter.set(String.fromCodePoint(isPlain(byte) ? byte : other++), byte);
  }
  const bytes = Array.from({ length: model.info().vocabularySize }, () => Buffer.alloc(0));
  for (const [text, id] of Object.entries(pairs.vocab)) {
    bytes[id] = Buffer.from(Array.from(text, (character) => ofCharacter.get(character) ?? 0));
  }
  return bytes;
}

/**
 * Bytes of each token of a SentencePiece vocabulary with bytes to fall back on, by token id. Those from 0x80 on show as
 * U+FFFD and come in their order, as everywhere; a space at a token's start may be missing.
 */
export function sentencePieceBytes(model: NativeModel): Buffer[] {
  let byte = 0x7f;
  const bytes = Array.from({ length: model.info().vocabularySize }, (_, id) => {
    const text = model.detokenize([id]);
    return text === '\uFFFD' ? Buffer.from([++byte]) : Buffer.from(text);
  });
  assert.equal(byte, 0xff);
  return bytes;
}

/** Whether bytes are UTF-8 or can become UTF-8 with others after them, which a decoder of the WHATWG's tells at once. */
export function canBecomeText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
