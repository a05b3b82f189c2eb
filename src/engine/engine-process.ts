import { randomInt } from 'node:crypto';

import { abortable } from '../abortable.js';
import { GlossaError } from '../errors.js';
import { tellConfigured } from '../generation/configured-parameters.js';
import { type GenerationRequestInput, parseGenerationRequest } from '../generation/request.js';
import type { NativeEvent, RequestTerms } from './native-engine.js';
import { EngineChild, fromFailure } from './child.js';
import type {
  CallOptions,
  EmbedOptions,
  Embeddings,
  Engine,
  EngineOptions,
  EngineStats,
  GenerateOptions,
  Generation,
  ModelInfo,
  TokenizeOptions,
  Vocabulary,
} from './engine.js';
import { EventStream } from './event-stream.js';
import { generationEvent } from './generation-event.js';
import { unpacked } from './packed-embeddings.js';
import { unpackedVocabulary } from './packed-vocabulary.js';
import { PendingCalls } from './pending-calls.js';
import type { CallName, Calls, FromEngine, Submission } from './protocol.js';
import { RestartPolicy } from './restart-policy.js';
import { estimatedTokens, WaitingTokens } from './waiting-tokens.js';

export interface EngineEvents {
  onProgress?: (fraction: number) => void;
  /** Ends a start that is under way. */
  signal?: AbortSignal;
  onCrash?: (error: Error) => void;
  onLog?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

interface Job {
  /** Cancelled as a whole: not to be repeated when the engine dies before it has answered. */
  cancelled: boolean;
  /** Engines that died while they had it. */
  deaths: number;
  readonly stream: EventStream;
  /** What goes to the engine besides the request itself. */
  readonly terms: RequestTerms;
  /** performance.now() of the submission. */
  readonly submitted: number;
  /** Tells in a refusal which values the client never sent. */
  readonly explain: (error: GlossaError) => GlossaError;
  /** Its prompt does not wait any more. */
  readonly leaveQueue: () => void;
}

type State = 'starting' | 'ready' | 'restarting' | 'closed';

/** An Engine in a process of its own, which is started anew when it dies. */
export class EngineProcess implements Engine {
  readonly #options: EngineOptions;
  readonly #events: EngineEvents;
  readonly #jobs = new Map<number, Job>();
  readonly #calls = new PendingCalls();
  readonly #restarts = new RestartPolicy();
  readonly #waitingTokens: WaitingTokens;
  #child: EngineChild | null = null;
  #info: ModelInfo | null = null;
  #state: State = 'starting';
  #nextId = 1;
  /** Calls that count in the queue limit and are not answered yet. */
  #queuedCalls = 0;
  #vocabulary: Promise<Vocabulary> | undefined;

  private constructor(options: EngineOptions, events: EngineEvents) {
    this.#options = options;
    this.#events = events;
    this.#waitingTokens = new WaitingTokens(options.queueTokens);
  }

  /**
   * Starts a process and loads the model in it.
   *
   * @throws GlossaError MODEL_LOAD_FAILED or NATIVE_UNAVAILABLE; CLOSED if `signal` is aborted meanwhile
   */
  static async start(options: EngineOptions, events: EngineEvents = {}): Promise<EngineProcess> {
    const engine = new EngineProcess(options, events);
    const onAbort = (): void => void engine.close();
    events.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await engine.#startChild();
    } catch (error) {
      await engine.close();
      throw error;
    } finally {
      events.signal?.removeEventListener('abort', onAbort);
    }
    return engine;
  }

