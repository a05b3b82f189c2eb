import type { GlossaError } from '../errors.js';
import type { ServerContext } from './dialect.js';
import { eventStream, type EventWriter } from './sse.js';

/** What an answer is streamed from. */
export interface ChunkSource<Chunk, Fault> {
  /** Objects to be sent, in their order; leaving it early must end what makes them. */
  readonly chunks: AsyncIterator<Chunk, unknown>;
  /** Aborts what makes the chunks once nobody reads them. */
  readonly stop: AbortController;
  /** Gives back what the chunks were made with. Called once, whatever happens. */
  readonly release: () => void;
  /** An error as a chunk of its API; it ends the stream. */
  readonly errorChunk: (error: GlossaError) => Fault;
  /** The type of a chunk's event. Absent: events have none, and `[DONE]` ends them. */
  readonly nameOf?: (chunk: Chunk | Fault) => string;
}

/**
 * Server-sent events, one for each chunk, ended by `[DONE]` unless they have names. The first chunk is awaited before the response begins: a
 * request that is refused gets its status, and not a broken stream.
 *
 * @throws what making the first chunk throws
 */
export async function streamChunks<Chunk, Fault>(
  context: ServerContext,
  source: ChunkSource<Chunk, Fault>,
): Promise<Response> {
  const { chunks, stop, release, errorChunk, nameOf } = source;
  let first: IteratorResult<Chunk, unknown>;
  try {
    first = await chunks.next();
  } catch (error) {
    release();
    throw error;
  }
  const produce = async (events: EventWriter): Promise<void> => {
    events.left.addEventListener('abort', () => {
      stop.abort();
    });
    try {
      for (let next = first; next.done !== true; next = await chunks.next())
        if (!events.send(next.value, nameOf?.(next.value))) await events.drained();
      if (nameOf === undefined) events.done();
    } finally {
      await chunks.return?.();
      release();
    }
  };
  return eventStream(context, produce, (error, events) => {
    context.get('record').error = error;
    const chunk = errorChunk(error);
    events.send(chunk, nameOf?.(chunk));
  });
}
