import type { ModelConfig } from '../architectures/architecture.js';
import { type GgufValue, int32s, string, strings } from '../gguf/values.js';
import { chatTemplateMetadata } from './chat-template.js';
import { readTokenizerFiles } from './files.js';
import { readMerges } from './merges.js';
import { findPreTokenizer } from './pre-tokenizers.js';
import { specialTokenMetadata } from './special-tokens.js';
import { baseVocabulary, buildVocabulary } from './vocabulary.js';

/**
 * A byte-level BPE tokenizer (tokenizer.json, or vocab.json and merges.txt) as `tokenizer.*` metadata, in
 * llama.cpp's converter's order.
 *
 * @param folder where the tokenizer's files are
 * @param vocabularySize rows of the embedding: shorter vocabularies are filled up, longer ones refused
 * @param config config.json, whose token ids fill gaps
 * @throws FormatError naming the file and what is wrong or cannot be expressed in GGUF
 */
export async function byteLevelBpeMetadata(
  folder: string,
  vocabularySize: number,
  config: ModelConfig,
): Promise<Map<string, GgufValue>> {
  const files = await readTokenizerFiles(folder);
  const base = baseVocabulary(files);
  const pre = findPreTokenizer(files);
  const { tokens, types } = buildVocabulary(files, base, vocabularySize);
  const merges = readMerges(files, base);
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', string('gpt2')],
    ['tokenizer.ggml.pre', string(pre)],
    ['tokenizer.ggml.tokens', strings(tokens)],
    ['tokenizer.ggml.token_type', int32s(types)],
    ...(merges.length > 0 ? ([['tokenizer.ggml.merges', strings(merges)]] as const) : []),
    ...specialTokenMetadata(files, config),
    ...chatTemplateMetadata(files.chatTemplate),
  ]);
}
