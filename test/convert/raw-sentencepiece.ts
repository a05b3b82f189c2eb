/** Writes SentencePiece models the plain way: protocol buffers' fields, one after the other. */

const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;

/** A number in base 128; negative ones as 64 bits. */
export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export function numberField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field * 8 + WIRE.varint), varint(value)]);
}

export function bytesField(field: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + WIRE.bytes), varint(bytes.length), bytes]);
}

export function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + WIRE.fixed32), bytes]);
}

/** As in sentencepiece_model.proto. */
export const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
export const MODEL_TYPE = { unigram: 1, bpe: 2, word: 3, char: 4 } as const;

export interface RawPiece {
  readonly text: string;
  readonly score?: number;
  readonly type?: number;
}

export function pieceField({ text, score = 0, type = PIECE.normal }: RawPiece): Buffer {
  return bytesField(1, Buffer.concat([bytesField(1, text), floatField(2, score), numberField(3, type)]));
}

/** "<unk>", "<s>" and "</s>". */
export const SPECIAL_PIECES: readonly RawPiece[] = [
  { text: '<unk>', type: PIECE.unknown },
  { text: '<s>', type: PIECE.control },
  { text: '</s>', type: PIECE.control },
];

/** "<0x00>" to "<0xFF>". */
export const BYTE_PIECES: readonly RawPiece[] = Array.from({ length: 256 }, (_, byte) => ({
  text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  type: PIECE.byte,
}));

/** Pieces as LLaMA has them: 259 of the ones above, then these. */
export function llamaPieces(...pieces: readonly RawPiece[]): readonly RawPiece[] {
  return [...SPECIAL_PIECES, ...BYTE_PIECES, ...pieces];
}

export interface RawModel {
  readonly pieces: readonly RawPiece[];
  /** Fields of trainer_spec; default: model_type BPE. */
  readonly trainer?: readonly Buffer[];
  /** Fields of normalizer_spec. */
  readonly normalizer?: readonly Buffer[];
  /** Further fields of the model. */
  readonly more?: readonly Buffer[];
}

export function sentencePieceModel({ pieces, trainer, normalizer = [], more = [] }: RawModel): Buffer {
  return Buffer.concat([
    ...pieces.map(pieceField),
    bytesField(2, Buffer.concat(trainer ?? [numberField(3, MODEL_TYPE.bpe)])),
    bytesField(3, Buffer.concat(normalizer)),
    ...more,
  ]);
}
