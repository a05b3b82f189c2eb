import process from 'node:process';

import { GlossaError } from '../errors.js';
import type { Addon, NativeModel, NativeVocabulary } from './addon.js';
import type { NativeEngine, NativeEvent, NativeRequest } from './native-engine.js';
import { nativeAdapters } from './adapters.js';
import { openBackend } from './backend.js';
import { TURN_FILE } from './compute-turn.js';
import { Embedder, type FlatEmbeddings } from './embedder.js';
import type { EngineOptions, EngineStats, ModelInfo, TokenizeOptions } from './engine.js';
import { cacheBytes, type CacheSizes, fitCache, hasRotaryPositions, kvBytesPerToken } from './fit.js';
import { checkAdapterFile, checkModelFile, reasonOf } from './load-failure.js';
import { nativeRequest } from './native-request.js';
import type { Submission } from './protocol.js';
import { WorkQueue } from './work-queue.js';

/** Texts that are tokenized at a time: the work is done on threads of its own, which decoding must not lose its cores to. */
const TOKENIZED_AT_ONCE = 2;

interface LoadedModelEvents {
  readonly onProgress: (fraction: number) => void;
  readonly onStep: (events: NativeEvent[], acknowledge: () => void) => void;
}

/** What becomes of a request before it is the scheduler's. */
interface Preparation {
  /** Sequences that were cancelled; negative for all. */
  readonly cancelled: number[];
  /** Aborted when all were. */
  readonly dropped: AbortController;
}

/** A model and its scheduler inside the model's own process. */
export class LoadedModel {
  readonly info: ModelInfo;
  readonly #model: NativeModel;
  readonly #engine: NativeEngine;
  readonly #tokenizations = new WorkQueue(TOKENIZED_AT_ONCE);
  readonly #onStep: LoadedModelEvents['onStep'];
  /** Requests that are not the scheduler's yet. */
  readonly #preparing = new Map<number, Preparation>();
  readonly #embedder: Embedder;
  /** Settled once there is room for beams; null before the first request for them, and after a failure. */
  #beams: Promise<void> | null = null;

