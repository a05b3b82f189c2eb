import type { ModelConfig } from '../architectures/architecture.js';
import type { GgufValue } from '../gguf/values.js';
import { byteLevelBpeMetadata } from './byte-level-bpe.js';

/** What a tokenizer is converted for. */
export interface TokenizerRequest {
  /** Where the tokenizer's files are. */
  readonly folder: string;
  /** llama.cpp's name of the model's architecture: some have habits of their own. */
  readonly architecture: string;
  /** Rows of the embedding: shorter vocabularies are filled up, longer ones refused. */
  readonly vocabularySize: number;
  /** config.json, whose token ids fill gaps. */
  readonly config: ModelConfig;
}

/**
 * A tokenizer's files as `tokenizer.*` metadata, in llama.cpp's converter's order.
 *
 * @throws FormatError naming the file and what is wrong or cannot be expressed in GGUF
 */
export function tokenizerMetadata(request: TokenizerRequest): Promise<Map<string, GgufValue>> {
  return byteLevelBpeMetadata(request.folder, request.vocabularySize, request.config);
}
