import { join } from 'node:path';

import { FormatError } from '../../format-error.js';
import { bool, type GgufValue, string, uint32 } from '../../gguf/values.js';
import { habitsOf } from '../architecture-habits.js';
import { chatTemplateMetadata } from '../chat-template.js';
import type { TokenizerFiles } from '../files.js';
import type { TokenizerRequest } from '../request.js';
import { type OwnTokens, SENTENCEPIECE_GAPS } from '../special-ids.js';
import { specialTokenMetadata } from '../special-tokens.js';
import { readTokenIdFile } from '../token-id.js';
import { spacePrefix } from '../space-prefix.js';
import { scoredTokenMetadata } from '../vocabulary.js';
import { type ModelType, readSentencePieceModel, type SentencePieceModel } from './model.js';
import { sentencePieceVocabulary } from './vocabulary.js';

/** The name of the file. */
export const SENTENCEPIECE_FILE = 'tokenizer.model';

const BYTES = 256;

type Entries = [string, GgufValue][];

/** One of llama.cpp's tokenizers that work like SentencePiece's. */
interface Kind {
  /** llama.cpp's name, `tokenizer.ggml.model`. */
  readonly name: string;
  /** Whether it puts a space before the text unless told otherwise; undefined: it is always told. */
  readonly assumedSpacePrefix?: boolean;
  /** What it needs to be told besides the tokens. */
  readonly settings: (model: SentencePieceModel) => Entries;
  /** What it takes for granted wrongly, written where the other files say nothing. */
  readonly defaults: (model: SentencePieceModel) => Entries;
  /** Ids that it takes where none are written. */
  readonly gaps: OwnTokens['gaps'];
  readonly refuse: (model: SentencePieceModel) => void;
}

const KINDS: Readonly<Partial<Record<ModelType, Kind>>> = {
  // Merges by score. It does not apply the file's normalisation, nor does transformers' LlamaTokenizer.
  bpe: {
    name: 'llama',
    assumedSpacePrefix: true,
    settings: () => [],
    defaults: () => [],
    gaps: SENTENCEPIECE_GAPS,
    refuse: refuseWithoutBytes,
  },
  // Finds the likeliest pieces.
  unigram: {
    name: 't5',
    settings: unigramSettings,
    defaults: unigramDefaults,
    gaps: { bos: -1, eos: -1 },
    refuse: checkCharsmap,
  },
};

/**
 * A SentencePiece `tokenizer.model` as `tokenizer.*` metadata, in llama.cpp's converter's order.
 *
 * @throws FormatError naming what is wrong or cannot be expressed in GGUF
 */
export async function sentencePieceMetadata(
  request: TokenizerRequest,
  files: TokenizerFiles,
): Promise<Map<string, GgufValue>> {
  const { folder, architecture, vocabularySize: size } = request;
  const model = await readSentencePieceModel(join(folder, SENTENCEPIECE_FILE));
  const kind = KINDS[model.modelType];
  if (kind === undefined) {
    throw new FormatError(
      SENTENCEPIECE_FILE,
      `expected ${Object.keys(KINDS).join(' or ')} for model_type, received ${model.modelType}`,
    );
  }
  refuseInexpressible(model);
  kind.refuse(model);
  const habits = habitsOf(architecture);
  const listed = (await readTokenIdFile(folder, 'added_tokens.json')) ?? new Map<string, number>();
  const vocabulary = sentencePieceVocabulary({ model, listed, files }, habits, size);
  const prefix = spacePrefix(habits, files, model.addDummyPrefix, kind.assumedSpacePrefix);
  const own = { vocabulary, roles: model.specialIds, gaps: kind.gaps };
  const special = specialTokenMetadata(request, files, own);
  for (const [key, value] of kind.defaults(model)) if (!special.has(key)) special.set(key, value);
  return new Map<string, GgufValue>([
    ...prefix.first,
    ['tokenizer.ggml.model', string(kind.name)],
    ['tokenizer.ggml.pre', string('default')],
    ...scoredTokenMetadata(vocabulary),
    ...prefix.amid,
    ...kind.settings(model),
    ...special,
    ...chatTemplateMetadata(files.chatTemplate),
    ...prefix.last,
  ]);
}

function unigramSettings({ removeExtraWhitespaces, precompiledCharsmap }: SentencePieceModel): Entries {
  const settings: Entries = [['tokenizer.ggml.remove_extra_whitespaces', bool(removeExtraWhitespaces)]];
  if (precompiledCharsmap.length === 0) return settings;
  const charsmap: GgufValue = { type: 'array', elementType: 'uint8', value: precompiledCharsmap };
  return [...settings, ['tokenizer.ggml.precompiled_charsmap', charsmap]];
}

/** T5's own ids and habits are not those of the decoders that are converted here. */
function unigramDefaults({ specialIds: { unk, pad } }: SentencePieceModel): Entries {
  return [
    ...(unk < 0 ? [] : ([['tokenizer.ggml.unknown_token_id', uint32(unk)]] satisfies Entries)),
    ...(pad < 0 ? [] : ([['tokenizer.ggml.padding_token_id', uint32(pad)]] satisfies Entries)),
    ['tokenizer.ggml.add_bos_token', bool(true)],
    ['tokenizer.ggml.add_eos_token', bool(false)],
  ];
}

function refuseInexpressible(model: SentencePieceModel): void {
  const cases: readonly (readonly [refused: boolean, message: string])[] = [
    [!model.escapeWhitespaces, 'expected true for escape_whitespaces, received false'],
    [model.treatWhitespaceAsSuffix, 'expected false for treat_whitespace_as_suffix, received true'],
    [model.denormalizerCharsmap.length > 0, 'a denormalizer_spec with rules is not supported'],
  ];
  const found = cases.find(([refused]) => refused);
  if (found !== undefined) throw new FormatError(SENTENCEPIECE_FILE, found[1]);
}

/** llama.cpp writes every character that is no piece in bytes, and fails where one of them is no piece either. */
function refuseWithoutBytes({ pieces }: SentencePieceModel): void {
  const bytes = pieces.filter(({ type }) => type === 'byte').length;
  if (bytes === BYTES) return;
  throw new FormatError(
    SENTENCEPIECE_FILE,
    `expected the ${BYTES} byte pieces that byte_fallback makes, received ${bytes}: llama.cpp has no unknown piece`,
  );
}

/** The compiled rules start with the size of a table; the replacements follow it. llama.cpp reads past what is cut off. */
function checkCharsmap({ precompiledCharsmap: bytes }: SentencePieceModel): void {
  if (bytes.length === 0) return;
  const table = bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (table >= 0 && table % 4 === 0 && table + 4 < bytes.length && bytes.at(-1) === 0) return;
  throw new FormatError(SENTENCEPIECE_FILE, 'normalizer_spec: the precompiled_charsmap is cut off');
}
