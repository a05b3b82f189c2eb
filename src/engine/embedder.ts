import { GlossaError } from '../errors.js';
import type { ModelInfo } from './engine.js';
import type { NativeEngine } from './native-engine.js';
import { checkMayFit } from './text-bounds.js';

/** Vectors one after the other, each as long as the model's hidden size, and the tokens of each input. */
export interface FlatEmbeddings {
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly promptTokens: readonly number[];
}

type Limits = Pick<ModelInfo, 'contextSize' | 'longestTokenBytes' | 'vocabularySize'>;

type Tokenize = (text: string, signal: AbortSignal) => Promise<readonly number[]>;

/** Embeds texts with a model's engine, inside the model's process. */
export class Embedder {
  readonly #engine: NativeEngine;
  readonly #limits: Limits;
  /** Ids of a text, with the special tokens that its tokenizer adds. */
  readonly #tokenize: Tokenize;
  /** Settled once there is room for hidden states; null before the first input, and after a failure. */
  #room: Promise<void> | null = null;
  #nextId = 1;

  constructor(engine: NativeEngine, limits: Limits, tokenize: Tokenize) {
    this.#engine = engine;
    this.#limits = limits;
    this.#tokenize = tokenize;
  }

  /**
   * Embeds the inputs as Engine.embed says.
   *
   * @throws GlossaError INVALID_REQUEST, CONTEXT_OVERFLOW or OUT_OF_MEMORY; CANCELLED once `signal` is aborted
   */
  async embed(
    inputs: readonly (string | readonly number[])[],
    adapterSet: number,
    signal: AbortSignal,
  ): Promise<FlatEmbeddings> {
    for (const input of inputs) if (typeof input === 'string') checkMayFit(input, this.#limits, 'input');
    const rows = await Promise.all(inputs.map((input) => this.#tokensOf(input, signal)));
    for (const row of rows) checkInput(row, this.#limits);
    await this.#prepare();
    const vectors = await this.#run(rows, adapterSet, signal);
    return { vectors, promptTokens: rows.map((row) => row.length) };
  }

  #tokensOf(input: string | readonly number[], signal: AbortSignal): Promise<readonly number[]> {
    // A start token alone would say nothing of what was sent.
    if (typeof input !== 'string' || input === '') return Promise.resolve(input === '' ? [] : input);
    return this.#tokenize(input, signal);
  }

  async #prepare(): Promise<void> {
    const room = (this.#room ??= this.#engine.prepareEmbeddings());
    try {
      await room;
    } catch (error) {
      // Memory may be free again when the next call comes.
      if (this.#room === room) this.#room = null;
      throw new GlossaError('OUT_OF_MEMORY', 'input: there is no memory for embeddings', {
        cause: error,
        param: 'input',
      });
    }
  }

  #run(
    inputs: readonly (readonly number[])[],
    adapterSet: number,
    signal: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>> {
    const cancelled = (): GlossaError => new GlossaError('CANCELLED', 'the request was cancelled');
    if (signal.aborted) return Promise.reject(cancelled());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#engine.cancelEmbed(id);
      };
      signal.addEventListener('abort', cancel);
      this.#engine.embed({ id, inputs, adapterSet }, (failure, vectors) => {
        signal.removeEventListener('abort', cancel);
        if (vectors !== null) resolve(vectors);
        else reject(signal.aborted ? cancelled() : new GlossaError('INTERNAL', failure ?? ''));
      });
    });
  }
}

function checkInput(tokens: readonly number[], { contextSize, vocabularySize }: Limits): void {
  if (tokens.length === 0) throw invalid('at least one token', 'none');
  if (tokens.length > contextSize) {
    throw new GlossaError(
      'CONTEXT_OVERFLOW',
      `input: ${tokens.length} tokens exceed the context of ${contextSize} tokens`,
      { param: 'input' },
    );
  }
  const stranger = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabularySize);
  if (stranger !== undefined) throw invalid(`token ids below ${vocabularySize}`, String(stranger));
}

function invalid(expected: string, received: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `input: expected ${expected}, received ${received}`, {
    param: 'input',
  });
}
