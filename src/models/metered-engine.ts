import { randomInt } from 'node:crypto';

import type {
  CallOptions,
  EmbedOptions,
  Embeddings,
  Engine,
  EngineStats,
  GenerateOptions,
  Generation,
  ModelInfo,
  TokenizeOptions,
  Vocabulary,
} from '../engine/engine.js';
import { leastTokens } from '../engine/text-bounds.js';
import { tellConfigured } from '../generation/configured-parameters.js';
import { resolveMaxNewTokens } from '../generation/request-lengths.js';
import {
  parseGenerationRequest,
  type GenerationDefaults,
  type GenerationRequestInput,
  type SeededRequest,
} from '../generation/request.js';
import { GlossaError } from '../errors.js';
import type { KeyUsage, TokenReservation } from './key-usage.js';
import { MeteredGeneration, type Metered } from './metered-generation.js';

type Input = string | readonly number[];

/** An engine whose user has a limit of tokens a minute. */
export class MeteredEngine implements Engine {
  readonly #engine: Engine;
  readonly #usage: KeyUsage;
  readonly #defaults: GenerationDefaults;
  /** All that were made for the user of this engine. */
  readonly #reservations: TokenReservation[] = [];
  readonly #running = new Set<MeteredGeneration>();

  /** @param defaults those that the engine fills in by itself */
  constructor(engine: Engine, usage: KeyUsage, defaults: GenerationDefaults) {
    this.#engine = engine;
    this.#usage = usage;
    this.#defaults = defaults;
  }

  /**
   * The model's, with a context that the limit is enough for: what fits its texts to the one fits them to the other. A
   * text has a token more than its context holds, as the last one is never fed back.
   */
  get info(): ModelInfo {
    const { info } = this.#engine;
    const contextSize = Math.min(info.contextSize, Math.max(1, (this.tokenLimit ?? Infinity) - 1));
    return contextSize === info.contextSize ? info : { ...info, contextSize };
  }

  get tokenLimit(): number | undefined {
    return this.#usage.tokensPerMinute;
  }

  /** Besides what the engine throws, the generation throws RATE_LIMITED, or INVALID_REQUEST if it can never fit. */
  generate(input: GenerationRequestInput, options: GenerateOptions = {}): Generation {
    const parsed = parseGenerationRequest(input, this.#defaults);
    const seed = parsed.seed ?? randomInt(2 ** 48 - 1);
    const request: SeededRequest = { ...parsed, seed };
    const generation = new MeteredGeneration(request, {
      start: () => this.#start({ ...input, seed }, request, options),
      onEnd: () => this.#running.delete(generation),
    });
    this.#running.add(generation);
    generation.begin();
    return generation;
  }

  async embed(inputs: readonly Input[], options?: EmbedOptions): Promise<Embeddings> {
    let atMost = 0;
    for (const input of inputs) {
      atMost += await this.#countTokens(input, options?.signal);
      // Of inputs that never fit no more are looked at.
      if (atMost > (this.#usage.tokensPerMinute ?? Infinity)) break;
    }
    const words = `inputs of at least ${atMost} tokens`;
    const reservation = this.#usage.reserve(atMost, { param: 'input', words });
    try {
      const embeddings = await this.#engine.embed(inputs, options);
      reservation.take(embeddings.promptTokens.reduce((sum, count) => sum + count, 0));
      return embeddings;
    } finally {
      reservation.end();
    }
  }

  tokenize(text: string, options?: TokenizeOptions): Promise<number[]> {
    return this.#engine.tokenize(text, options);
  }

  detokenize(tokens: readonly number[], options?: CallOptions): Promise<string> {
    return this.#engine.detokenize(tokens, options);
  }

  vocabulary(): Promise<Vocabulary> {
    return this.#engine.vocabulary();
  }

  stats(): Promise<EngineStats> {
    return this.#engine.stats();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Ends what its user has left behind without reading it to the end. */
  leave(): void {
    for (const generation of this.#running) generation.leave();
  }

  async #start(
    input: GenerationRequestInput,
    request: SeededRequest,
    options: GenerateOptions,
  ): Promise<Metered> {
    const { contextSize } = this.#engine.info;
    const promptTokens = Math.min(contextSize, await this.#countTokens(request.prompt, undefined));
    // A search takes tokens for all of its beams, and returns some of them.
    const count = Math.max(request.numReturnSequences, request.numBeams);
    const newTokens = Math.min(
      this.#newTokens(request, promptTokens, input),
      Math.max(0, contextSize - promptTokens),
    );
    const each = count === 1 ? '' : `${count} x `;
    const limit = this.#usage.tokensPerMinute ?? Infinity;
    const reservation = this.#reserve(promptTokens + count * newTokens, {
      param: promptTokens >= limit ? 'prompt' : 'maxNewTokens',
      words: `a prompt of ${promptTokens} tokens and ${each}${newTokens} new ones`,
      // A task in the background may wait between its parts.
      isWhole: options.priority !== 'background',
    });
    try {
      const generation = this.#engine.generate(input, options);
      return { generation, reservation, promptTokens, newTokens };
    } catch (error) {
      reservation.end();
      throw error;
    }
  }

  /**
   * Keeps tokens for one of the generations that make up a request. Those of the others, which run beside it or have just
   * been, are never there for it: what does not fit with them is too much in one request, however often it is repeated.
   */
  #reserve(
    count: number,
    what: { readonly param: string; readonly words: string; readonly isWhole: boolean },
  ): TokenReservation {
    const held = this.#reservations.reduce((sum, reservation) => sum + reservation.held, 0);
    try {
      const reservation = this.#usage.reserve(count, what);
      this.#reservations.push(reservation);
      return reservation;
    } catch (error) {
      if (!what.isWhole || held === 0 || GlossaError.from(error).code !== 'RATE_LIMITED') throw error;
      const generations = this.#reservations.length + 1;
      const words = `${generations} generations of this request, which take ${held + count} tokens together,`;
      if (held + count > (this.#usage.tokensPerMinute ?? Infinity))
        this.#usage.reserve(held + count, { ...what, words });
      throw error;
    }
  }

  #newTokens(request: SeededRequest, promptTokens: number, input: GenerationRequestInput): number {
    try {
      return resolveMaxNewTokens(request, promptTokens, this.#engine.info.contextSize);
    } catch (error) {
      throw tellConfigured(GlossaError.from(error), input, this.#defaults);
    }
  }

  /** How many tokens an input has. One that cannot fit the context is not looked at: the engine refuses it. */
  async #countTokens(input: Input, signal: AbortSignal | undefined): Promise<number> {
    if (typeof input !== 'string') return input.length;
    const least = leastTokens(input, this.#engine.info);
    if (least > this.#engine.info.contextSize) return least;
    const ids = await this.#engine.tokenize(input, { addSpecial: true, signal });
    return Math.max(1, ids.length);
  }
}
