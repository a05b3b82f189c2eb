import { basename } from 'node:path';

import type { EngineStats } from '../../engine/engine.js';
import type { Caller } from '../../models/caller.js';
import type { ModelRegistry, ModelStatus } from '../../models/registry.js';
import { snakeCaseKeys, type SnakeCased } from './snake-case.js';

/** One entry of `GET /glossa/models`. Paths are the operator's business and not shown. */
export interface ModelEntry {
  id: string;
  aliases: readonly string[];
  default: boolean;
  /** Id of the model whose engine it shares. */
  base?: string;
  /** LoRA adapters that its requests are decoded with. */
  lora?: readonly { readonly file: string; readonly scale: number }[];
  state: ModelStatus['state']['name'];
  /** 0 to 1 while loading. */
  progress?: number;
  /** Why it could not be loaded. */
  error?: string;
  description?: string;
  size_bytes?: number;
  memory_bytes?: number;
  context_size?: number;
  parallel_sequences?: number;
  backend?: string;
}

/** Every model that is there for the caller. */
export function modelEntries(models: ModelRegistry, caller: Caller): ModelEntry[] {
  const defaultModel = models.defaultFor(caller);
  return models.list(caller).map((status) => ({ ...common(status, defaultModel), ...details(status) }));
}

function common({ definition, state }: ModelStatus, defaultModel: string): ModelEntry {
  const { id, aliases, base, lora } = definition;
  return {
    id,
    aliases,
    default: id === defaultModel,
    ...(base !== undefined && { base }),
    ...(lora.length > 0 && { lora: lora.map(({ path, scale }) => ({ file: basename(path), scale })) }),
    state: state.name,
  };
}

function details({ state }: ModelStatus): Partial<ModelEntry> {
  if (state.name === 'loading') return { progress: state.progress };
  if (state.name === 'failed') return { error: state.error.message };
  if (state.name !== 'ready') return {};
  const { info } = state.engine;
  return {
    description: info.description,
    size_bytes: info.sizeBytes,
    memory_bytes: info.memoryBytes,
    context_size: info.contextSize,
    parallel_sequences: info.parallelSequences,
    backend: info.backend,
  };
}

/** Figures of all engines, by id of the model they were loaded for. One that is just restarting has none. */
export async function loadedStats(
  models: ModelRegistry,
  caller: Caller,
): Promise<Record<string, SnakeCased<EngineStats> | null>> {
  const stats = models.list(caller).flatMap(({ definition, state }) =>
    state.name !== 'ready' || definition.base !== undefined
      ? []
      : state.engine.stats().then(
          (figures) => [definition.id, snakeCaseKeys(figures)] as const,
          () => [definition.id, null] as const,
        ),
  );
  return Object.fromEntries(await Promise.all(stats));
}
