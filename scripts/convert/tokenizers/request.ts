import type { ModelConfig } from '../architectures/architecture.js';

/** What a tokenizer is converted for. */
export interface TokenizerRequest {
  /** Where the tokenizer's files are. */
  readonly folder: string;
  /** Folders whose chat template, where they have one, goes before the tokenizer's own; the first wins. Default none. */
  readonly templateFolders?: readonly string[];
  /** llama.cpp's name of the model's architecture: some have habits of their own. */
  readonly architecture: string;
  /** Rows of the embedding: shorter vocabularies are filled up, longer ones refused. */
  readonly vocabularySize: number;
  /** config.json, whose token ids fill gaps. */
  readonly config: ModelConfig;
  /** Hears what a reader should know of, in one line each. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}
