import { loadAddon } from '../../src/engine/addon.js';
import type {
  NativeEngine,
  NativeEvent,
  NativeRequest,
  TableEngineOptions,
} from '../../src/engine/native-engine.js';
import { unpackPromptLogprobs, unpackTokenLogprobs } from '../../src/engine/packed-logprobs.js';
import type { PromptTokenLogprobs, TokenLogprobs } from '../../src/generation/events.js';
import { defaults } from './reference.js';
import { PLAIN_TERMS } from '../fakes/engine.js';

/** The bigram table of the decoding specification: exact in float32, no ties to speak of. */
export function hashTable(vocabularySize: number, seed: number): Float32Array {
  const mix = (value: number): number => {
    let x = value >>> 0;
    x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 3266489917) >>> 0;
    return (x ^ (x >>> 16)) >>> 0;
  };
  const table = new Float32Array(vocabularySize * vocabularySize);
  for (let a = 0; a < vocabularySize; a += 1) {
    for (let b = 0; b < vocabularySize; b += 1) {
      const input = Math.imul(a, 2654435761) + Math.imul(b, 40503) + Math.imul(seed, 668265263) + 12345;
      table[a * vocabularySize + b] = ((mix(input) % 4096) - 2048) / 512;
    }
  }
  return table;
}

/** What one request gave, put together. */
export interface Outcome {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly tokens: number[][];
  readonly texts: string[];
  readonly reasons: string[];
  /** Log-probability of each token. */
  readonly logprobs: number[][];
  /** With the request's `logprobs`: what each token's event says of it. */
  readonly modelLogprobs: TokenLogprobs[][];
  /** With `promptLogprobs`: what the prompt's events say; one, unless something is wrong. */
  readonly promptLogprobs: (readonly PromptTokenLogprobs[])[];
  /** Scores of beam search's hypotheses. */
  readonly scores: (number | null)[];
  /** What each end of a search's sequence says that it took: chosen tokens, discarded ones. */
  readonly searches: (readonly [chosen: number, discarded: number])[];
  readonly failure: string | null;
}

/** A table engine whose requests are promises. */
export class TableEngine {
  static readonly #addon = loadAddon();
  readonly #waiting = new Map<
    number,
    { outcome: Outcome; unfinished: number; resolve: (outcome: Outcome) => void }
  >();
  #nextId = 1;
  /** Events of each step, in order. */
  readonly steps: NativeEvent[][] = [];
  /** Set to hold acknowledgements back, as a slow consumer does. */
  withhold = false;
  #withheld = 0;
  /** The engine's channel keeps no process alive; a test that awaits its events must. */
  readonly #alive = setInterval(() => undefined, 60_000);

  private constructor(private native: NativeEngine | null) {}

