import { EventStreamCodec } from '@smithy/eventstream-codec';

import { GlossaError } from '../../errors.js';
import { BodyStream } from '../../server/body-stream.js';
import type { ServerContext } from '../../server/dialect.js';
import { streamException } from './errors.js';

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
);

/**
 * A response of InvokeEndpointWithResponseStream. What `produce` writes goes out as PayloadPart events, whose bytes put
 * together are the reply; if it throws, the stream ends with an exception instead.
 */
export function replyStream(
  context: ServerContext,
  headers: Readonly<Record<string, string>>,
  produce: (body: BodyStream) => Promise<void>,
): Response {
  const body = new BodyStream((text) => frame('event', 'PayloadPart', Buffer.from(text)));
  const run = async (): Promise<void> => {
    try {
      await produce(body);
      body.close();
    } catch (thrown) {
      const error = GlossaError.from(thrown);
      context.get('record').error = error;
      const exception = streamException(error);
      body.close(frame('exception', exception.type, Buffer.from(JSON.stringify(exception.body))));
    }
  };
  void run();
  return context.body(body.readable, 200, {
    ...headers,
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-sagemaker-content-type': 'application/json',
  });
}

function frame(kind: 'event' | 'exception', type: string, body: Uint8Array): Uint8Array {
  const contentType = kind === 'event' ? 'application/octet-stream' : 'application/json';
  return codec.encode({
    headers: {
      ':message-type': { type: 'string', value: kind },
      [`:${kind}-type`]: { type: 'string', value: type },
      ':content-type': { type: 'string', value: contentType },
    },
    body,
  });
}
