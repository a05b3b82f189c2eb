import type { Engine } from '../../engine/engine.js';
import { leastTokens } from '../../engine/text-bounds.js';
import { GlossaError } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { ModelLease } from '../../models/registry.js';
import type { DialectServices, RequestRecord } from '../../server/dialect.js';
import { continuationKey, Continuations, type Continuation, type ContinuedRow } from './continuations.js';
import { Delivery } from './delivery.js';
import { completeConfig, engineParameters } from './parameters.js';
import { promptTexts } from './prompt-text.js';
import { generateRows, Row } from './rows.js';
import type { GenerateCall } from './schema.js';
import { promptSeed, ServerSeeds } from './seeds.js';
import { Turns } from './turns.js';

/** What a batch's reader is told while it runs. */
export interface BatchReader {
  /** The batch has its turn and its model. */
  started?(): void;
  /** The model begins; each prompt's text, or everything so far if it is a continuation. */
  initialized?(prompts: readonly string[]): void;
  /** New text of each row, often empty; resolves when more can be taken. Absent: the text is wanted at the end. */
  progress?(texts: readonly string[]): Promise<void>;
}

/** Whose batch it is and what ends it. */
export interface BatchOptions {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly record: RequestRecord;
}

/** What a batch gave, in the order of its prompts. */
export interface BatchResult {
  readonly rows: readonly Row[];
  readonly prompts: readonly string[];
  /** From its turn to its end. */
  readonly seconds: number;
}

/** Runs batches, and keeps what they can be continued from. One for all routes: a websocket continues what HTTP began. */
export class Batches {
  readonly #services: DialectServices;
  readonly #continuations: Continuations;
  readonly #turns = new Turns();
  readonly #seeds: ServerSeeds;

  /** @param now milliseconds */
  constructor(services: DialectServices, now?: () => number) {
    const { continuationLimit, continuationTtl, generateDefaults } = services.settings;
    this.#services = services;
    this.#continuations = new Continuations({ limit: continuationLimit, ttlSeconds: continuationTtl }, now);
    this.#seeds = new ServerSeeds(generateDefaults.seed);
  }

  /**
   * Generates, or continues what a request of the same ids left; what a later one goes on from is kept when this
   * resolves or rejects. Of a batch whose reader was told of progress, what came so far is kept even if it fails.
   *
   * @throws GlossaError
   */
  async run(call: GenerateCall, options: BatchOptions, reader: BatchReader): Promise<BatchResult> {
    const ids = call.prompts.map((prompt) => prompt.requestId);
    const key = continuationKey(options.caller.keyId, ids);
    const leave = await this.#turns.take(key, options.signal);
    try {
      const lease = await this.#services.models.acquire(undefined, options);
      try {
        options.record.model = lease.id;
        const found = this.#continuations.find(key);
        const before = found?.model === lease.id ? found : undefined;
        const start = before ?? (await this.#begin(call, lease, options.signal));
        const config = call.config ?? start.config;
        const continuation = { ...start, config, seed: call.config?.seed ?? start.seed };
        return await this.#generate({ key, continuation, engine: lease.engine, options, reader });
      } finally {
        lease.release();
      }
    } finally {
      leave();
    }
  }

  /** The continuation of nothing: prompts only. */
  async #begin(
    call: GenerateCall,
    { id: model, engine }: Pick<ModelLease, 'id' | 'engine'>,
    signal: AbortSignal,
  ): Promise<Continuation> {
    for (const { text } of call.prompts) {
      const least = leastTokens(text, engine.info);
      if (least >= engine.info.contextSize)
        throw contextIsFull(`a prompt of at least ${least} tokens`, engine);
    }
    const rows: ContinuedRow[] = [];
    // One after the other: each has a place in the engine's queue.
    for (const { text } of call.prompts) {
      const row = await promptRow(engine, text, signal);
      if (row.tokenIds.length >= engine.info.contextSize)
        throw contextIsFull(`a prompt of ${row.tokenIds.length} tokens`, engine);
      rows.push(row);
    }
    return { model, rows, config: call.config ?? {}, seed: call.config?.seed ?? this.#seeds.next() };
  }

  async #generate({ key, continuation, engine, options, reader }: BatchJob): Promise<BatchResult> {
    const begin = performance.now();
    const rows = continuation.rows.map((row) => new Row(row));
    const config = completeConfig(continuation.config, this.#services.settings.generateDefaults);
    const roomOf = ({ before }: Row): number =>
      before.hasEnded ? 0 : Math.max(0, engine.info.contextSize - before.tokenIds.length);
    if (rows.every((row) => roomOf(row) === 0)) throw contextIsFull('the text so far', engine);
    const prompts = await promptTexts(engine, continuation.rows, options.signal);
    reader.started?.();
    let isBegun = false;
    const onBegin = (): void => {
      if (isBegun) return;
      isBegun = true;
      reader.initialized?.(prompts);
    };
    const delivery = new Delivery(rows.length, async (texts) => {
      await reader.progress?.(texts);
    });
    const parameters = engineParameters(config);
    let hasFailed = true;
    try {
      await generateRows({
        engine,
        rows,
        request: (row, index) => {
          const maxNewTokens = Math.min(config.max_new_tokens, roomOf(row));
          const prompt = Array.from(row.before.tokenIds);
          const seed = promptSeed(continuation.seed, index);
          return maxNewTokens === 0 ? undefined : { ...parameters, prompt, maxNewTokens, seed };
        },
        signal: options.signal,
        delivery,
        onBegin,
      });
      hasFailed = options.signal.aborted;
    } finally {
      note(options.record, rows);
      if (!hasFailed || (reader.progress !== undefined && rows.some((row) => row.newTokens > 0)))
        this.#keep(key, { ...continuation, rows: rows.map((row) => row.after()) });
    }
    return { rows, prompts, seconds: (performance.now() - begin) / 1000 };
  }

  #keep(key: string, continuation: Continuation): void {
    if (continuation.rows.every((row) => row.hasEnded)) this.#continuations.drop(key);
    else this.#continuations.keep(key, continuation);
  }
}

interface BatchJob {
  readonly key: string;
  readonly continuation: Continuation;
  readonly engine: Engine;
  readonly options: BatchOptions;
  readonly reader: BatchReader;
}

/** A prompt's token ids; a text without any becomes the token that texts begin with. */
async function promptRow(engine: Engine, text: string, signal: AbortSignal): Promise<ContinuedRow> {
  const ids = await engine.tokenize(text, { addSpecial: true, signal });
  const { startTokenId } = engine.info;
  const tokenIds = ids.length === 0 && startTokenId !== null ? [startTokenId] : ids;
  return { tokenIds: Int32Array.from(tokenIds), generated: 0, hasEnded: false };
}

function contextIsFull(what: string, { info }: Engine): GlossaError {
  return new GlossaError(
    'CONTEXT_OVERFLOW',
    `${what} leaves no room in the model's context of ${info.contextSize} tokens`,
  );
}

function note(record: RequestRecord, rows: readonly Row[]): void {
  record.promptTokens = rows.reduce((sum, row) => sum + row.promptTokens, 0);
  record.generatedTokens = rows.reduce((sum, row) => sum + row.newTokens, 0);
}
