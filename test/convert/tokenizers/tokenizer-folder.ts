import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import type { GgufValue } from '../../../scripts/convert/gguf/values.js';
import { tokenizerMetadata } from '../../../scripts/convert/tokenizers/index.js';
import { scratchFolder } from '../scratch.js';
import { writeJson } from '../tiny-gpt2.js';

export type Json = Readonly<Record<string, unknown>>;

/** What a tokenizer folder of a test holds: contents by file name, JSON unless they are text or bytes. */
export interface Tokenizer {
  readonly files: Readonly<Record<string, Json | string | Uint8Array>>;
  /** llama.cpp's name. Default "llama". */
  readonly architecture?: string;
  /** Rows of the embedding. */
  readonly size: number;
  readonly config?: Json;
}

/** The metadata of a tokenizer that is written out for it. */
export async function convertTokenizer(
  context: TestContext,
  { files, architecture = 'llama', size, config = {} }: Tokenizer,
  onWarning?: (warning: string) => void,
): Promise<Map<string, GgufValue>> {
  const folder = await scratchFolder(context);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    if (typeof content === 'string' || content instanceof Uint8Array)
      await writeFile(join(folder, name), content);
    else await writeJson(folder, name, content);
  }
  return tokenizerMetadata({ folder, architecture, vocabularySize: size, config, onWarning });
}

/** Asserts that converting it fails so. */
export async function assertRefused(
  context: TestContext,
  tokenizer: Tokenizer,
  message: RegExp,
): Promise<void> {
  await assert.rejects(convertTokenizer(context, tokenizer), { name: 'FormatError', message });
}

/** Text, score and type of the tokens from an id on; no score: undefined. */
export function tokenRows(metadata: Map<string, GgufValue>, start: number): unknown[][] {
  const list = (key: string): ArrayLike<unknown> | undefined =>
    metadata.get(`tokenizer.ggml.${key}`)?.value as ArrayLike<unknown> | undefined;
  const tokens = list('tokens') ?? [];
  return Array.from({ length: tokens.length - start }, (_, index) =>
    ['tokens', 'scores', 'token_type'].map((key) => list(key)?.[start + index]),
  );
}

/** The keys without "tokenizer.ggml.", in order. */
export function keysOf(metadata: Map<string, GgufValue>): string[] {
  return [...metadata.keys()].map((key) => key.replace('tokenizer.ggml.', ''));
}
