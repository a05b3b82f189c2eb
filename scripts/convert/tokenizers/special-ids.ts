import type { ModelConfig } from '../architectures/architecture.js';
import { FormatError, quote } from '../format-error.js';
import type { TokenizerFiles } from './files.js';
import { SPECIAL_NAMES, type SpecialName } from './special-tokens.js';
import { TOKEN_TYPES, type Vocabulary } from './vocabulary.js';

/** What the tokenizer itself, as it is written to the file, knows of special tokens. */
export interface OwnTokens {
  readonly vocabulary: Pick<Vocabulary, 'tokens' | 'types'>;
  /** Ids that the model's own file gives to special tokens; ones below 0 mean none. Default none. */
  readonly roles?: Readonly<Partial<Record<SpecialName, number>>>;
  /**
   * Tokens whose ids are written although neither tokenizer.json nor config.json has them, each with the id that
   * llama.cpp takes where none is written (`llama_vocab::impl::load`) and which is therefore not; -1: none.
   */
  readonly gaps: Readonly<Partial<Record<SpecialName, number>>>;
}

/** `gaps` of llama.cpp's SentencePiece tokenizer, which asks for no other token. */
export const SENTENCEPIECE_GAPS: OwnTokens['gaps'] = { bos: 1, eos: 2 };

/** Where ids of special tokens come from. */
export interface IdSources {
  readonly files: TokenizerFiles;
  /** tokenizer_config.json's texts, and what the post-processor adds to them. */
  readonly texts: ReadonlyMap<SpecialName, string>;
  readonly config: ModelConfig;
  /** Rows of the embedding. */
  readonly size: number;
  readonly own: OwnTokens;
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/**
 * Ids of special tokens: of their texts, looked up among tokenizer.json's added tokens, then in the vocabulary; else
 * config.json's, unless the tokenizer has another token of that kind and config.json's cannot be one; else the
 * tokenizer's own. Where config.json disagrees, that is warned of. In the order of llama.cpp's converter, which knows
 * tokenizer.json and config.json only.
 *
 * @throws FormatError if config.json names an id outside the embedding
 */
export function findSpecialIds(sources: IdSources): Map<SpecialName, number> {
  const { files, texts, config, size, own } = sources;
  const added = files.tokenizer?.added_tokens ?? [];
  // The post-processor may have found an end of turn.
  const names = [...new Set<SpecialName>([...SPECIAL_NAMES, ...texts.keys()])];
  const ids = new Map<SpecialName, number>();
  const take = (name: SpecialName, id: number): void => {
    ids.set(name, id);
    const other = configId(config, name, size);
    if (other !== undefined && other !== id) sources.onWarning?.(disagreement(name, other, id, own));
  };
  for (const name of names) {
    const id = added.find(({ content }) => content === texts.get(name))?.id;
    if (id !== undefined) take(name, id);
  }
  for (const name of names) {
    const configured = configId(config, name, size);
    if (ids.has(name)) continue;
    const id = ownId(name, texts.get(name), configured, own);
    if (id === undefined) continue;
    if (configured !== undefined || (own.gaps[name] ?? id) !== id) take(name, id);
  }
  return ids;
}

/** Of the vocabulary's text or by its role, unless config.json's id is as good. */
function ownId(
  name: SpecialName,
  text: string | undefined,
  configured: number | undefined,
  own: OwnTokens,
): number | undefined {
  // Nothing that generates asks for padding: any token may be it, and often is.
  if (name === 'pad' && configured !== undefined) return configured;
  const { tokens, types } = own.vocabulary;
  const id = text === undefined || text === '' ? -1 : tokens.indexOf(text);
  if (id >= 0 && types[id] !== TOKEN_TYPES.unused) return id;
  const role = roleOf(name, own);
  if (configured === undefined || role === undefined) return configured ?? role;
  return isFree(configured, own) ? configured : role;
}

/** The model file's own id, if a token without a text of its own is there: the file's defaults may name any piece. */
function roleOf(name: SpecialName, { roles, vocabulary }: OwnTokens): number | undefined {
  const id = roles?.[name] ?? -1;
  const type = vocabulary.types[id];
  return type === TOKEN_TYPES.control || type === TOKEN_TYPES.unknown ? id : undefined;
}

/** Whether a token may be a special one: text is not made of it, and the model's own file says nothing else of it. */
function isFree(id: number, own: OwnTokens): boolean {
  const type = own.vocabulary.types[id];
  if (type !== TOKEN_TYPES.control && type !== TOKEN_TYPES.userDefined) return false;
  return !SPECIAL_NAMES.some((name) => roleOf(name, own) === id);
}

function disagreement(name: SpecialName, configured: number, id: number, { vocabulary }: OwnTokens): string {
  const text = quote(vocabulary.tokens[id] ?? '');
  return `config.json says ${name}_token_id ${configured}, the tokenizer's ${text} is ${id}: ${id} is written`;
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
