import type { GlossaError } from '../../../errors.js';
import { streamChunks } from '../../../server/chunk-stream.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { ignoredHeader } from '../../../server/ignored-header.js';
import { readJsonObject } from '../../../server/json-body.js';
import { errorBody } from '../errors.js';
import { chatChunks, type ChatChunk } from './chunks.js';
import { startChat, type ChatParts } from '../conversation/generation.js';
import { inChatNames } from './error-names.js';
import { parseChat, type ChatCall } from './schema.js';
import { wholeAnswer } from './whole.js';

/** `POST /v1/chat/completions`: the next message of a conversation, whole or in chunks. */
export async function handleChat(context: ServerContext, services: DialectServices): Promise<Response> {
  const call = parseChat(await readJsonObject(context, services.settings.bodyLimit));
  const record = context.get('record');
  const { signal } = context.req.raw;
  const lease = await services.models.acquire(call.body.model, { signal, caller: context.get('caller') });
  record.model = lease.id;
  const parts = { lease, call, record, signal };
  if (call.body.stream === true) return await streamAnswer(context, parts);
  try {
    const running = await startChat(parts);
    return context.json(await wholeAnswer(parts, running), 200, ignoredHeader(running.ignored));
  } catch (error) {
    throw inChatNames(error, call);
  } finally {
    lease.release();
  }
}

/** What is wrong with the request is told before the stream begins: by its status. */
async function streamAnswer(context: ServerContext, parts: ChatParts<ChatCall>): Promise<Response> {
  const { lease, call } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([parts.signal, stop.signal]);
  const chunks = async function* (): AsyncGenerator<ChatChunk, void> {
    const streamed = { ...parts, signal };
    const running = await startChat(streamed);
    for (const [name, value] of Object.entries(ignoredHeader(running.ignored))) context.header(name, value);
    yield* chatChunks(streamed, running);
  };
  try {
    return await streamChunks(context, {
      chunks: chunks(),
      stop,
      release: () => {
        lease.release();
      },
      errorChunk: (error: GlossaError) => errorBody(inChatNames(error, call)),
    });
  } catch (error) {
    throw inChatNames(error, call);
  }
}
