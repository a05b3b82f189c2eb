import { GlossaError } from '../../errors.js';
import { tokensTaken, type FinishEvent } from '../../generation/events.js';
import type { ModelLease } from '../../models/registry.js';
import type { RequestRecord } from '../../server/dialect.js';
import { inBodyNames } from './fields.js';
import type { Invocation } from './invocation.js';
import { ReplyWriter } from './reply.js';

/** What a reply is generated with. */
export interface ReplyJob {
  readonly invocation: Invocation;
  readonly lease: ModelLease;
  readonly signal: AbortSignal;
  readonly record: RequestRecord;
}

/**
 * Generates a reply, piece by piece; put together they are its JSON. The first piece comes once the prompt was
 * evaluated, so that what the engine refuses is known before anything is sent.
 *
 * @throws GlossaError in the names of the body
 */
export async function* replyPieces(job: ReplyJob): AsyncGenerator<string, void, undefined> {
  try {
    yield* pieces(job);
  } catch (error) {
    throw inBodyNames(GlossaError.from(error), job.invocation.form);
  }
}

async function* pieces({
  invocation,
  lease,
  signal,
  record,
}: ReplyJob): AsyncGenerator<string, void, undefined> {
  const generation = lease.engine.generate(invocation.request, { signal });
  const writer = new ReplyWriter(invocation.reply, {
    sequences: generation.request.numReturnSequences,
    copies: invocation.copies,
  });
  for await (const event of generation) {
    if (event.type === 'prompt') {
      record.promptTokens = event.promptTokens;
      yield writer.begin();
      continue;
    }
    if (event.type === 'finish') {
      record.generatedTokens = (record.generatedTokens ?? 0) + tokensTaken(event);
      refuseCancelled(event, signal);
    }
    yield writer.add(event);
  }
}

/** A reply has no place to say that its text was cut off. */
function refuseCancelled({ finishReason }: FinishEvent, signal: AbortSignal): void {
  if (finishReason !== 'cancelled') return;
  throw signal.aborted
    ? new GlossaError('CANCELLED', 'the request was cancelled')
    : new GlossaError('CLOSED', 'the server is shutting down');
}
