import { FormatError, quote } from '../format-error.js';
import { type GgufValue, string } from '../gguf/values.js';
import { asToken, collectAddedTokens, placeAddedTokens, SPACE_MARK } from './added-tokens.js';
import { habitsOf } from './architecture-habits.js';
import { type BpeModel, readBpeModel } from './bpe-model.js';
import { chatTemplateMetadata } from './chat-template.js';
import { type Component, componentSteps, type TokenizerFiles } from './files.js';
import { scoresOfMerges } from './merge-scores.js';
import type { TokenizerRequest } from './request.js';
import { spacePrefix } from './space-prefix.js';
import { SENTENCEPIECE_GAPS } from './special-ids.js';
import { specialTokenMetadata } from './special-tokens.js';
import { scoredTokenMetadata, TOKEN_TYPES, type Vocabulary, VocabularyBuilder } from './vocabulary.js';

const BYTE_TOKEN = /^<0x[0-9A-Fa-f]{2}>$/;
const BYTES = 256;
/** The score of what no merge makes, as llama.cpp's converter has it for all tokens. */
const UNMERGED_SCORE = -1000;
/** Special by themselves in transformers' LlamaTokenizer. */
const DEFAULT_SPECIAL = ['<unk>', '<s>', '</s>'];

/** Whether a tokenizer.json is what transformers makes of a SentencePiece BPE: no bytes as letters, but as tokens. */
export function isByteFallbackBpe({ tokenizer }: TokenizerFiles): boolean {
  return tokenizer?.model.type === 'BPE' && tokenizer.model['byte_fallback'] === true;
}

/**
 * A tokenizer.json with byte fallback as `tokenizer.*` metadata for llama.cpp's SentencePiece tokenizer, in its
 * converter's order.
 *
 * @throws FormatError naming what is wrong or cannot be expressed in GGUF
 */
export async function byteFallbackBpeMetadata(
  request: TokenizerRequest,
  files: TokenizerFiles,
): Promise<Map<string, GgufValue>> {
  const { folder, architecture, vocabularySize: size } = request;
  const model = await readBpeModel(folder, files.tokenizer);
  if (model.ignoreMerges) {
    throw new FormatError('tokenizer.json', 'expected false for model.ignore_merges, received true');
  }
  const vocabulary = buildVocabulary(model, files, size);
  const prefix = spacePrefix(habitsOf(architecture), files, putsSpaceFirst(files, model), true);
  return new Map<string, GgufValue>([
    ...prefix.first,
    ['tokenizer.ggml.model', string('llama')],
    ['tokenizer.ggml.pre', string('default')],
    ...scoredTokenMetadata(vocabulary),
    ...prefix.amid,
    ...specialTokenMetadata(request, files, { vocabulary, gaps: SENTENCEPIECE_GAPS }),
    ...chatTemplateMetadata(files.chatTemplate),
    ...prefix.last,
  ]);
}

function buildVocabulary(model: BpeModel, files: TokenizerFiles, size: number): Vocabulary {
  const added = collectAddedTokens(files, model.vocabulary, DEFAULT_SPECIAL);
  const apart = new Set(added.map(({ content }) => content));
  const scores = scoresOfMerges(model, (text) => !apart.has(text) && !BYTE_TOKEN.test(text));
  const builder = new VocabularyBuilder(size);
  let bytes = 0;
  for (const [text, id] of model.vocabulary) {
    const isByte = BYTE_TOKEN.test(text);
    if (isByte) bytes += 1;
    const type = isByte ? TOKEN_TYPES.byte : TOKEN_TYPES.normal;
    builder.place(id, { text, type, score: scores.get(text) ?? UNMERGED_SCORE });
  }
  if (bytes !== BYTES) {
    throw new FormatError(
      'tokenizer.json',
      `expected ${BYTES} byte tokens for byte_fallback, received ${bytes}`,
    );
  }
  placeAddedTokens(builder, model.vocabulary, added, (token) => {
    const score = scores.get(token.content) ?? UNMERGED_SCORE;
    // Looked for before spaces are replaced, so it stands for the marks themselves.
    return { ...asToken(token), ...(token.normalized === false && { text: token.content }), score };
  });
  return builder.finish();
}

/**
 * Whether a space goes before the text.
 *
 * @throws FormatError if the text is changed or cut in a way that llama.cpp's SentencePiece tokenizer is not
 */
function putsSpaceFirst({ tokenizer }: TokenizerFiles, model: BpeModel): boolean {
  const normalizers = componentSteps(tokenizer?.normalizer, 'normalizers');
  const cuts = componentSteps(tokenizer?.pre_tokenizer, 'pretokenizers');
  const unknown = [
    ...normalizers.filter((step) => !isPrepend(step) && !isReplace(step)),
    ...cuts.filter((step) => !isMetaspace(step) && !(isSpaceSplit(step) && normalizers.some(isReplace))),
  ][0];
  if (unknown !== undefined) {
    throw new FormatError(
      'tokenizer.json',
      `expected Prepend, Replace and Metaspace of ${quote(SPACE_MARK)} only, received ${unknown.type}`,
    );
  }
  if (!normalizers.some(isReplace) && !cuts.some(isMetaspace)) {
    throw new FormatError('tokenizer.json', `nothing replaces spaces by ${quote(SPACE_MARK)}`);
  }
  if (cuts.some((step) => isMetaspace(step) && step['split'] !== false)) refuseInnerSpaces(model);
  return (
    normalizers.some(isPrepend) || cuts.some((step) => isMetaspace(step) && prependScheme(step) !== 'never')
  );
}

function isPrepend({ type, prepend }: Component): boolean {
  return type === 'Prepend' && prepend === SPACE_MARK;
}

function isReplace({ type, pattern, content }: Component): boolean {
  const { String: replaced } = (pattern ?? {}) as { readonly String?: unknown };
  return type === 'Replace' && replaced === ' ' && content === SPACE_MARK;
}

function isMetaspace({ type, replacement }: Component): boolean {
  return type === 'Metaspace' && replacement === SPACE_MARK;
}

/** Gemma's cut at spaces, of which there are none any more once they are replaced. */
function isSpaceSplit({ type, pattern }: Component): boolean {
  const { String: cut } = (pattern ?? {}) as { readonly String?: unknown };
  return type === 'Split' && cut === ' ';
}

function prependScheme(step: Component): unknown {
  // What files older than `prepend_scheme` say.
  return step['prepend_scheme'] ?? (step['add_prefix_space'] === false ? 'never' : 'always');
}

/** A cut before every space is no cut to llama.cpp; it makes no difference if no token reaches across one. */
function refuseInnerSpaces({ merges }: BpeModel): void {
  const across = merges.find(([, right]) => right.includes(SPACE_MARK));
  if (across === undefined) return;
  throw new FormatError(
    'tokenizer.json',
    `Metaspace cuts at spaces, but a merge makes ${quote(across.join(''))}, which llama.cpp would not cut`,
  );
}
