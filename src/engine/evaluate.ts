import { availableParallelism } from 'node:os';

import { GlossaError } from '../errors.js';
import { loadAddon, type NativeEvaluation, type NativeModel } from './addon.js';
import { openBackend } from './backend.js';
import { checkModelFile, reasonOf } from './load-failure.js';

/**
 * A model file on the CPU, for looking at its scores and its tokenizer. It lives in the process that opens it: what
 * llama.cpp aborts on ends that process.
 */
export class Evaluator {
  readonly vocabularySize: number;
  /** Tokens that can be evaluated: as asked for, or what the model was trained on if that is less. */
  readonly contextSize: number;
  readonly #model: NativeModel;
  readonly #evaluation: NativeEvaluation;

  private constructor(model: NativeModel, evaluation: NativeEvaluation, contextSize: number) {
    this.vocabularySize = model.info().vocabularySize;
    this.contextSize = contextSize;
    this.#model = model;
    this.#evaluation = evaluation;
  }

  /**
   * Loads a model file.
   *
   * @param options.maxTokens the longest text that is to be evaluated
   * @param options.threads default: as many as there are cores
   * @throws GlossaError MODEL_LOAD_FAILED with llama.cpp's reason; NATIVE_UNAVAILABLE without the addon
   */
  static async open(
    modelPath: string,
    options: { readonly maxTokens: number; readonly threads?: number },
  ): Promise<Evaluator> {
    const addon = loadAddon();
    await openBackend(addon, 'off');
    try {
      await checkModelFile(modelPath);
      const model = await addon.loadModel({ path: modelPath, gpuLayers: 0, adapters: [] }, () => undefined);
      const contextSize = Math.min(options.maxTokens, model.info().trainedContextSize);
      const threads = options.threads ?? availableParallelism();
      return new Evaluator(model, await addon.createEvaluation(model, { contextSize, threads }), contextSize);
    } catch (error) {
      const reason = reasonOf(error, modelPath);
      throw new GlossaError('MODEL_LOAD_FAILED', `the model can't be loaded: ${reason}`, { cause: error });
    }
  }

  /** @param addSpecial add what the tokenizer adds to a prompt; texts of special tokens always stand for those */
  tokenize(text: string, addSpecial: boolean): Promise<number[]> {
    return this.#model.tokenize(text, addSpecial, true);
  }

  /** Special tokens are left out; bytes that are no UTF-8 become U+FFFD. */
  detokenize(tokens: readonly number[]): string {
    return this.#model.detokenize(tokens);
  }

  /**
   * Appends tokens to the text so far and gives the logits after each, a row of `vocabularySize` for every token.
   *
   * @throws Error if they exceed what is left of the context, or the backend fails
   */
  next(tokens: readonly number[]): Promise<Float32Array> {
    return this.#evaluation.next(tokens);
  }
}
