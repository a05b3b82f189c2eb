import { setMaxListeners } from 'node:events';

import type { ModelCatalogue, ModelDefinition } from '../config/models.js';
import { bindEngine } from '../engine/bound-engine.js';
import type { Engine, EngineFactory } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import type { GenerationDefaults } from '../generation/request.js';
import { suggestion } from '../nearest-name.js';
import { abortable } from '../abortable.js';
import { ANYBODY, mayUse, type Caller } from './caller.js';
import { MemoryBudget } from './memory-budget.js';
import { loadedFilesSize, memoryEstimate } from './memory-estimate.js';
import { MeteredEngine } from './metered-engine.js';
import { ModelSlot, type SlotState } from './model-slot.js';

/** The part of a logger that the registry uses; pino's fits. */
export interface RegistryLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a registry is made of. */
export interface RegistryOptions {
  readonly catalogue: ModelCatalogue;
  readonly startEngine: EngineFactory;
  /** Bytes for all loaded models; 0 is no limit. */
  readonly memoryBudget: number;
  readonly log: RegistryLog;
  /** Milliseconds; a test gives its own. */
  readonly now?: () => number;
}

/** The right to use a model. It stays loaded until the lease is released. */
export interface ModelLease {
  readonly id: string;
  /** Fills in `defaults` where a request says nothing. */
  readonly engine: Engine;
  readonly defaults: GenerationDefaults;
  /** Text of the chat template that is configured for it, instead of its file's; absent: none is. */
  readonly chatTemplate?: string;
  /** Idempotent. */
  release(): void;
}

/** What goes with the wish for a model. */
export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Whose limits count, and whose models are there. */
  readonly caller: Caller;
}

/** What can be said of a model without loading it. */
export interface ModelStatus {
  readonly definition: ModelDefinition;
  readonly state: SlotState;
  readonly hasBeenReady: boolean;
}

/** A model as clients know it, and the place of the engine that answers for it. */
interface Served {
  readonly definition: ModelDefinition;
  readonly slot: ModelSlot;
}

/** The models that can be served: finds them by name, loads them on first use, unloads them under pressure. */
export class ModelRegistry {
  readonly defaultModel: string;
  /** By id of the model that the engine is loaded for. */
  readonly #slots = new Map<string, ModelSlot>();
  readonly #served: readonly Served[];
  /** Ids and aliases. */
  readonly #names = new Map<string, Served>();
  readonly #options: RegistryOptions;
  readonly #now: () => number;
  readonly #budget: MemoryBudget;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.defaultModel = options.catalogue.defaultModel;
    // Whoever waits for a model listens to it.
    setMaxListeners(0, this.#closing.signal);
    const { models } = options.catalogue;
    for (const definition of models) {
      if (definition.base === undefined) this.#slots.set(definition.id, new ModelSlot(definition));
    }
    this.#served = models.map((definition) => ({ definition, slot: this.#slotBehind(definition) }));
    for (const served of this.#served) {
      for (const name of [served.definition.id, ...served.definition.aliases]) this.#names.set(name, served);
    }
    this.#budget = new MemoryBudget(options.memoryBudget, [...this.#slots.values()]);
  }

  /** The id behind an id or alias; undefined if no model that is there for the caller is called so. */
  find(name: string, caller: Caller): string | undefined {
    const id = this.#names.get(name)?.definition.id;
    return id !== undefined && mayUse(caller, id) ? id : undefined;
  }

  /** All models that are there for the caller, in their configured order. */
  list(caller: Caller): ModelStatus[] {
    return this.#servedTo(caller).map(statusOf);
  }

  /** Id of the model that answers a caller who names none: the default one, or the first that the caller may use. */
  defaultFor(caller: Caller): string {
    if (mayUse(caller, this.defaultModel)) return this.defaultModel;
    return this.#servedTo(caller)[0]?.definition.id ?? this.defaultModel;
  }

  /**
   * One model by id or alias; the default one without a name.
   *
   * @throws GlossaError MODEL_NOT_FOUND
   */
  status(name?: string, caller: Caller = ANYBODY): ModelStatus {
    return statusOf(this.#find(name, caller));
  }

  /** Begins to load a model without waiting for it; failures show in its state. */
  preload(name?: string): void {
    const { slot } = this.#find(name, ANYBODY);
    if (slot.state.name === 'unloaded' && this.#closed === undefined) this.#load(slot);
  }

  /**
   * Waits until a model is loaded and takes a lease on it; the caller's default one without a name.
   *
   * @throws GlossaError MODEL_NOT_FOUND; MODEL_LOAD_FAILED with the reason; MODEL_LOADING if too many wait
   *   already; CANCELLED if `signal` is aborted; CLOSED
   */
  async acquire(name: string | undefined, options: AcquireOptions): Promise<ModelLease> {
    const { caller } = options;
    const { definition, slot } = this.#find(name, caller);
    if (slot.state.name !== 'ready' && slot.users >= Math.max(1, definition.engine.queueLimit)) {
      throw new GlossaError('MODEL_LOADING', `model ${definition.id} is loading; try again soon`);
    }
    slot.users += 1;
    try {
      const engine = await this.#ready(slot, options.signal);
      slot.lastUsed = this.#now();
      return this.#lease(definition, slot, bindFor(definition, engine, caller));
    } catch (error) {
      this.#leave(slot);
      throw error;
    }
  }

  /** Unloads everything. Idempotent; whoever waits for a model gets CLOSED. */
  async close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    await this.#closed;
  }

  async #closeAll(): Promise<void> {
    this.#closing.abort();
    await Promise.all(
      [...this.#slots.values()].map(async (slot) => {
        if (slot.state.name === 'loading' || slot.state.name === 'unloading') await slot.state.done;
        await slot.unload(this.#budget.notify);
      }),
    );
  }

