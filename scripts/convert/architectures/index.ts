import { FormatError, quote } from '../format-error.js';
import type { Architecture, ModelConfig } from './architecture.js';
import { expectUnquantised } from './config-checks.js';
import { gemma2 } from './gemma2.js';
import { gpt2 } from './gpt2.js';
import { gptneox } from './gptneox.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

/** Every architecture that the converter knows. Adding one is adding its file and its entry here. */
export const ARCHITECTURES: readonly Architecture[] = [
  gpt2,
  gptneox,
  llama,
  mistral,
  qwen2,
  qwen3,
  phi3,
  gemma2,
];

/**
 * The architecture that a config.json names, by `architectures` or, where that is absent, by `model_type`.
 *
 * @throws FormatError listing the known ones if it is none of them, or if the weights are quantised
 */
export function findArchitecture(config: ModelConfig): Architecture {
  const { architectures, model_type: modelType } = config;
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const found = ARCHITECTURES.find((candidate) =>
    name === undefined
      ? candidate.modelType === modelType
      : typeof name === 'string' && candidate.huggingFaceNames.includes(name),
  );
  if (found !== undefined) {
    expectUnquantised(config);
    return found;
  }
  const known = ARCHITECTURES.flatMap((candidate) => candidate.huggingFaceNames).join(', ');
  const given = name ?? modelType ?? null;
  const received = typeof given === 'string' ? quote(given) : JSON.stringify(given);
  throw new FormatError('config.json', `the architecture ${received} is not known; known are: ${known}`);
}
