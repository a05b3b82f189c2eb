import { GlossaError, type ErrorCode } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { DialectServices, RequestRecord } from '../../server/dialect.js';
import { shownNames } from '../../server/ignored-header.js';
import type { Batches, BatchReader, BatchResult } from './batches.js';
import { errorText, inOurTerms, Refusal } from './errors.js';
import { idsOf, parseFrame } from './frames.js';
import { ignoredNames, isStreamed } from './http.js';
import { parseBatch, type GenerateCall } from './schema.js';

/** Batches that one socket may have running. */
const MOST_RUNNING = 64;
/** Frames in a row that are no requests before the socket is closed. */
const MOST_BAD = 50;
/** Refusals of frames that are requests all the same. */
const NOT_BAD: readonly ErrorCode[] = ['OVERLOADED', 'RATE_LIMITED'];
/** Characters that may wait for a slow reader before its generations are held up, and its frames left unread. */
const PAUSE_ABOVE = 64 * 1024;
/** Characters of answers nobody reads after which a socket is given up: it only sends. */
const GIVE_UP_ABOVE = 8 * 1024 * 1024;

/** RFC 6455, section 7.4.1. */
const POLICY_VIOLATION = 1008;

/** What a session needs of a socket; `ws` has it. */
export interface SessionSocket {
  /** `sent` is called when the text has left the process, or never will. */
  send(text: string, sent: () => void): void;
  close(code: number, reason: string): void;
  /** Stops what the client sends from coming, but for what was read already. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
}

/** What all sessions share, and whose session it is. */
export interface SessionParts {
  readonly services: DialectServices;
  readonly batches: Batches;
  readonly caller: Caller;
  readonly socket: SessionSocket;
}

/**
 * One socket of `/api/ws`. Each text frame that comes is a batch; its events go back as frames of their own, each an
 * array with an event for every prompt that it is about. Batches run beside each other.
 */
export class Session {
  readonly #parts: SessionParts;
  /** One for each batch that runs: one for all would gather what listens to it as long as the socket lives. */
  readonly #running = new Set<AbortController>();
  #hasLeft = false;
  #unsent = 0;
  #bad = 0;
  #isPaused = false;
  #isEnding = false;
  #drained: (() => void)[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A frame; undefined for one that is not text. */
  receive(text: string | undefined): void {
    if (this.#hasLeft) return;
    if (this.#isEnding) {
      this.#sendError([''], new GlossaError('CLOSED', 'the server is shutting down'));
      return;
    }
    let ids = [''];
    try {
      const body = parseFrame(text, this.#parts.services.settings.bodyLimit);
      ids = idsOf(body);
      const call = parseBatch(body);
      this.#bad = 0;
      if (this.#running.size >= MOST_RUNNING)
        throw new GlossaError('OVERLOADED', `${MOST_RUNNING} batches run on this socket already`);
      // Each batch is a request; the socket itself takes no place.
      void this.#run(call, this.#parts.caller.usage?.admit());
    } catch (error) {
      const refusal = GlossaError.from(error);
      this.#sendError(ids, refusal);
      if (!NOT_BAD.includes(refusal.code)) this.#countBad();
    }
  }

  /** The socket is gone: nobody reads any more. */
  left(): void {
    this.#hasLeft = true;
    for (const stop of this.#running) stop.abort();
    this.#wake();
  }

  /** The server stops: the socket is closed when nothing runs on it. */
  end(): void {
    this.#isEnding = true;
    this.#closeIfIdle();
  }

  async #run(call: GenerateCall, leave: (() => void) | undefined): Promise<void> {
    const { services, batches, caller } = this.#parts;
    const record: RequestRecord = caller.name === undefined ? {} : { key: caller.name };
    const begin = performance.now();
    const ids = call.prompts.map((prompt) => prompt.requestId);
    const ignored = shownNames(ignoredNames(call, services));
    const stop = new AbortController();
    this.#running.add(stop);
    try {
      this.#send(ids.map((id) => event(id, 'ACCEPTED', ignored.length > 0 ? { ignored } : {})));
      const reader = this.#readerOf(call, ids);
      const result = await batches.run(call, { caller, signal: stop.signal, record }, reader);
      this.#send(completed(call, result));
    } catch (error) {
      record.error = inOurTerms(GlossaError.from(error));
      this.#sendError(ids, record.error);
    } finally {
      this.#running.delete(stop);
      leave?.();
      const { error, ...known } = record;
      const ms = Math.round(performance.now() - begin);
      services.log.info({ route: '/api/ws', ms, ...known, ...(error && { code: error.code }) }, 'batch');
      this.#closeIfIdle();
    }
  }

  #readerOf(call: GenerateCall, ids: readonly string[]): BatchReader {
    return {
      started: () => {
        this.#send(ids.map((id) => event(id, 'STARTED')));
      },
      initialized: (prompts) => {
        if (!call.stream) return;
        this.#send(
          ids.map((id, i) =>
            event(id, 'INITIALIZED', { text: call.onlyNewTokens ? '' : (prompts[i] ?? '') }),
          ),
        );
      },
      ...(isStreamed(call, this.#parts.services) && {
        progress: async (texts: readonly string[]) => {
          this.#send(
            ids.flatMap((id, i) => {
              const text = texts[i] ?? '';
              return text === '' ? [] : [event(id, 'PROGRESS', { text })];
            }),
          );
          await this.#room();
        },
      }),
    };
  }

