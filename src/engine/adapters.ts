import type { NativeAdapterUse } from './native-engine.js';
import type { EngineOptions } from './engine.js';

/** Adapters as the addon takes them. */
interface NativeAdapters {
  /** Files, each once. */
  readonly adapters: readonly string[];
  readonly adapterSets: readonly (readonly NativeAdapterUse[])[];
}

/** Files to load and, by their index, the sets that use them; without sets, one that is empty. */
export function nativeAdapters(sets: EngineOptions['adapterSets'] = [[]]): NativeAdapters {
  const adapters = [...new Set(sets.flat().map(({ path }) => path))];
  return {
    adapters,
    adapterSets: sets.map((set) =>
      set.map(({ path, scale }) => ({ adapter: adapters.indexOf(path), scale })),
    ),
  };
}
