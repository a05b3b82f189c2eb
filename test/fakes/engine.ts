import type {
  CallOptions,
  Embeddings,
  Engine,
  EngineFactory,
  EngineOptions,
  EngineStats,
  GenerateOptions,
  Generation,
  ModelInfo,
  TokenizeOptions,
  Vocabulary,
} from '../../src/engine/engine.js';
import type { RequestTerms } from '../../src/engine/native-engine.js';
import { GlossaError } from '../../src/errors.js';
import type {
  FinishReason,
  GenerationEvent,
  SearchTokens,
  TokenLogprobs,
} from '../../src/generation/events.js';
import { resolveMaxNewTokens } from '../../src/generation/request-lengths.js';
import {
  parseGenerationRequest,
  type GenerationRequest,
  type GenerationRequestInput,
  type SeededRequest,
} from '../../src/generation/request.js';
import { FakeVocabulary } from './vocabulary.js';

/** How a fake engine behaves. */
export interface FakeEngineOptions {
  /** Milliseconds between two tokens of a sequence. 0: one turn of the event loop. */
  readonly tokenDelayMs?: number;
  /** Milliseconds before the prompt event, for queueing and prefilling. */
  readonly promptDelayMs?: number;
  /** The words that sequence `index` continues a prompt with; they are repeated until the sequence ends. */
  readonly script?: (index: number, request: GenerationRequest) => readonly string[];
  /** Fails after that many tokens, counted over all sequences, as if the process had died. */
  readonly crashAfterTokens?: number;
  readonly info?: Partial<ModelInfo>;
}

/** Of requests that nothing else is said of. */
export const PLAIN_TERMS: RequestTerms = { adapterSet: 0, priority: 'interactive', continuedTokens: 0 };

/** What is drawn for requests without a seed. */
export const FAKE_SEED = 12_345;
const DEFAULT_SCRIPT = [' barks', ' at', ' the', ' moon', '.', ' Then', ' it', ' sleeps', '.'];

/** An engine without a model: it says the words of its script, one a token. */
export class FakeEngine implements Engine {
  readonly info: ModelInfo;
  /** Every request it was given, checked. */
  readonly requests: GenerationRequest[] = [];
  /** What else came with each of them. */
  readonly options: GenerateOptions[] = [];
  /** Every text it was to tokenize. */
  readonly tokenized: string[] = [];
  readonly words = new FakeVocabulary();
  readonly #behaviour: FakeEngineOptions;
  readonly #running = new Set<FakeGeneration>();
  #closed = false;
  #generatedTokens = 0;

  constructor(options: FakeEngineOptions = {}) {
    this.#behaviour = options;
    this.info = { ...FAKE_INFO, ...options.info };
  }

  generate(input: GenerationRequestInput, options: GenerateOptions = {}): Generation {
    if (this.#closed) throw new GlossaError('CLOSED', 'the engine is closed');
    const request = parseGenerationRequest(input, options.defaults);
    this.requests.push(request);
    this.options.push(options);
    const generation = new FakeGeneration({
      request: { ...request, seed: request.seed ?? FAKE_SEED },
      options: this.#behaviour,
      promptIds: typeof request.prompt === 'string' ? this.words.encode(request.prompt) : request.prompt,
      info: this.info,
      vocabulary: this.words,
      onToken: () => {
        this.#generatedTokens += 1;
      },
      onEnd: () => this.#running.delete(generation),
    });
    this.#running.add(generation);
    generation.follow(options.signal);
    return generation;
  }

  /** Vectors of two elements that tell inputs of different lengths apart. */
  embed(inputs: readonly (string | readonly number[])[]): Promise<Embeddings> {
    return this.#whileOpen(() => {
      const promptTokens = inputs.map((input) =>
        typeof input === 'string' ? this.words.encode(input).length : input.length,
      );
      const vectors = promptTokens.map((count) => Float32Array.of(Math.cos(count), Math.sin(count)));
      return { vectors, promptTokens };
    });
  }

  tokenize(text: string, { signal }: TokenizeOptions = {}): Promise<number[]> {
    this.tokenized.push(text);
    return this.#whileOpen(() => this.words.encode(text), signal);
  }

  detokenize(tokens: readonly number[], { signal }: CallOptions = {}): Promise<string> {
    return this.#whileOpen(() => this.words.decode(tokens), signal);
  }

  vocabulary(): Promise<Vocabulary> {
    const { words: vocabulary } = this;
    return this.#whileOpen(() => ({
      get size() {
        return vocabulary.size;
      },
      bytes: (id) => Buffer.from(id === 0 ? FakeVocabulary.eosText : vocabulary.decode([id])),
      kind: (id) => (id === 0 ? 'control' : 'normal'),
    }));
  }

  stats(): Promise<EngineStats> {
    const sequences = [...this.#running].reduce((count, generation) => count + generation.activeSequences, 0);
    return this.#whileOpen(() => ({
      ...NO_STATS,
      activeRequests: this.#running.size,
      activeSequences: sequences,
      generatedTokens: this.#generatedTokens,
    }));
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const generation of this.#running) generation.cancel();
    return Promise.resolve();
  }

  async #whileOpen<T>(read: () => T, signal?: AbortSignal): Promise<T> {
    await Promise.resolve();
    if (signal?.aborted === true) throw new GlossaError('CANCELLED', 'the request was cancelled');
    if (this.#closed) throw new GlossaError('CLOSED', 'the engine is closed');
    return read();
  }
}

