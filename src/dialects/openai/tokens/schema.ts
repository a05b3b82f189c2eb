import { z } from 'zod';

import { text, tokenIds } from '../../../generation/request-compounds.js';
import { flag } from '../../../generation/request-values.js';
import { optional } from '../values.js';

/** More than the largest body holds that is worth sending. */
const MOST_TOKENS = 4 * 2 ** 20;

/** Body of `POST /tokenize`: vLLM's fields, and llama.cpp's names of them. */
export const tokenizeSchema = z.object({
  model: optional(text()).describe('Id or alias; absent: the default model.'),
  prompt: optional(text()).describe('Text to tokenize.'),
  content: optional(text()).describe('The same as prompt.'),
  add_special_tokens: optional(flag()).describe(
    'Adds what the tokenizer adds to a prompt (BOS for LLaMA); default true.',
  ),
  add_special: optional(flag()).describe('The same as add_special_tokens.'),
  parse_special: optional(flag()).describe(
    'Takes the names of special tokens for those tokens; default true.',
  ),
  return_token_strs: optional(flag()).describe("Tells each token's text, too; default false."),
});

/** Body of `POST /detokenize`. */
export const detokenizeSchema = z.object({
  model: optional(text()).describe('Id or alias; absent: the default model.'),
  tokens: tokenIds({ most: MOST_TOKENS }).describe('Token ids.'),
});
