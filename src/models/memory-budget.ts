import { formatByteSize } from '../config/values.js';
import { GlossaError } from '../errors.js';
import type { ModelSlot } from './model-slot.js';

/** Longest a load waits for other models to become idle. */
const PATIENCE_MS = 60_000;

/** Keeps the loaded models within a number of bytes by unloading idle ones, the least recently used first. */
export class MemoryBudget {
  readonly #limit: number;
  readonly #slots: Iterable<ModelSlot>;
  readonly #waiting = new Set<() => void>();
  /** One load at a time looks for room; otherwise two could take the same. */
  #turn: Promise<void> = Promise.resolve();

  /** A limit of 0 is none. */
  constructor(limit: number, slots: Iterable<ModelSlot>) {
    this.#limit = limit === 0 ? Infinity : limit;
    this.#slots = slots;
  }

  /**
   * Waits until `bytes` are free for a model and reserves them.
   *
   * @throws GlossaError MODEL_LOAD_FAILED if the model alone exceeds the budget; OVERLOADED if the others stay in use
   */
  async reserve(slot: ModelSlot, bytes: number): Promise<void> {
    if (bytes > this.#limit) {
      const limit = formatByteSize(this.#limit);
      throw new GlossaError(
        'MODEL_LOAD_FAILED',
        `it needs about ${formatByteSize(bytes)}, memoryBudget is ${limit}`,
      );
    }
    const turn = this.#turn.then(() => this.#makeRoom(slot, bytes));
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  /** Unloads idle models, but not `kept`, while more is in use than the budget allows. */
  async trim(kept: ModelSlot): Promise<void> {
    while (this.#staying() > this.#limit) {
      const victim = this.#leastRecentlyUsed(kept);
      if (victim === undefined) return;
      await victim.unload(this.notify);
    }
  }

  /** To be called whenever a model became idle or changed its state. */
  readonly notify = (): void => {
    for (const wake of [...this.#waiting]) wake();
  };

  async #makeRoom(slot: ModelSlot, bytes: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#used() + bytes > this.#limit) {
      const isEnoughLeaving = this.#staying() + bytes <= this.#limit;
      const victim = isEnoughLeaving ? undefined : this.#leastRecentlyUsed(slot);
      if (victim !== undefined) await victim.unload(this.notify);
      else await this.#change(deadline - performance.now());
    }
    slot.reservedBytes = bytes;
  }

  #used(): number {
    return sum(this.#slots);
  }

  /** Without what is being unloaded already. */
  #staying(): number {
    return sum([...this.#slots].filter((slot) => slot.state.name !== 'unloading'));
  }

  #leastRecentlyUsed(except: ModelSlot): ModelSlot | undefined {
    const idle = [...this.#slots].filter((slot) => slot.idle && slot !== except);
    return idle.toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  async #change(patience: number): Promise<void> {
    if (patience <= 0) {
      throw new GlossaError('OVERLOADED', 'the models that fill the memory are all in use');
    }
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, patience);
      this.#waiting.add(wake);
    });
  }
}

function sum(slots: Iterable<ModelSlot>): number {
  let bytes = 0;
  for (const slot of slots) bytes += slot.reservedBytes;
  return bytes;
}
