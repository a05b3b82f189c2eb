import type { GlossaError } from '../errors.js';

interface PendingCall {
  resolve(answer: never): void;
  reject(error: GlossaError): void;
}

/** Questions to an engine's process that it has not answered yet. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #nextId = 1;

  /** A question's number, and what becomes of it. */
  begin<Answer>(): { readonly callId: number; readonly answer: Promise<Answer> } {
    const callId = this.#nextId++;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#calls.set(callId, { resolve, reject });
    });
    return { callId, answer };
  }

  /** Passes over a number that nobody waits for. */
  resolve(callId: number, answer: unknown): void {
    this.#calls.get(callId)?.resolve(answer as never);
    this.#calls.delete(callId);
  }

  reject(callId: number, error: GlossaError): void {
    this.#calls.get(callId)?.reject(error);
    this.#calls.delete(callId);
  }

  rejectAll(error: GlossaError): void {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}