  #sendError(ids: readonly string[], error: GlossaError): void {
    const told = inOurTerms(error);
    const detail = told instanceof Refusal ? { detail: told.message } : {};
    this.#send(ids.map((id) => event(id, 'ERROR', { error: errorText(told), ...detail })));
  }

  #send(events: readonly object[]): void {
    if (this.#hasLeft) return;
    const text = JSON.stringify(events);
    this.#unsent += text.length;
    this.#parts.socket.send(text, () => {
      this.#unsent -= text.length;
      if (this.#unsent > PAUSE_ABOVE) return;
      this.#resume();
      this.#wake();
    });
    if (this.#unsent > PAUSE_ABOVE) this.#pause();
    // What was handed over just now may be large by itself.
    if (this.#unsent - text.length > GIVE_UP_ABOVE) this.#giveUp('answers are not read');
  }

  #pause(): void {
    if (!this.#isPaused) this.#parts.socket.pause();
    this.#isPaused = true;
  }

  #resume(): void {
    if (this.#isPaused) this.#parts.socket.resume();
    this.#isPaused = false;
  }

  #countBad(): void {
    this.#bad += 1;
    if (this.#bad >= MOST_BAD) this.#giveUp(`${MOST_BAD} frames in a row were no requests`);
  }

  #giveUp(reason: string): void {
    if (this.#hasLeft) return;
    // What comes is not looked at any more, but for the answer to the close.
    this.#resume();
    this.#parts.socket.close(POLICY_VIOLATION, reason);
    this.left();
  }

  /** Resolves when the reader has caught up, or has left. */
  async #room(): Promise<void> {
    while (this.#unsent > PAUSE_ABOVE && !this.#hasLeft) {
      await new Promise<void>((resolve) => {
        this.#drained.push(resolve);
      });
    }
  }

  #wake(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }

  #closeIfIdle(): void {
    if (this.#isEnding && this.#running.size === 0)
      this.#parts.socket.close(1001, 'the server is shutting down');
  }
}

type EventType = 'ACCEPTED' | 'STARTED' | 'INITIALIZED' | 'PROGRESS' | 'COMPLETE' | 'ERROR';

function event(requestId: string, type: EventType, fields: object = {}): object {
  return { request_id: requestId, type, ...fields };
}

function completed(call: GenerateCall, { rows, prompts, seconds }: BatchResult): object[] {
  return call.prompts.map(({ requestId }, index) => {
    const row = rows[index];
    return event(requestId, 'COMPLETE', {
      text: (call.onlyNewTokens ? '' : (prompts[index] ?? '')) + (row?.text ?? ''),
      is_eos: row?.hasEnded ?? false,
      new_tokens_count: row?.newTokens ?? 0,
      execution_time: seconds,
    });
  });
}