  private constructor(
    model: NativeModel,
    engine: NativeEngine,
    info: ModelInfo,
    onStep: LoadedModelEvents['onStep'],
  ) {
    this.#model = model;
    this.#engine = engine;
    this.info = info;
    this.#onStep = onStep;
    this.#embedder = new Embedder(engine, info, (text, signal) =>
      this.tokenize(text, { addSpecial: true, signal }),
    );
  }

  /**
   * Loads a model file and starts its scheduler.
   *
   * @throws GlossaError MODEL_LOAD_FAILED with llama.cpp's reason; NATIVE_UNAVAILABLE if the backend can't be opened
   */
  static async load(addon: Addon, options: EngineOptions, events: LoadedModelEvents): Promise<LoadedModel> {
    const { backend } = await openBackend(addon, options.gpu);
    try {
      await checkModelFile(options.modelPath);
      const { adapters, adapterSets } = nativeAdapters(options.adapterSets);
      for (const adapter of adapters) await checkAdapterFile(adapter);
      const gpuLayers = options.gpu === 'off' ? 0 : options.gpuLayers;
      const model = await addon.loadModel(
        { path: options.modelPath, gpuLayers, adapters },
        events.onProgress,
      );
      const sizes = chooseSizes(model, options);
      // Models on a GPU do not compete for the cores.
      const turnFile = backend === 'cpu' ? TURN_FILE : -1;
      const engine: NativeEngine = await addon.createEngine(
        model,
        { ...options, ...sizes, turnFile, adapterSets },
        (step) => {
          events.onStep(step, () => {
            engine.acknowledge();
          });
        },
      );
      return new LoadedModel(model, engine, describe(model, options, sizes, backend), events.onStep);
    } catch (error) {
      throw new GlossaError(
        'MODEL_LOAD_FAILED',
        `the model can't be loaded: ${reasonOf(error, options.modelPath)}`,
        {
          cause: error,
        },
      );
    }
  }

  /**
   * Tokenizes the prompt, makes room for beams if there is none yet, and hands the request to the scheduler. One that
   * is cancelled as a whole before its prompt is tokenized ends here.
   *
   * @throws GlossaError CONTEXT_OVERFLOW, INVALID_REQUEST or OUT_OF_MEMORY
   */
  async submit(id: number, submission: Submission): Promise<void> {
    const received = performance.now();
    const preparation: Preparation = { cancelled: [], dropped: new AbortController() };
    this.#preparing.set(id, preparation);
    const {
      cancelled,
      dropped: { signal },
    } = preparation;
    try {
      const request = await nativeRequest(id, submission, {
        info: this.info,
        tokenize: (text) => this.tokenize(text, { addSpecial: true, signal }),
      });
      if (request.numBeams > 1) await this.#prepareBeams();
      const { remainingMs } = submission;
      this.#submitNatively({
        ...request,
        ...(remainingMs === undefined ? {} : { remainingMs: remainingMs - (performance.now() - received) }),
      });
      for (const sequence of cancelled) this.#engine.cancel(id, sequence);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#onStep(cancelledEvents(id, submission.numReturnSequences), () => undefined);
    } finally {
      this.#preparing.delete(id);
    }
  }

  /** Only a grammar is first understood where the vocabulary is: what is wrong with it is the client's to mend. */
  #submitNatively(request: NativeRequest): void {
    try {
      this.#engine.submit(request);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('grammar: ')) throw error;
      throw new GlossaError('INVALID_REQUEST', error.message, { cause: error, param: 'grammar' });
    }
  }

  async #prepareBeams(): Promise<void> {
    const beams = (this.#beams ??= this.#engine.prepareBeams());
    try {
      await beams;
    } catch (error) {
      // Memory may be free again when the next request comes.
      if (this.#beams === beams) this.#beams = null;
      throw new GlossaError('OUT_OF_MEMORY', 'numBeams: there is no memory for beams; expected 1', {
        cause: error,
        param: 'numBeams',
      });
    }
  }

  cancel(id: number, sequence: number): void {
    const preparation = this.#preparing.get(id);
    if (preparation === undefined) {
      this.#engine.cancel(id, sequence);
      return;
    }
    preparation.cancelled.push(sequence);
    if (sequence < 0) preparation.dropped.abort();
  }

  setPaused(id: number, paused: boolean): void {
    this.#engine.setPaused(id, paused);
  }

  /** @throws GlossaError CANCELLED if `signal` is aborted while others are tokenized, or between a text's special tokens */
  tokenize(
    text: string,
    { addSpecial = false, parseSpecial = false, signal }: TokenizeOptions = {},
  ): Promise<number[]> {
    const work = (): Promise<number[]> => tokenized(this.#model, text, { addSpecial, parseSpecial, signal });
    return this.#tokenizations.run(work, signal);
  }

  detokenize(tokens: readonly number[]): string {
    const { vocabularySize } = this.info;
    const stranger = tokens.find((token) => token >= vocabularySize);
    if (stranger === undefined) return this.#model.detokenize(tokens);
    throw new GlossaError(
      'INVALID_REQUEST',
      `tokens: expected token ids below ${vocabularySize}, received ${stranger}`,
      { param: 'tokens' },
    );
  }

  vocabulary(): NativeVocabulary {
    return this.#model.vocabulary();
  }

  /**
   * Vectors of the inputs, one after the other, and each input's tokens; Engine.embed says more.
   *
   * @throws GlossaError INVALID_REQUEST, CONTEXT_OVERFLOW or OUT_OF_MEMORY; CANCELLED once `signal` is aborted
   */
  embed(
    inputs: readonly (string | readonly number[])[],
    adapterSet: number,
    signal: AbortSignal,
  ): Promise<FlatEmbeddings> {
    return this.#embedder.embed(inputs, adapterSet, signal);
  }

  stats(): EngineStats {
    return { ...this.#engine.stats(), residentBytes: process.memoryUsage.rss(), pid: process.pid };
  }

  async close(): Promise<void> {
    await this.#engine.stop();
  }
}

async function tokenized(
  model: NativeModel,
  text: string,
  { addSpecial, parseSpecial, signal }: Required<Omit<TokenizeOptions, 'signal'>> & TokenizeOptions,
): Promise<number[]> {
  const stop = new Int32Array(1);
  const onAbort = (): void => {
    Atomics.store(stop, 0, 1);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await model.tokenize(text, addSpecial, parseSpecial, stop);
  } catch (error) {
    if (signal?.aborted === true) throw new GlossaError('CANCELLED', 'the request was cancelled');
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The ends of a request that never began. */
function cancelledEvents(id: number, sequences: number): NativeEvent[] {
  return Array.from({ length: sequences }, (_, sequence): NativeEvent => [
    'finish',
    id,
    sequence,
    'cancelled',
    '',
    0,
    null,
    false,
  ]);
}

/** Sizes of the KV cache: as configured, or what the memory that is left after loading allows. */
function chooseSizes(model: NativeModel, options: EngineOptions): CacheSizes {
  const { metadata, trainedContextSize } = model.info();
  const sizes = fitCache(
    options,
    trainedContextSize,
    kvBytesPerToken(metadata, options.kvType),
    process.availableMemory(),
  );
  if (sizes.contextSize > trainedContextSize && !hasRotaryPositions(metadata)) {
    throw new Error(
      `it has positions for ${trainedContextSize} tokens, fewer than the contextSize of ${sizes.contextSize}`,
    );
  }
  // One sequence can't have more of a shared pool than the pool holds.
  if (options.kvLayout === 'split' || options.kvCells === 0) return sizes;
  return { ...sizes, contextSize: Math.min(sizes.contextSize, options.kvCells) };
}

function describe(
  model: NativeModel,
  { kvType }: EngineOptions,
  { contextSize, parallelSequences, beamCells }: CacheSizes,
  backend: string,
): ModelInfo {
  const { startTokenId, ...info } = model.info();
  // A GPU's cache is not this process's memory.
  const laterCells = beamCells + contextSize;
  const laterBytes = backend === 'cpu' ? cacheBytes(laterCells, kvBytesPerToken(info.metadata, kvType)) : 0;
  return {
    ...info,
    startTokenId: startTokenId < 0 ? null : startTokenId,
    architecture: info.metadata['general.architecture'] ?? 'unknown',
    // Weights were read for checking and the KV cache was cleared, so both are resident by now. The cells of beams and
    // embeddings will be.
    memoryBytes: process.memoryUsage.rss() + laterBytes,
    contextSize,
    parallelSequences,
    backend,
  };
}
