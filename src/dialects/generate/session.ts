import { GlossaError } from '../../errors.js';
import type { DialectServices, RequestRecord } from '../../server/dialect.js';
import type { JsonObject } from '../../server/json-body.js';
import type { Batches, BatchReader, BatchResult } from './batches.js';
import { errorText, inOurTerms, Refusal } from './errors.js';
import { ignoredNames, isStreamed } from './http.js';
import { parseBatch, type GenerateCall } from './schema.js';

/** Batches that one socket may have running. */
const MOST_RUNNING = 64;
/** Bytes that may wait for a slow reader before its generations are held up. */
const PAUSE_ABOVE = 64 * 1024;
/** Bytes of answers nobody reads after which a socket is given up: it only sends. */
const GIVE_UP_ABOVE = 8 * 1024 * 1024;

/** What a session needs of a socket; `ws` has it. */
export interface SessionSocket {
  /** `sent` is called when the text has left the process, or never will. */
  send(text: string, sent: () => void): void;
  close(code: number, reason: string): void;
}

/** What all sessions share, and whose session it is. */
export interface SessionParts {
  readonly services: DialectServices;
  readonly batches: Batches;
  readonly owner: string;
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
      if (this.#running.size >= MOST_RUNNING)
        throw new GlossaError('OVERLOADED', `${MOST_RUNNING} batches run on this socket already`);
      void this.#run(call);
    } catch (error) {
      this.#sendError(ids, GlossaError.from(error));
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

  async #run(call: GenerateCall): Promise<void> {
    const { services, batches, owner } = this.#parts;
    const record: RequestRecord = {};
    const begin = performance.now();
    const ids = call.prompts.map((prompt) => prompt.requestId);
    const ignored = ignoredNames(call, services);
    const stop = new AbortController();
    this.#running.add(stop);
    this.#send(ids.map((id) => event(id, 'ACCEPTED', ignored.length > 0 ? { ignored } : {})));
    try {
      const reader = this.#readerOf(call, ids);
      const result = await batches.run(call, { owner, signal: stop.signal, record }, reader);
      this.#send(completed(call, result));
    } catch (error) {
      record.error = inOurTerms(GlossaError.from(error));
      this.#sendError(ids, record.error);
    } finally {
      this.#running.delete(stop);
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
      if (this.#unsent <= PAUSE_ABOVE) this.#wake();
    });
    if (this.#unsent <= GIVE_UP_ABOVE) return;
    this.#parts.socket.close(1008, 'answers are not read');
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

function parseFrame(text: string | undefined, limit: number): JsonObject {
  if (text === undefined)
    throw new Refusal('Invalid Data Format', 'expected a text frame, received binary data');
  if (Buffer.byteLength(text) > limit)
    throw new GlossaError('BODY_TOO_LARGE', `the message exceeds the limit of ${limit} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('Invalid JSON format', 'expected a JSON object, received malformed JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Refusal('Invalid JSON format', 'expected a JSON object');
}

/** The ids of a frame that may be wrong in any way, so that its sender recognises it; one empty text without any. */
function idsOf(body: JsonObject): string[] {
  const prompts: unknown[] = Array.isArray(body['prompts']) ? body['prompts'].slice(0, 256) : [];
  const ids = prompts.flatMap((prompt) => {
    const id = (prompt as JsonObject | null)?.['request_id'];
    return typeof id === 'string' && id !== '' ? [id] : [];
  });
  return ids.length > 0 ? ids : [''];
}
