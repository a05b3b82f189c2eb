import type { Engine, GenerateOptions } from './engine.js';

/** What goes with every request to one of the models that an engine serves. */
type Bindings = Required<Pick<GenerateOptions, 'adapterSet' | 'defaults'>>;

/** An engine as the users of one of its models see it. The models share everything else. */
export function bindEngine(engine: Engine, bindings: Bindings): Engine {
  if (bindings.adapterSet === 0 && Object.keys(bindings.defaults).length === 0) return engine;
  return {
    get info() {
      return engine.info;
    },
    generate: (request, options) => engine.generate(request, { ...options, ...bindings }),
    embed: (inputs, options) => engine.embed(inputs, { ...options, adapterSet: bindings.adapterSet }),
    tokenize: (text, options) => engine.tokenize(text, options),
    detokenize: (tokens, options) => engine.detokenize(tokens, options),
    vocabulary: () => engine.vocabulary(),
    stats: () => engine.stats(),
    close: () => engine.close(),
  };
}
