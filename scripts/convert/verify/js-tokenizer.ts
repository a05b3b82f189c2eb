import * as library from '@huggingface/tokenizers';

import type { TokenizerConfig, TokenizerJson } from './tokenizer-files.js';

/** What is used of `Tokenizer` in @huggingface/tokenizers. */
export interface JsTokenizer {
  readonly model: { readonly unk_token_id?: number } | null;
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: number[]; readonly tokens: string[] };
  decode(
    ids: number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(text: string): number | undefined;
}

/** Its own types don't resolve in ES modules (0.1.x: imports without extensions), hence ours. */
const { Tokenizer } = library as unknown as {
  readonly Tokenizer: new (json: TokenizerJson, config: TokenizerConfig) => JsTokenizer;
};

/** @throws Error if the library knows some part of the tokenizer not */
export function makeTokenizer(json: TokenizerJson, config: TokenizerConfig): JsTokenizer {
  return new Tokenizer(json, config);
}
