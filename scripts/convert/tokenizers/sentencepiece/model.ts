import { FormatError, quote } from '../../format-error.js';
import { readSmallFile } from '../../regular-file.js';
import { refuseLookalikes } from './lookalikes.js';
import { MessageReader } from './protobuf.js';

/** sentencepiece_model.proto, ModelProto.SentencePiece.Type; llama.cpp's token types have the same numbers. */
const PIECE_TYPES = ['normal', 'unknown', 'control', 'userDefined', 'unused', 'byte'] as const;
/** One of them. */
export type PieceType = (typeof PIECE_TYPES)[number];

/** sentencepiece_model.proto, TrainerSpec.ModelType. */
const MODEL_TYPES = ['unigram', 'bpe', 'word', 'char'] as const;
/** How the model cuts text. */
export type ModelType = (typeof MODEL_TYPES)[number];

/** A token of the model. */
export interface Piece {
  /** As the file has it: "▁" (U+2581) for a space. */
  readonly text: string;
  /** Unigram: a logarithm of a probability. BPE: the higher, the earlier it is merged. */
  readonly score: number;
  readonly type: PieceType;
}

/** Ids of the pieces with a meaning; -1 where there is none. */
export interface SpecialPieceIds {
  readonly unk: number;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

/** What a SentencePiece `tokenizer.model` holds, as far as tokenising needs it. */
export interface SentencePieceModel {
  /** By id; texts are all different, exactly one is of type "unknown". */
  readonly pieces: readonly Piece[];
  readonly modelType: ModelType;
  readonly specialIds: SpecialPieceIds;
  /** Whether characters outside the vocabulary become bytes; otherwise the unknown piece. */
  readonly byteFallback: boolean;
  /** Whether a space is put before the text. */
  readonly addDummyPrefix: boolean;
  /** Whether runs of spaces become one and those at both ends go. */
  readonly removeExtraWhitespaces: boolean;
  /** Whether spaces are written "▁" in pieces. */
  readonly escapeWhitespaces: boolean;
  /** Whether the space belongs to the end of a word instead of its start. */
  readonly treatWhitespaceAsSuffix: boolean;
  /** SentencePiece's name of its normalisation, e.g. "identity" or "nmt_nfkc"; may be empty. */
  readonly normalizerName: string;
  /** The normalisation as SentencePiece's compiled trie; empty: none. */
  readonly precompiledCharsmap: Uint8Array;
  /** The same for turning ids back into text. */
  readonly denormalizerCharsmap: Uint8Array;
}

/** The largest published models have 5 MB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Model = Mutable<Omit<SentencePieceModel, 'pieces' | 'specialIds'>> & {
  readonly pieces: Piece[];
  readonly specialIds: Mutable<SpecialPieceIds>;
};

/** A message's fields by number: what each does to the value that is being read. */
type Fields<T> = ReadonlyMap<number, FieldReader<T>>;
type FieldReader<T> = (reader: MessageReader, target: T) => unknown;

const TRAINER_FIELDS: Fields<Model> = new Map<number, FieldReader<Model>>([
  [3, (reader, model) => (model.modelType = enumerated(reader.int32(), MODEL_TYPES, 'model_type'))],
  [24, (reader, model) => (model.treatWhitespaceAsSuffix = reader.bool())],
  [35, (reader, model) => (model.byteFallback = reader.bool())],
  [40, (reader, model) => (model.specialIds.unk = reader.int32())],
  [41, (reader, model) => (model.specialIds.bos = reader.int32())],
  [42, (reader, model) => (model.specialIds.eos = reader.int32())],
  [43, (reader, model) => (model.specialIds.pad = reader.int32())],
]);

const NORMALIZER_FIELDS: Fields<Model> = new Map<number, FieldReader<Model>>([
  [1, (reader, model) => (model.normalizerName = reader.text())],
  [2, (reader, model) => (model.precompiledCharsmap = reader.bytes())],
  [3, (reader, model) => (model.addDummyPrefix = reader.bool())],
  [4, (reader, model) => (model.removeExtraWhitespaces = reader.bool())],
  [5, (reader, model) => (model.escapeWhitespaces = reader.bool())],
]);

const DENORMALIZER_FIELDS: Fields<Model> = new Map<number, FieldReader<Model>>([
  [2, (reader, model) => (model.denormalizerCharsmap = reader.bytes())],
]);

const PIECE_FIELDS: Fields<Mutable<Piece>> = new Map<number, FieldReader<Mutable<Piece>>>([
  [1, (reader, piece) => (piece.text = reader.text())],
  [2, (reader, piece) => (piece.score = reader.float())],
  [3, (reader, piece) => (piece.type = enumerated(reader.int32(), PIECE_TYPES, 'type'))],
]);

const MODEL_FIELDS: Fields<Model> = new Map<number, FieldReader<Model>>([
  [1, (reader, model) => model.pieces.push(readPiece(reader.bytes(), model.pieces.length))],
  [
    2,
    (reader, model) => {
      readFields(reader.bytes(), 'trainer_spec', TRAINER_FIELDS, model);
    },
  ],
  [
    3,
    (reader, model) => {
      readFields(reader.bytes(), 'normalizer_spec', NORMALIZER_FIELDS, model);
    },
  ],
  [
    5,
    (reader, model) => {
      readFields(reader.bytes(), 'denormalizer_spec', DENORMALIZER_FIELDS, model);
    },
  ],
]);

/**
 * Reads a SentencePiece `tokenizer.model` (sentencepiece_model.proto).
 *
 * @throws FormatError if it is malformed, or has empty or repeated pieces, or not exactly one unknown piece;
 *   the file system's error if it cannot be read
 */
export async function readSentencePieceModel(path: string): Promise<SentencePieceModel> {
  return parseSentencePieceModel(await readSmallFile(path, MAX_FILE_BYTES));
}

/** The same of the file's bytes. */
export function parseSentencePieceModel(bytes: Buffer): SentencePieceModel {
  // The values that the format's own description gives for absent fields.
  const model: Model = {
    pieces: [],
    modelType: 'unigram',
    specialIds: { unk: 0, bos: 1, eos: 2, pad: -1 },
    byteFallback: false,
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
    treatWhitespaceAsSuffix: false,
    normalizerName: '',
    precompiledCharsmap: new Uint8Array(),
    denormalizerCharsmap: new Uint8Array(),
  };
  refuseLookalikes(bytes);
  readFields(bytes, 'model', MODEL_FIELDS, model);
  checkPieces(model.pieces);
  return model;
}

function readFields<T>(bytes: Buffer, name: string, fields: Fields<T>, target: T): void {
  const reader = new MessageReader(bytes, name);
  while (reader.next()) {
    const read = fields.get(reader.field);
    if (read === undefined) reader.skip();
    else read(reader, target);
  }
}

function readPiece(bytes: Buffer, id: number): Piece {
  const piece: Mutable<Piece> = { text: '', score: 0, type: 'normal' };
  readFields(bytes, `piece ${id}`, PIECE_FIELDS, piece);
  if (piece.text === '') throw malformed(`piece ${id} has no text`);
  if (!Number.isFinite(piece.score)) {
    throw malformed(`expected a finite score for piece ${quote(piece.text)}, received ${piece.score}`);
  }
  if (piece.type === 'byte' && !/^<0x[0-9A-F]{2}>$/.test(piece.text)) {
    throw malformed(`expected "<0x00>" to "<0xFF>" for byte piece ${id}, received ${quote(piece.text)}`);
  }
  return piece;
}

function checkPieces(pieces: readonly Piece[]): void {
  if (pieces.length === 0) throw malformed('there are no pieces');
  const ids = new Map<string, number>();
  const unknown: number[] = [];
  for (const [id, { text, type }] of pieces.entries()) {
    const other = ids.get(text);
    if (other !== undefined) throw malformed(`pieces ${other} and ${id} are both ${quote(text)}`);
    ids.set(text, id);
    if (type === 'unknown') unknown.push(id);
  }
  if (unknown.length !== 1) throw malformed(`expected one unknown piece, received ${unknown.length}`);
}

/** Enumerations count from 1 in this format. */
function enumerated<T extends string>(value: number, names: readonly T[], field: string): T {
  const name = names[value - 1];
  if (name === undefined) {
    throw malformed(`expected 1 to ${names.length} (${names.join(', ')}) for ${field}, received ${value}`);
  }
  return name;
}

function malformed(message: string): FormatError {
  return new FormatError('tokenizer.model', message);
}