  /** The slot of the model that a model's bases end with. */
  #slotBehind({ id, base }: ModelDefinition): ModelSlot {
    const slot = this.#slots.get(base ?? id);
    if (slot !== undefined) return slot;
    const definition = this.#options.catalogue.models.find((model) => model.id === base);
    if (definition === undefined) throw new GlossaError('INTERNAL', `no model is the base of ${id}`);
    return this.#slotBehind(definition);
  }

  #servedTo(caller: Caller): readonly Served[] {
    return this.#served.filter(({ definition }) => mayUse(caller, definition.id));
  }

  #find(given: string | undefined, caller: Caller): Served {
    const name = given ?? this.defaultFor(caller);
    const served = this.#names.get(name);
    if (served !== undefined && mayUse(caller, served.definition.id)) return served;
    const param = 'model';
    // Only names that look like names are repeated: the value comes from a client.
    if (!/^[\p{L}\p{N}._:@/+-]{1,128}$/u.test(name))
      throw new GlossaError('MODEL_NOT_FOUND', 'model: expected the id or alias of a model', { param });
    const hint = suggestion(
      name,
      [...this.#names.keys()].filter((known) => this.find(known, caller) !== undefined),
    );
    throw new GlossaError('MODEL_NOT_FOUND', `no model is called ${name}${hint}`, { param });
  }

  /** The slot's engine; loads it, or waits for the load that is under way. */
  async #ready(slot: ModelSlot, signal: AbortSignal | undefined): Promise<Engine> {
    const stop =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const stopped = (): GlossaError =>
      this.#closing.signal.aborted
        ? new GlossaError('CLOSED', 'the server is shutting down')
        : new GlossaError('CANCELLED', 'the request was cancelled');
    let waited = false;
    for (;;) {
      if (stop.aborted) throw stopped();
      const { state } = slot;
      switch (state.name) {
        case 'ready':
          return state.engine;
        case 'failed':
          // The failure of the load one waited for is one's own; an old one is repeated until its back-off ends.
          if (waited || this.#now() < state.retryAt) throw state.error;
          this.#load(slot);
          break;
        case 'unloaded':
          this.#load(slot);
          break;
        case 'loading':
          waited = true;
          await abortable(state.done, stop, stopped);
          break;
        case 'unloading':
          await abortable(state.done, stop, stopped);
      }
    }
  }

  #load(slot: ModelSlot): void {
    const { id } = slot.definition;
    const { log } = this.#options;
    const begin = this.#now();
    slot.load((onProgress) => this.#start(slot, onProgress), {
      now: this.#now,
      onChange: () => {
        const ms = Math.round(this.#now() - begin);
        if (slot.state.name === 'failed')
          log.error({ model: id, ms, err: slot.state.error }, 'model failed to load');
        else log.info({ model: id, ms, memoryBytes: slot.reservedBytes }, 'model loaded');
        this.#budget.notify();
        void this.#budget.trim(slot);
      },
    });
  }

  async #start(slot: ModelSlot, onProgress: (fraction: number) => void): Promise<Engine> {
    const { definition } = slot;
    const { log, startEngine } = this.#options;
    const fileBytes = await loadedFilesSize(definition.engine);
    await this.#budget.reserve(slot, memoryEstimate(slot, fileBytes, this.#options.memoryBudget));
    if (this.#closing.signal.aborted) throw new GlossaError('CLOSED', 'the server is shutting down');
    return await startEngine(definition.engine, {
      onProgress,
      signal: this.#closing.signal,
      onCrash: (error) => {
        log.error({ model: definition.id, err: error }, 'model process died; restarting it');
      },
      onLog: (level, message) => {
        log[level]({ model: definition.id }, message);
      },
    });
  }

  #lease({ id, generation, chatTemplate }: ModelDefinition, slot: ModelSlot, engine: Engine): ModelLease {
    let released = false;
    return {
      id,
      ...(chatTemplate !== undefined && { chatTemplate }),
      engine,
      defaults: generation,
      release: () => {
        if (released) return;
        released = true;
        if (engine instanceof MeteredEngine) engine.leave();
        this.#leave(slot);
      },
    };
  }

  #leave(slot: ModelSlot): void {
    slot.users -= 1;
    slot.lastUsed = this.#now();
    if (slot.users > 0) return;
    this.#budget.notify();
    void this.#budget.trim(slot);
  }
}

/** The engine as one caller of one model uses it. */
function bindFor({ adapterSet, generation }: ModelDefinition, engine: Engine, { usage }: Caller): Engine {
  const bound = bindEngine(engine, { adapterSet, defaults: generation });
  return usage?.tokensPerMinute === undefined ? bound : new MeteredEngine(bound, usage, generation);
}

function statusOf({ definition, slot }: Served): ModelStatus {
  return { definition, state: slot.state, hasBeenReady: slot.hasBeenReady };
}