  static async create(
    options: Partial<Omit<TableEngineOptions, 'pieces'>> & {
      table?: Float32Array;
      /** Tables of further adapter sets. */
      adapterTables?: readonly Float32Array[];
      vocabularySize?: number;
      /** Text of each token, or its bytes; default a, b, c, ... */
      pieces?: readonly (string | Uint8Array)[];
    } = {},
  ): Promise<TableEngine> {
    const {
      vocabularySize = 12,
      table = hashTable(vocabularySize, 1),
      adapterTables = [],
      ...rest
    } = options;
    const pieces =
      options.pieces ?? Array.from({ length: vocabularySize }, (_, id) => String.fromCharCode(97 + id));
    const engine = new TableEngine(null);
    engine.native = await TableEngine.#addon.createTableEngine(
      [table, ...adapterTables],
      {
        contextSize: 256,
        parallelSequences: 4,
        kvCells: 0,
        beamCells: 0,
        stepDelayMs: 0,
        cacheRamBytes: 0,
        reproducible: false,
        ...rest,
        pieces: pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)),
      },
      (events) => {
        engine.#receive(events);
      },
    );
    return engine;
  }

  get #engine(): NativeEngine {
    if (this.native === null) throw new Error('the engine was not created');
    return this.native;
  }

  /** Starts a request; `id` cancels it, `done` resolves when all of its sequences have ended. */
  start(request: Partial<NativeRequest> = {}): { id: number; done: Promise<Outcome> } {
    const id = this.#nextId++;
    const sequences = request.numReturnSequences ?? 1;
    const done = new Promise<Outcome>((resolve) => {
      const outcome: Outcome = {
        promptTokens: 0,
        cachedTokens: 0,
        tokens: Array.from({ length: sequences }, () => []),
        texts: Array<string>(sequences).fill(''),
        reasons: Array<string>(sequences).fill(''),
        logprobs: Array.from({ length: sequences }, () => []),
        modelLogprobs: Array.from({ length: sequences }, () => []),
        promptLogprobs: [],
        scores: Array<number | null>(sequences).fill(null),
        searches: [],
        failure: null,
      };
      this.#waiting.set(id, { outcome, unfinished: sequences, resolve });
    });
    this.#engine.submit({
      ...defaults,
      doSample: false,
      prompt: [2, 7, 4],
      maxNewTokens: 20,
      numReturnSequences: 1,
      eosTokenId: [],
      stopStrings: [],
      stopStringsSpanPrompt: true,
      ...PLAIN_TERMS,
      ...request,
      id,
    });
    return { id, done };
  }

  async run(request: Partial<NativeRequest> = {}): Promise<Outcome> {
    return await this.start(request).done;
  }

  cancel(id: number, sequence = -1): void {
    this.#engine.cancel(id, sequence);
  }

  /** Starts a job; `id` cancels it, `done` rejects with the reason if it fails. */
  embed(inputs: readonly (readonly number[])[], adapterSet = 0): { id: number; done: Promise<Float32Array> } {
    const id = this.#nextId++;
    const done = this.#engine.prepareEmbeddings().then(
      () =>
        new Promise<Float32Array>((resolve, reject) => {
          this.#engine.embed({ id, inputs, adapterSet }, (failure, vectors) => {
            if (vectors === null) reject(new Error(failure ?? 'neither vectors nor a failure'));
            else resolve(vectors);
          });
        }),
    );
    return { id, done };
  }

  cancelEmbed(id: number): void {
    this.#engine.cancelEmbed(id);
  }

  setPaused(id: number, paused: boolean): void {
    this.#engine.setPaused(id, paused);
  }

  stats(): ReturnType<NativeEngine['stats']> {
    return this.#engine.stats();
  }

  async stop(): Promise<void> {
    clearInterval(this.#alive);
    await this.#engine.stop();
  }

  /** Acknowledges what was withheld and goes on as a quick consumer. */
  release(): void {
    this.withhold = false;
    for (; this.#withheld > 0; this.#withheld -= 1) this.#engine.acknowledge();
  }

  #receive(events: NativeEvent[]): void {
    this.steps.push(events);
    for (const event of events) this.#add(event);
    if (this.withhold) this.#withheld += 1;
    else this.#engine.acknowledge();
  }

  #add(event: NativeEvent): void {
    const entry = this.#waiting.get(event[1]);
    if (entry === undefined) throw new Error(`an event for request ${event[1]}, which has ended`);
    const { outcome } = entry;
    switch (event[0]) {
      case 'prompt':
        Object.assign(outcome, { promptTokens: event[2], cachedTokens: event[3] });
        if (event[4] !== undefined) outcome.promptLogprobs.push(unpackPromptLogprobs(event[4], event[2]));
        return;
      case 'token':
        if (outcome.reasons[event[2]] !== '') throw new Error('a token after the end of its sequence');
        outcome.tokens[event[2]]?.push(event[3]);
        outcome.logprobs[event[2]]?.push(event[4]);
        if (event[6] !== undefined) outcome.modelLogprobs[event[2]]?.push(unpackTokenLogprobs(event[6]));
        this.#append(outcome, event[2], event[5]);
        return;
      case 'finish':
        this.#append(outcome, event[2], event[4]);
        outcome.reasons[event[2]] = event[3];
        outcome.scores[event[2]] = event[6];
        if (event[8] !== undefined) outcome.searches.push(event[8]);
        entry.unfinished -= 1;
        if (entry.unfinished === 0) this.#end(event[1]);
        return;
      case 'failed':
        Object.assign(outcome, { failure: event[2] });
        this.#end(event[1]);
    }
  }

  #append(outcome: Outcome, sequence: number, text: string): void {
    outcome.texts[sequence] = (outcome.texts[sequence] ?? '') + text;
  }

  #end(id: number): void {
    const entry = this.#waiting.get(id);
    this.#waiting.delete(id);
    entry?.resolve(entry.outcome);
  }
}
