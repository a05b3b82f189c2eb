import type { ModelDefinition } from '../config/models.js';
import type { Engine } from '../engine/engine.js';
import { GlossaError } from '../errors.js';

/** Where a model is in its life. Transitions: `load`, its two outcomes, and `unload` below; nowhere else. */
export type SlotState =
  | { readonly name: 'unloaded' }
  | { readonly name: 'loading'; readonly done: Promise<void>; readonly progress: number }
  | { readonly name: 'ready'; readonly engine: Engine }
  | { readonly name: 'unloading'; readonly done: Promise<void> }
  | { readonly name: 'failed'; readonly error: GlossaError; readonly retryAt: number };

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 30_000;

/** One model's place in the registry: its state, who uses it, and the memory it is held to take. */
export class ModelSlot {
  readonly definition: ModelDefinition;
  /** Leases and requests that wait for one. Never unloaded while above 0. */
  users = 0;
  /** When it was last used, in milliseconds of the registry's clock. */
  lastUsed = 0;
  /** Bytes it takes, or will take once loaded; 0 while unloaded. */
  reservedBytes = 0;
  /** Bytes it took when it was last loaded; undefined before. */
  measuredBytes: number | undefined;
  /** Whether it has been loaded at least once. */
  hasBeenReady = false;
  #state: SlotState = { name: 'unloaded' };
  #failures = 0;

  constructor(definition: ModelDefinition) {
    this.definition = definition;
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Whether it could be unloaded now. */
  get idle(): boolean {
    return this.#state.name === 'ready' && this.users === 0;
  }

  /** unloaded, failed -> loading -> ready or failed. `done` never rejects; look at the state afterwards. */
  load(
    start: (onProgress: (fraction: number) => void) => Promise<Engine>,
    options: { now: () => number; onChange: () => void },
  ): void {
    const onProgress = (progress: number): void => {
      if (this.#state.name === 'loading') this.#state = { ...this.#state, progress };
    };
    const done = start(onProgress)
      .then(
        (engine) => {
          this.#becomeReady(engine, options.now());
        },
        (error: unknown) => {
          this.#becomeFailed(error, options.now());
        },
      )
      .then(options.onChange);
    this.#state = { name: 'loading', done, progress: 0 };
  }

  /** ready -> unloading -> unloaded. Does nothing in any other state. */
  async unload(onChange: () => void): Promise<void> {
    if (this.#state.name !== 'ready') return;
    const done = this.#state.engine
      .close()
      .catch(() => undefined) // An engine that can't end cleanly is gone all the same: its process is killed.
      .then(() => {
        this.reservedBytes = 0;
        this.#state = { name: 'unloaded' };
        onChange();
      });
    this.#state = { name: 'unloading', done };
    await done;
  }

  #becomeReady(engine: Engine, now: number): void {
    this.#failures = 0;
    this.hasBeenReady = true;
    this.measuredBytes = engine.info.memoryBytes;
    this.reservedBytes = engine.info.memoryBytes;
    this.lastUsed = now;
    this.#state = { name: 'ready', engine };
  }

  #becomeFailed(error: unknown, now: number): void {
    this.reservedBytes = 0;
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#state = { name: 'failed', error: loadError(this.definition.id, error), retryAt: now + backoff };
  }
}

/** A factory's failure as the error that clients may see. */
function loadError(id: string, error: unknown): GlossaError {
  const cause = GlossaError.from(error);
  if (cause.code === 'INTERNAL') {
    return new GlossaError('MODEL_LOAD_FAILED', `model ${id} can't be loaded`, { cause: error });
  }
  return new GlossaError(cause.code, `model ${id} can't be loaded: ${cause.message}`, { cause: error });
}