interface GenerationParts {
  readonly request: SeededRequest;
  readonly options: FakeEngineOptions;
  readonly promptIds: readonly number[];
  readonly info: ModelInfo;
  readonly vocabulary: FakeVocabulary;
  readonly onToken: () => void;
  readonly onEnd: () => void;
}

/** Runs from its start, whether it is iterated or not, like the real one. */
class FakeGeneration implements Generation {
  readonly #parts: GenerationParts;
  readonly #events: GenerationEvent[] = [];
  /** New tokens of each sequence; undefined once it has ended. */
  readonly #counts: (number | undefined)[];
  /** With beams: new tokens of each sequence that came to its end by itself. */
  readonly #returned: number[] = [];
  /** Sequences whose last token began a character. */
  readonly #unfinished = new Set<number>();
  #failure: GlossaError | undefined;
  #steps = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  #wakeRun: (() => void) | undefined;

  constructor(parts: GenerationParts) {
    this.#parts = parts;
    this.#counts = Array.from({ length: parts.request.numReturnSequences }, () => 0);
    void this.#run();
  }

  get request(): SeededRequest {
    return this.#parts.request;
  }

  get activeSequences(): number {
    return this.#counts.filter((count) => count !== undefined).length;
  }

  follow(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) this.cancel();
    signal?.addEventListener('abort', () => {
      this.cancel();
    });
  }

  cancel(sequence?: number): void {
    const chosen = sequence === undefined ? [...this.#counts.keys()] : [sequence];
    for (const index of chosen) this.#finish(index, 'cancelled');
  }

  async *[Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event !== undefined) yield event;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.cancel();
    }
  }

  async #run(): Promise<void> {
    const { options, request, promptIds } = this.#parts;
    const deadline = request.maxTime === undefined ? Infinity : performance.now() + request.maxTime * 1000;
    await this.#pause(options.promptDelayMs ?? 0);
    const { length: promptTokens } = promptIds;
    const told = request.promptLogprobs;
    const promptLogprobs =
      told === undefined
        ? {}
        : {
            promptLogprobs: promptIds.map((id, index) =>
              index === 0 ? { tokenId: id, logprob: null, top: [] } : this.#ranked(id, told),
            ),
          };
    if (!this.#ended) this.#emit({ type: 'prompt', promptTokens, cachedTokens: 0, ...promptLogprobs });
    if (request.maxNewTokens === 0) for (const index of this.#counts.keys()) this.#finish(index, 'length');
    for (let token = 0; !this.#ended; token += 1) {
      this.#steps = token + 1;
      for (const index of this.#counts.keys()) this.#step(index, token);
      await this.#pause(options.tokenDelayMs ?? 0);
      if (performance.now() >= deadline)
        for (const index of this.#counts.keys()) this.#finish(index, 'deadline');
    }
  }

  #step(index: number, token: number): void {
    const { options, request, promptIds, vocabulary, info, onToken } = this.#parts;
    if (this.#counts[index] === undefined || this.#failure !== undefined) return;
    const words = options.script?.(index, request) ?? DEFAULT_SCRIPT;
    const text = words[token % words.length] ?? '';
    const isEos = text === FakeVocabulary.eosText;
    const tokenId = vocabulary.idOf(text);
    this.#counts[index] += 1;
    onToken();
    const given = this.#takeUnfinished(index) + (isEos || text === FakeVocabulary.noText ? '' : text);
    const isPart = text === FakeVocabulary.partText;
    if (isPart) this.#unfinished.add(index);
    const modelLogprobs =
      request.logprobs === undefined ? {} : { modelLogprobs: this.#ranked(tokenId, request.logprobs) };
    this.#emit({
      ...{ type: 'token', sequence: index, tokenId, logprob: -0.5, text: isPart ? '' : given },
      ...modelLogprobs,
    });
    if (text === FakeVocabulary.noText) this.#finish(index, 'exhausted');
    else if (isEos && (request.eosTokenId ?? info.eosTokenIds).includes(tokenId)) this.#finish(index, 'eos');
    else if (token + 1 >= resolveMaxNewTokens(request, promptIds.length, info.contextSize))
      this.#finish(index, 'length');
    if (options.crashAfterTokens !== undefined && token + 1 >= options.crashAfterTokens) this.#fail();
  }

  #finish(index: number, finishReason: FinishReason): void {
    const generatedTokens = this.#counts[index];
    if (generatedTokens === undefined) return;
    this.#counts[index] = undefined;
    // Hypotheses come best first.
    const score = this.request.numBeams > 1 ? { score: -0.5 - index } : {};
    if (finishReason !== 'cancelled') this.#returned.push(generatedTokens);
    const text = this.#takeUnfinished(index);
    const unfinished = text === '' ? {} : { endsInsideCharacter: true as const };
    this.#emit({
      type: 'finish',
      sequence: index,
      finishReason,
      text,
      generatedTokens,
      ...score,
      ...unfinished,
      ...(this.request.numBeams > 1 && { search: this.#search() }),
    });
    if (this.activeSequences === 0) this.#end();
  }

  /** What its search took: a token of every beam for each step, of which no two sequences share one. */
  #search(): SearchTokens {
    if (this.activeSequences > 0) return { chosen: 0, discarded: 0 };
    const chosen = this.request.numBeams * this.#steps;
    return { chosen, discarded: chosen - this.#returned.reduce((sum, count) => sum + count, 0) };
  }

  /** A token that is the likeliest, before the ids from 0 on. */
  #ranked(tokenId: number, count: number): TokenLogprobs {
    const others = [...Array(count + 1).keys()].filter((id) => id !== tokenId);
    const top = [tokenId, ...others].map((id, rank) => ({ tokenId: id, logprob: -0.25 - rank }));
    return { tokenId, logprob: -0.25, top: top.slice(0, count) };
  }

  #takeUnfinished(index: number): string {
    return this.#unfinished.delete(index) ? '\uFFFD' : '';
  }

  #fail(): void {
    this.#failure = new GlossaError('ENGINE_CRASHED', "the model's process died");
    this.#counts.fill(undefined);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts.onEnd();
    this.#wake?.();
    this.#wakeRun?.();
  }

  #emit(event: GenerationEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeRun = resolve;
      if (ms === 0) setImmediate(resolve);
      else timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

