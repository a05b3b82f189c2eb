import { FormatError } from '../format-error.js';
import { bool, type GgufValue, int32s, string, strings } from '../gguf/values.js';
import { type AddedToken, collectAddedTokens, guessSpecial, placeAddedTokens } from './added-tokens.js';
import { habitsOf } from './architecture-habits.js';
import { type BpeModel, type Merge, readBpeModel } from './bpe-model.js';
import { chatTemplateMetadata } from './chat-template.js';
import type { TokenizerFiles } from './files.js';
import { findPreTokenizer } from './pre-tokenizers.js';
import type { TokenizerRequest } from './request.js';
import { spacePrefix } from './space-prefix.js';
import { specialTokenMetadata } from './special-tokens.js';
import { readTokenIdFile } from './token-id.js';
import { TOKEN_TYPES, type Vocabulary, VocabularyBuilder } from './vocabulary.js';

/** What byte-level BPE writes for a space; a space inside a merge's part has to be written so, too. */
const SPACE_SYMBOL = 'Ġ';

const ADD_BOS = 'tokenizer.ggml.add_bos_token';

/** llama.cpp's own for byte-level BPE. */
const GAPS = { bos: 11, eos: 11 };

/** What transformers' GPT-2, GPT-NeoX and Qwen 2 tokenizers take for special where nothing else is said. */
const DEFAULT_SPECIAL = ['<|endoftext|>'];

/**
 * A byte-level BPE tokenizer (tokenizer.json, or vocab.json and merges.txt) as `tokenizer.*` metadata, in
 * llama.cpp's converter's order.
 *
 * @throws FormatError naming the file and what is wrong or cannot be expressed in GGUF
 */
export async function byteLevelBpeMetadata(
  request: TokenizerRequest,
  files: TokenizerFiles,
): Promise<Map<string, GgufValue>> {
  const model = await readBpeModel(request.folder, files.tokenizer);
  if (model.byteFallback) {
    throw new FormatError(
      'tokenizer.json',
      'expected false for model.byte_fallback with bytes as letters, received true',
    );
  }
  const pre = findPreTokenizer(files, request.architecture, model.ignoreMerges);
  const added = await addedTokens(request.folder, files, model);
  const { tokens, types } = buildVocabulary(model, added, request.vocabularySize);
  const special = specialTokenMetadata(request, files, {
    vocabulary: { tokens, types },
    gaps: GAPS,
  });
  // llama.cpp would put in a token that the tokenizer does not.
  if (pre.addsBos === true && !special.has(ADD_BOS)) special.set(ADD_BOS, bool(false));
  return new Map<string, GgufValue>([
    ...spacePrefix(habitsOf(request.architecture), files, undefined, undefined).first,
    ['tokenizer.ggml.model', string('gpt2')],
    ['tokenizer.ggml.pre', string(pre.name)],
    ['tokenizer.ggml.tokens', strings(tokens)],
    ['tokenizer.ggml.token_type', int32s(types)],
    ['tokenizer.ggml.merges', strings(model.merges.map(mergeText))],
    ...special,
    ...chatTemplateMetadata(files.chatTemplate),
  ]);
}

/** Added tokens of all files; added_tokens.json belongs to vocab.json. */
async function addedTokens(
  folder: string,
  files: TokenizerFiles,
  { vocabulary }: BpeModel,
): Promise<AddedToken[]> {
  const added = collectAddedTokens(files, vocabulary, DEFAULT_SPECIAL);
  if (files.tokenizer !== undefined) return added;
  const listed = (await readTokenIdFile(folder, 'added_tokens.json')) ?? new Map<string, number>();
  const numbered = added.map((token) => {
    const id = token.id ?? listed.get(token.content);
    return id === undefined ? token : { ...token, id };
  });
  const ids = new Map(numbered.map(({ content, id }) => [content, id]));
  const others = [...listed].filter(([content, id]) => ids.get(content) !== id);
  // Those without an id come last, as they get the next free ones.
  return [...others.map(([content, id]) => ({ content, id, special: false })), ...numbered];
}

function buildVocabulary(model: BpeModel, added: readonly AddedToken[], size: number): Vocabulary {
  const builder = new VocabularyBuilder(size);
  for (const [text, id] of model.vocabulary) builder.place(id, { text, type: TOKEN_TYPES.normal, score: 0 });
  placeAddedTokens(builder, model.vocabulary, added.map(guessSpecial));
  return builder.finish();
}

function mergeText([left, right]: Merge): string {
  return `${left.replaceAll(' ', SPACE_SYMBOL)} ${right.replaceAll(' ', SPACE_SYMBOL)}`;
}
