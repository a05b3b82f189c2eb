import type { GlossaError } from '../../../errors.js';
import { Counts } from '../conversation/counts.js';
import type { ChatParts, RunningChat } from '../conversation/generation.js';
import { Reply } from '../conversation/reply.js';
import { errorBody } from '../errors.js';
import { inResponseNames } from './error-names.js';
import { responseUsage } from './output.js';
import { OutputWriter, type OutputEvent } from './output-writer.js';
import { BEGUN, failure, newResponseHead, responseIn, type ResponseObject } from './response.js';
import type { ResponseCall } from './schema.js';

/** An event of a stream. */
export type ResponseEvent = OutputEvent & { readonly sequence_number: number };

/** Numbers the events of one stream, from 0. */
export class Numbering {
  #next = 0;

  number(event: OutputEvent): ResponseEvent {
    const { type, ...others } = event;
    const sequenceNumber = this.#next;
    this.#next += 1;
    return { type, sequence_number: sequenceNumber, ...others };
  }
}

/**
 * What happens to a response, in its order. Nothing is told before the prompt was taken. Leaving early ends the
 * generation.
 *
 * @returns the response at its end
 * @throws GlossaError in the engine's names, after the event that says that the response failed
 */
export async function* responseEvents(
  parts: ChatParts<ResponseCall>,
  running: RunningChat,
): AsyncGenerator<OutputEvent, ResponseObject> {
  const head = newResponseHead(parts, running);
  const counts = new Counts(parts.record, parts.signal);
  const writer = new OutputWriter();
  const reply = new Reply(running.prepared, running.vocabulary);
  let hasBegun = false;
  let status: 'completed' | 'incomplete' = 'completed';
  try {
    for await (const event of running.generation) {
      counts.note(event);
      if (event.type === 'prompt') {
        hasBegun = true;
        const response = responseIn(head, BEGUN);
        yield { type: 'response.created', response };
        yield { type: 'response.in_progress', response };
      } else {
        const step = event.type === 'token' ? reply.token(event) : reply.finish(event);
        yield* writer.add(step);
        if (step.end === 'length') status = 'incomplete';
      }
    }
  } catch (cause) {
    const error = inResponseNames(cause, parts.call);
    const state = { status: 'failed', output: writer.written, usage: null, error: failure(error) } as const;
    if (hasBegun) yield { type: 'response.failed', response: responseIn(head, state) };
    throw error;
  }
  yield* writer.end(status);
  const usage = responseUsage(counts.usage);
  const response = responseIn(head, { status, output: writer.output, usage, error: null });
  yield { type: `response.${status}`, response };
  return response;
}

/** The response alone. */
export async function wholeResponse(
  parts: ChatParts<ResponseCall>,
  running: RunningChat,
): Promise<ResponseObject> {
  const events = responseEvents(parts, running);
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
  }
}

/**
 * The event that ends a broken stream: the error as OpenAI documents it, and once more under `error`, where its SDKs
 * look for what they are to throw.
 */
export function errorEvent(error: GlossaError): OutputEvent {
  const { error: told } = errorBody(error);
  const { message, param, code } = told;
  return { type: 'error', message, param, code, error: told };
}
