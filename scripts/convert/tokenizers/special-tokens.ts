import { bool, type GgufValue, uint32 } from '../gguf/values.js';
import { configToken, type TokenizerFiles } from './files.js';
import { applyPostProcessor } from './post-processor.js';
import type { TokenizerRequest } from './request.js';
import { findSpecialIds, type OwnTokens } from './special-ids.js';

/** transformers' names of special tokens, in its order. */
export const SPECIAL_NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
/** `eot` and `eom` are llama.cpp's: ends of a turn and of a message that are not the end token. */
export type SpecialName = (typeof SPECIAL_NAMES)[number] | 'eot' | 'eom';

/** llama.cpp's keys; there is none for cls. */
const ID_KEYS: Readonly<Partial<Record<SpecialName, string>>> = {
  bos: 'tokenizer.ggml.bos_token_id',
  eos: 'tokenizer.ggml.eos_token_id',
  unk: 'tokenizer.ggml.unknown_token_id',
  // Misspelt so in llama.cpp.
  sep: 'tokenizer.ggml.seperator_token_id',
  pad: 'tokenizer.ggml.padding_token_id',
  mask: 'tokenizer.ggml.mask_token_id',
  eot: 'tokenizer.ggml.eot_token_id',
  eom: 'tokenizer.ggml.eom_token_id',
};

const ADD_NAMES = ['bos', 'eos', 'sep'] as const;
export type AddName = (typeof ADD_NAMES)[number];

/** What is known of special tokens while the files are read one after the other. */
export interface SpecialTokens {
  /** Texts: tokenizer_config.json's, and what the post-processor adds to them. */
  readonly texts: Map<SpecialName, string>;
  /** Whether encoding puts the token in by itself. */
  readonly added: Map<AddName, boolean>;
}

/**
 * Metadata of the special tokens: ids (see `findSpecialIds`) and which of them encoding adds.
 *
 * @throws FormatError if an id lies outside the embedding
 */
export function specialTokenMetadata(
  { config, vocabularySize: size, onWarning }: TokenizerRequest,
  files: TokenizerFiles,
  own: OwnTokens,
): Map<string, GgufValue> {
  const special: SpecialTokens = { texts: configTexts(files), added: new Map() };
  if (files.tokenizer?.post_processor != null) applyPostProcessor(files.tokenizer.post_processor, special);
  for (const name of ADD_NAMES) {
    const entry = files.config?.[`add_${name}_token`];
    if (typeof entry === 'boolean') special.added.set(name, entry);
  }
  const metadata = new Map<string, GgufValue>();
  for (const [name, id] of findSpecialIds({ files, texts: special.texts, config, size, own, onWarning })) {
    const key = ID_KEYS[name];
    if (key !== undefined) metadata.set(key, uint32(id));
  }
  for (const [name, value] of special.added) metadata.set(`tokenizer.ggml.add_${name}_token`, bool(value));
  return metadata;
}

function configTexts(files: TokenizerFiles): Map<SpecialName, string> {
  const texts = new Map<SpecialName, string>();
  for (const name of SPECIAL_NAMES) {
    const text = configToken(files.config, `${name}_token`);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}
