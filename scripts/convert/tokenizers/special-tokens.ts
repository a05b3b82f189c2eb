import type { ModelConfig } from '../architectures/architecture.js';
import { FormatError } from '../format-error.js';
import { bool, type GgufValue, uint32 } from '../gguf/values.js';
import { configToken, type TokenizerFiles } from './files.js';
import { applyPostProcessor } from './post-processor.js';

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
 * Metadata of the special tokens: ids and which of them encoding adds. Ids come from the texts in
 * tokenizer_config.json, looked up among tokenizer.json's added tokens, and from config.json where that finds
 * none: the order of llama.cpp's converter.
 *
 * @param size rows of the embedding
 * @throws FormatError if an id lies outside the embedding
 */
export function specialTokenMetadata(
  files: TokenizerFiles,
  config: ModelConfig,
  size: number,
): Map<string, GgufValue> {
  const special: SpecialTokens = { texts: configTexts(files), added: new Map() };
  if (files.tokenizer?.post_processor != null) applyPostProcessor(files.tokenizer.post_processor, special);
  for (const name of ADD_NAMES) {
    const entry = files.config?.[`add_${name}_token`];
    if (typeof entry === 'boolean') special.added.set(name, entry);
  }
  const metadata = new Map<string, GgufValue>();
  for (const [name, id] of findIds(files, special, config, size)) {
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

function findIds(
  files: TokenizerFiles,
  special: SpecialTokens,
  config: ModelConfig,
  size: number,
): Map<SpecialName, number> {
  const ids = new Map<SpecialName, number>();
  const added = files.tokenizer?.added_tokens ?? [];
  // The post-processor may have found an end of turn.
  const names = new Set<SpecialName>([...SPECIAL_NAMES, ...special.texts.keys()]);
  for (const name of names) {
    const id = added.find((token) => token.content === special.texts.get(name))?.id;
    if (id !== undefined) ids.set(name, id);
  }
  for (const name of names) {
    const id = configId(config, name, size);
    if (id !== undefined && !ids.has(name)) ids.set(name, id);
  }
  return ids;
}

function configId(config: ModelConfig, name: SpecialName, size: number): number | undefined {
  const id = config[`${name}_token_id`];
  // A list (several end tokens) has no place in the metadata.
  if (typeof id !== 'number') return undefined;
  if (Number.isInteger(id) && id >= 0 && id < size) return id;
  // Old LLaMA checkpoints say -1 for none, fine-tuned models name a padding token behind the last row; nothing that
  // generates ever asks for it.
  if (name === 'pad' && Number.isInteger(id)) return undefined;
  throw new FormatError(
    'config.json',
    `expected a token id for ${name}_token_id, received ${id} (the embedding has ${size} rows)`,
  );
}
