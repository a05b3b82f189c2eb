import { EngineProcess } from '../../../src/engine/engine-process.js';
import { shippedEngineOptions } from '../../engine/shipped-model.js';

/** What to ask of a model file. */
export interface Probe {
  readonly texts: readonly string[];
  /** Prompts whose greedy continuation is wanted. */
  readonly prompts: readonly (readonly number[])[];
  readonly newTokens: number;
}

export interface ProbeResult {
  /** Ids of every text, with what the tokenizer adds and special tokens in the text taken as such. */
  readonly ids: readonly (readonly number[])[];
  readonly continuations: readonly (readonly number[])[];
}

/** Loads a model file, on the CPU, and asks llama.cpp; scripts/goldens/probe.mjs asks the reference's files likewise. */
export async function probe(modelPath: string, { texts, prompts, newTokens }: Probe): Promise<ProbeResult> {
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath, parallelSequences: 1 }));
  try {
    const ids = [];
    for (const text of texts) ids.push(await engine.tokenize(text, { addSpecial: true, parseSpecial: true }));
    const continuations = [];
    for (const prompt of prompts) {
      const tokens: number[] = [];
      for await (const event of engine.generate({
        prompt: [...prompt],
        maxNewTokens: newTokens,
        eosTokenId: [],
      })) {
        if (event.type === 'token') tokens.push(event.tokenId);
      }
      continuations.push(tokens);
    }
    return { ids, continuations };
  } finally {
    await engine.close();
  }
}
