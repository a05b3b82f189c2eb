import { quote } from '../format-error.js';
import type { TokenizerFiles } from './files.js';

const FLAGS = ['lstrip', 'rstrip', 'single_word'] as const;

/**
 * What is to be said of added tokens whose flags have no place in GGUF, so that text beside them is cut otherwise.
 * llama.cpp itself strips what follows the tokens of Phi-3.
 */
export function flagWarnings({ tokenizer, config }: TokenizerFiles, architecture: string): string[] {
  const tokens = [...(tokenizer?.added_tokens ?? []), ...Object.values(config?.added_tokens_decoder ?? {})];
  return FLAGS.filter((flag) => flag !== 'rstrip' || architecture !== 'phi3').flatMap((flag) => {
    const texts = [...new Set(tokens.filter((token) => token[flag] === true).map(({ content }) => content))];
    const [first] = texts;
    if (first === undefined) return [];
    const others = texts.length === 1 ? '' : ` and ${texts.length - 1} others`;
    return [
      `${flag} of token ${quote(first)}${others} has no place in GGUF: text beside it is cut otherwise`,
    ];
  });
}