  get info(): ModelInfo {
    if (this.#info === null) throw new GlossaError('MODEL_LOADING', 'the model is still loading');
    return this.#info;
  }

  generate(input: GenerationRequestInput, options: GenerateOptions = {}): Generation {
    this.#checkOpen();
    const { adapterSet = 0, priority = 'interactive', continuedTokens = 0 } = options;
    const { defaults = {}, signal } = options;
    const request = parseGenerationRequest(input, defaults);
    this.#checkQueue();
    // A longer prompt is refused as soon as it is looked at.
    const tokens = Math.min(estimatedTokens([request.prompt]), this.#info?.contextSize ?? Infinity);
    const leaveQueue = this.#waitingTokens.enter(tokens);
    const id = this.#nextId++;
    const seed = request.seed ?? randomInt(2 ** 48 - 1);
    const stream = new EventStream(
      { ...request, seed },
      {
        cancel: (sequence) => {
          this.#cancel(id, sequence);
        },
        setPaused: (paused) => this.#child?.send({ type: 'pause', id, paused }),
      },
    );
    const submitted = performance.now();
    const explain = (error: GlossaError): GlossaError => tellConfigured(error, input, defaults);
    const terms = { adapterSet, priority, continuedTokens };
    const job: Job = { cancelled: false, deaths: 0, stream, terms, submitted, explain, leaveQueue };
    this.#jobs.set(id, job);
    if (this.#state === 'ready') this.#submit(id, job);
    if (signal !== undefined) stream.cancelOn(signal);
    return stream;
  }

  async embed(
    inputs: readonly (string | readonly number[])[],
    { adapterSet = 0, signal }: EmbedOptions = {},
  ): Promise<Embeddings> {
    return unpacked(await this.#queuedCall('embed', { inputs, adapterSet }, inputs, signal));
  }

  async tokenize(text: string, options: TokenizeOptions = {}): Promise<number[]> {
    const { addSpecial = false, parseSpecial = false, signal } = options;
    return await this.#queuedCall('tokenize', { text, addSpecial, parseSpecial }, [text], signal);
  }

  async detokenize(tokens: readonly number[], { signal }: CallOptions = {}): Promise<string> {
    return await this.#queuedCall('detokenize', { tokens }, [tokens], signal);
  }

  vocabulary(): Promise<Vocabulary> {
    if (this.#vocabulary !== undefined) return this.#vocabulary;
    const asked = this.#call('vocabulary', {}).then(unpackedVocabulary);
    this.#vocabulary = asked;
    asked.catch(() => {
      // A failure is these callers' alone.
      if (this.#vocabulary === asked) this.#vocabulary = undefined;
    });
    return asked;
  }

  async stats(): Promise<EngineStats> {
    return await this.#call('stats', {});
  }

  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#state = 'closed';
      this.#restarts.cancel();
      this.#failEverything(new GlossaError('CLOSED', 'the engine was closed'));
    }
    await this.#child?.close();
  }

  #checkQueue(): void {
    const waiting = this.#jobs.size + this.#queuedCalls;
    if (waiting < this.#options.queueLimit + (this.#info?.parallelSequences ?? 0)) return;
    throw new GlossaError('OVERLOADED', `${waiting} requests are waiting already; try again later`);
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw new GlossaError('CLOSED', 'the engine is closed');
    if (this.#state === 'restarting' && this.#restarts.isHopeless) {
      throw new GlossaError('ENGINE_CRASHED', 'the engine process keeps ending; it is being started again');
    }
  }

  async #startChild(): Promise<void> {
    const info = await EngineChild.start(
      this.#options,
      {
        onMessage: (message) => {
          this.#receive(message);
        },
        onDeath: (error) => {
          this.#recover(error);
        },
        onProgress: (fraction) => this.#events.onProgress?.(fraction),
        onOutput: (line) => this.#events.onLog?.('debug', line),
      },
      (child) => {
        this.#child = child;
      },
    );
    if (this.#state === 'closed')
      throw new GlossaError('CLOSED', 'the engine was closed while its model was loading');
    this.#info = info;
    // The file may be another one by now.
    this.#vocabulary = undefined;
    this.#state = 'ready';
    this.#restarts.started();
    for (const [id, job] of this.#jobs) this.#submit(id, job);
  }

  /** The process died: its requests fail, unless nothing of theirs was seen yet; then it is started again. */
  #recover(error: GlossaError): void {
    if (this.#state === 'closed') return;
    this.#state = 'restarting';
    this.#events.onCrash?.(error);
    for (const [id, job] of this.#jobs) {
      job.deaths += 1;
      // Repeated once: a request that kills the engine must not do so again and again.
      if (!job.stream.delivered && !job.cancelled && job.deaths < 2) continue;
      job.stream.fail(error);
      this.#forget(id);
    }
    this.#calls.rejectAll(error);
    if (this.#restarts.isHopeless) this.#failEverything(error);
    this.#restarts.schedule(() => {
      this.#startChild().catch((reason: unknown) => {
        this.#recover(GlossaError.from(reason));
      });
    });
  }

  #submit(id: number, { stream, terms, submitted }: Job): void {
    const { maxTime, ...rest } = stream.request;
    const submission: Submission = {
      ...rest,
      ...terms,
      ...(maxTime === undefined ? {} : { remainingMs: maxTime * 1000 - (performance.now() - submitted) }),
    };
    this.#child?.send({ type: 'submit', id, submission });
  }

  #cancel(id: number, sequence: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    if (sequence < 0) job.cancelled = true;
    if (this.#state === 'ready') {
      this.#child?.send({ type: 'cancel', id, sequence });
      return;
    }
    // Not submitted yet: the events that the engine would have sent are sent from here.
    for (let index = 0; index < job.stream.request.numReturnSequences; index += 1) {
      if (sequence >= 0 && sequence !== index) continue;
      job.stream.push({
        type: 'finish',
        sequence: index,
        finishReason: 'cancelled',
        text: '',
        generatedTokens: 0,
      });
    }
    if (job.stream.ended) this.#forget(id);
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'step':
        for (const event of message.events) this.#dispatch(event);
        return;
      case 'refused':
        this.#fail(message.id, fromFailure(message.failure));
        return;
      case 'answer':
        this.#calls.resolve(message.callId, message.answer);
        return;
      case 'callFailed':
        this.#calls.reject(message.callId, fromFailure(message.failure));
    }
  }

  #dispatch(event: NativeEvent): void {
    const id = event[1];
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    if (event[0] === 'failed') {
      const [, , reason, code, param] = event;
      this.#fail(id, new GlossaError(code, reason, param === '' ? {} : { param }));
      return;
    }
    job.leaveQueue();
    job.stream.push(generationEvent(event));
    if (job.stream.ended) this.#forget(id);
  }

  #fail(id: number, error: GlossaError): void {
    const job = this.#jobs.get(id);
    job?.stream.fail(job.explain(error));
    this.#forget(id);
  }

  #forget(id: number): void {
    this.#jobs.get(id)?.leaveQueue();
    this.#jobs.delete(id);
  }

  #failEverything(error: GlossaError): void {
    for (const id of this.#jobs.keys()) this.#fail(id, error);
    this.#calls.rejectAll(error);
  }

  /** A call that the model's process has work with. */
  async #queuedCall<Name extends CallName>(
    name: Name,
    ask: Calls[Name]['ask'],
    inputs: readonly (string | readonly number[])[],
    signal: AbortSignal | undefined,
  ): Promise<Calls[Name]['answer']> {
    this.#checkOpen();
    this.#checkQueue();
    const leaveQueue = this.#waitingTokens.enter(estimatedTokens(inputs));
    this.#queuedCalls += 1;
    try {
      return await this.#call(name, ask, signal);
    } finally {
      this.#queuedCalls -= 1;
      leaveQueue();
    }
  }

  async #call<Name extends CallName>(
    name: Name,
    ask: Calls[Name]['ask'],
    signal?: AbortSignal,
  ): Promise<Calls[Name]['answer']> {
    this.#checkOpen();
    if (this.#state !== 'ready') throw new GlossaError('MODEL_LOADING', 'the engine is being restarted');
    const cancelled = (): GlossaError => new GlossaError('CANCELLED', 'the request was cancelled');
    if (signal?.aborted === true) throw cancelled();
    const { callId, answer } = this.#calls.begin<Calls[Name]['answer']>();
    this.#child?.send({ type: 'call', callId, name, ask });
    if (signal === undefined) return await answer;
    return await abortable(answer, signal, () => {
      this.#child?.send({ type: 'cancelCall', callId });
      return cancelled();
    });
  }
}
