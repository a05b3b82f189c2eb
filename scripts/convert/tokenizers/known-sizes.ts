import { bool, type GgufValue, uint32 } from '../gguf/values.js';

const CODE_LLAMA = { size: 32_016, endOfTurn: 32_010, mark: '<EOT>' };
const GRANITE_SIZE = 49_152;

const EOT_ID = 'tokenizer.ggml.eot_token_id';
const ADD_BOS = 'tokenizer.ggml.add_bos_token';

/**
 * What llama.cpp's converter knows of two LLaMA models that it tells by the rows of their embedding: where Code
 * Llama ends a turn, and that small Granite models get no first token. Here only where the token is what it is
 * taken for, and the files say nothing themselves.
 */
export function addByModelSize(metadata: Map<string, GgufValue>, size: number): void {
  const tokens = metadata.get('tokenizer.ggml.tokens')?.value as readonly string[] | undefined;
  const isCodeLlama =
    size === CODE_LLAMA.size && tokens?.[CODE_LLAMA.endOfTurn]?.endsWith(CODE_LLAMA.mark) === true;
  if (isCodeLlama && !metadata.has(EOT_ID)) metadata.set(EOT_ID, uint32(CODE_LLAMA.endOfTurn));
  if (size === GRANITE_SIZE && !metadata.has(ADD_BOS)) metadata.set(ADD_BOS, bool(false));
}
