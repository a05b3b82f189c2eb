import type { NativeAdapterUse } from './addon.js';
import type { Engine, EngineOptions } from './engine.js';

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

/** An engine as the users of one of its adapter sets see it. The sets share everything else. */
export function withAdapterSet(engine: Engine, adapterSet: number): Engine {
  if (adapterSet === 0) return engine;
  return {
    get info() {
      return engine.info;
    },
    generate: (request, options) => engine.generate(request, { ...options, adapterSet }),
    tokenize: (text, options) => engine.tokenize(text, options),
    detokenize: (tokens) => engine.detokenize(tokens),
    stats: () => engine.stats(),
    close: () => engine.close(),
  };
}
