import { FormatError, quote } from '../format-error.js';
import { ADAPTER_CONFIG, type AdapterConfig } from './adapter-config.js';

/** Rank and factor of one adapted module. */
export interface Scaling {
  readonly rank: number;
  /** lora_alpha / r, or lora_alpha / sqrt(r) for rank-stabilised LoRA (PEFT's LoraLayer.update_layer). */
  readonly scale: number;
}

/**
 * What adapter_config.json says of a module.
 *
 * @param module its name in the model, e.g. "model.layers.0.self_attn.q_proj"
 * @throws FormatError if a pattern is no regular expression
 */
export function scalingOf(config: AdapterConfig, module: string): Scaling {
  const rank = lookUp('rank_pattern', config.rank_pattern, module) ?? config.r;
  const alpha = lookUp('alpha_pattern', config.alpha_pattern, module) ?? config.lora_alpha;
  return { rank, scale: scaleFor(config, rank, alpha) };
}

/**
 * The alpha that a GGUF adapter states for all its tensors: llama.cpp divides it by each tensor's rank, so that
 * of a module which no pattern names comes out right. Never 0, which llama.cpp takes for "do not scale".
 */
export function runtimeAlpha(config: AdapterConfig): number {
  const alpha = Math.fround(scaleFor(config, config.r, config.lora_alpha) * config.r);
  return alpha === 0 ? 1 : alpha;
}

function scaleFor(config: AdapterConfig, rank: number, alpha: number): number {
  return alpha / (config.use_rslora === true ? Math.sqrt(rank) : rank);
}

/** The first key that matches the module's name, or its end after a dot (PEFT's get_pattern_key). */
function lookUp(entry: string, pattern: ReadonlyMap<string, number>, module: string): number | undefined {
  for (const [key, value] of pattern) {
    if (compile(entry, key).test(module)) return value;
  }
  return undefined;
}

function compile(entry: string, key: string): RegExp {
  try {
    return new RegExp(`^(?:.*\\.)?(?:${key})$`);
  } catch (error) {
    throw new FormatError(ADAPTER_CONFIG, `${entry}: ${quote(key)} is no regular expression`, {
      cause: error,
    });
  }
}