/** A factory that gives the engines it is told to, and remembers what it was asked for. */
export function fakeEngineFactory(
  make: (options: EngineOptions) => FakeEngine | Promise<FakeEngine> = () => new FakeEngine(),
): EngineFactory & { readonly started: { options: EngineOptions; engine: FakeEngine }[] } {
  const started: { options: EngineOptions; engine: FakeEngine }[] = [];
  const factory: EngineFactory = async (options) => {
    const engine = await make(options);
    started.push({ options, engine });
    return engine;
  };
  return Object.assign(factory, { started });
}

export const FAKE_INFO: ModelInfo = {
  architecture: 'gpt2',
  description: 'gpt2 fake',
  parameters: 1000,
  sizeBytes: 1000,
  memoryBytes: 2000,
  vocabularySize: 1000,
  longestTokenBytes: 0,
  trainedContextSize: 256,
  contextSize: 256,
  parallelSequences: 16,
  eosTokenIds: [0],
  fillInMiddle: null,
  chatTemplate: null,
  startTokenId: 0,
  metadata: {},
  backend: 'cpu',
};

const NO_STATS: EngineStats = {
  queuedRequests: 0,
  activeRequests: 0,
  activeSequences: 0,
  usedCells: 0,
  totalCells: 4096,
  usedBeamCells: 0,
  totalBeamCells: 0,
  cachedPrefixes: 0,
  cachedPrefixBytes: 0,
  decodeSteps: 0,
  generatedTokens: 0,
  promptTokens: 0,
  cachedPromptTokens: 0,
  preemptions: 0,
  samplingMs: 0,
  residentBytes: 0,
  pid: 0,
};
