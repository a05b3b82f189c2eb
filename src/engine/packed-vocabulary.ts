import type { NativeVocabulary } from './addon.js';
import type { TokenKind, Vocabulary } from './engine.js';
import type { PackedVocabulary } from './protocol.js';

/** Kinds by their number in GGUF; 0 stands for none. */
const KINDS: readonly TokenKind[] = [
  'normal',
  'normal',
  'unknown',
  'control',
  'user_defined',
  'unused',
  'byte',
];

/** A vocabulary as a message holds it. */
export function packedVocabulary({ bytes, lengths, kinds }: NativeVocabulary): PackedVocabulary {
  return { bytes: base64(bytes), lengths: base64(lengths), kinds: base64(kinds) };
}

/** The vocabulary in a message. */
export function unpackedVocabulary(message: PackedVocabulary): Vocabulary {
  const bytes = Buffer.from(message.bytes, 'base64');
  const kinds = Buffer.from(message.kinds, 'base64');
  // Buffers of this size may lie anywhere in a larger one; an Int32Array needs a place of its own.
  const lengths = new Int32Array(Uint8Array.from(Buffer.from(message.lengths, 'base64')).buffer);
  const starts = new Int32Array(lengths.length + 1);
  for (const [id, length] of lengths.entries()) starts[id + 1] = (starts[id] ?? 0) + length;
  return {
    size: lengths.length,
    bytes: (id) => bytes.subarray(starts[id] ?? 0, starts[id + 1] ?? 0),
    kind: (id) => KINDS[kinds[id] ?? 0] ?? 'normal',
  };
}

function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
