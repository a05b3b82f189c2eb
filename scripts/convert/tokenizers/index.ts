import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { FormatError } from '../format-error.js';
import type { GgufValue } from '../gguf/values.js';
import { flagWarnings } from './added-token-flags.js';
import { habitsOf } from './architecture-habits.js';
import { byteFallbackBpeMetadata, isByteFallbackBpe } from './byte-fallback-bpe.js';
import { byteLevelBpeMetadata } from './byte-level-bpe.js';
import { readTokenizerFiles, type TokenizerFiles } from './files.js';
import { addByModelSize } from './known-sizes.js';
import type { TokenizerRequest } from './request.js';
import { SENTENCEPIECE_FILE, sentencePieceMetadata } from './sentencepiece/metadata.js';

export type { TokenizerRequest } from './request.js';

type Conversion = (request: TokenizerRequest, files: TokenizerFiles) => Promise<Map<string, GgufValue>>;

/**
 * A tokenizer's files as `tokenizer.*` metadata, in llama.cpp's converter's order.
 *
 * @throws FormatError naming the file and what is wrong or cannot be expressed in GGUF
 */
export async function tokenizerMetadata(request: TokenizerRequest): Promise<Map<string, GgufValue>> {
  if (request.vocabularySize < 1) throw new FormatError('tokenizer', 'the embedding has no rows');
  const files = await readTokenizerFiles(request.folder, request.templateFolders);
  for (const warning of flagWarnings(files, request.architecture)) request.onWarning?.(warning);
  const convert = await chooseConversion(request, files);
  const metadata = await convert(request, files);
  if (request.architecture === 'llama') addByModelSize(metadata, request.vocabularySize);
  return metadata;
}

/** tokenizer.model comes first where the architecture looks for it, as in llama.cpp's converter. */
async function chooseConversion(request: TokenizerRequest, files: TokenizerFiles): Promise<Conversion> {
  const { folder, architecture } = request;
  const habits = habitsOf(architecture);
  if (!habits.sentencePiece) return byteLevelBpeMetadata;
  const isByteLevel =
    habits.byteLevelClass !== undefined && files.config?.tokenizer_class === habits.byteLevelClass;
  if (!isByteLevel && (await exists(join(folder, SENTENCEPIECE_FILE)))) return sentencePieceMetadata;
  if (files.tokenizer === undefined && (await exists(join(folder, 'tekken.json')))) {
    throw new FormatError('tekken.json', 'not supported without a tokenizer.json beside it');
  }
  return isByteFallbackBpe(files) ? byteFallbackBpeMetadata : byteLevelBpeMetadata;
}

async function exists(path: string): Promise<boolean> {
  try {
    // Whatever it is: reading refuses what is no file, instead of it being passed over.
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
