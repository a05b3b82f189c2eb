import { z } from 'zod';

import { text, tokenIds } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { optional } from '../values.js';

/** More than the largest body holds that is worth sending. */
const MOST_TOKENS = 4 * 2 ** 20;

/** Body of `POST /tokenize`: vLLM's fields, and llama.cpp's names of them. */
export const tokenizeSchema = z.object({
  /** Default: the default model. */
  model: optional(text()),
  prompt: optional(text()),
  /** The same as `prompt`. */
  content: optional(text()),
  /** Adds what the tokenizer adds to a prompt (BOS for LLaMA); default true. */
  add_special_tokens: optional(flag()),
  /** The same. */
  add_special: optional(flag()),
  /** Takes the names of special tokens for those tokens; default false. */
  parse_special: optional(flag()),
  /** Tells each token's text, too; default false. */
  return_token_strs: optional(flag()),
});

/** Body of `POST /detokenize`. */
export const detokenizeSchema = z.object({
  /** Default: the default model. */
  model: optional(text()),
  tokens: tokenIds({ most: MOST_TOKENS }),
});
