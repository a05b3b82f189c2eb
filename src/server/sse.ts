import { GlossaError } from '../errors.js';
import { BodyStream } from './body-stream.js';
import type { ServerContext } from './dialect.js';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would otherwise collect the stream before passing it on.
  'x-accel-buffering': 'no',
};

/** Writes server-sent events, whole frames only. */
export class EventWriter {
  readonly #body: BodyStream;

  constructor(body: BodyStream) {
    this.#body = body;
  }

  /** Aborted when the client leaves. */
  get left(): AbortSignal {
    return this.#body.left;
  }

  /**
   * One frame holding `data` as JSON. Returns false if one should wait for `drained()`.
   *
   * @param name the event's type, in one line; absent: it has none
   */
  send(data: unknown, name?: string): boolean {
    const type = name === undefined ? '' : `event: ${name}\n`;
    return this.#body.write(`${type}data: ${JSON.stringify(data)}\n\n`);
  }

  /** The closing frame that OpenAI-like clients wait for. */
  done(): void {
    this.#body.write('data: [DONE]\n\n');
  }

  async drained(): Promise<void> {
    await this.#body.drained();
  }
}

/**
 * A response whose body `produce` writes. If it throws, `onFailure` writes the error's frame in its API's shape;
 * the body then ends without the closing frame.
 */
export function eventStream(
  context: ServerContext,
  produce: (events: EventWriter) => Promise<void>,
  onFailure: (error: GlossaError, events: EventWriter) => void,
): Response {
  const body = new BodyStream();
  const events = new EventWriter(body);
  const run = async (): Promise<void> => {
    try {
      await produce(events);
    } catch (error) {
      onFailure(GlossaError.from(error), events);
    } finally {
      body.close();
    }
  };
  void run();
  // Through the context, so that the headers which middleware has set go out too.
  return context.body(body.readable, 200, HEADERS);
}
