import type { GlossaError } from '../../../errors.js';
import { streamChunks } from '../../../server/chunk-stream.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { ignoredHeader } from '../../../server/ignored-header.js';
import { readJsonObject } from '../../../server/json-body.js';
import { startChat, type ChatParts } from '../conversation/generation.js';
import { inResponseNames } from './error-names.js';
import { errorEvent, Numbering, responseEvents, wholeResponse, type ResponseEvent } from './events.js';
import { parseResponse, type ResponseCall } from './schema.js';

/** `POST /v1/responses`: what the model says to an input, whole or in events. Nothing of it is stored. */
export async function handleResponse(context: ServerContext, services: DialectServices): Promise<Response> {
  const call = parseResponse(await readJsonObject(context, services.settings.bodyLimit));
  const record = context.get('record');
  const { signal } = context.req.raw;
  const lease = await services.models.acquire(call.body.model, { signal, caller: context.get('caller') });
  record.model = lease.id;
  const parts = { lease, call, record, signal };
  if (call.body.stream === true) return await streamResponse(context, parts);
  try {
    const running = await startChat(parts);
    return context.json(await wholeResponse(parts, running), 200, ignoredHeader(running.ignored));
  } catch (error) {
    throw inResponseNames(error, call);
  } finally {
    lease.release();
  }
}

/** What is wrong with the request is told before the stream begins: by its status. */
async function streamResponse(context: ServerContext, parts: ChatParts<ResponseCall>): Promise<Response> {
  const { lease, call } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([parts.signal, stop.signal]);
  const numbering = new Numbering();
  const events = async function* (): AsyncGenerator<ResponseEvent, void> {
    const streamed = { ...parts, signal };
    const running = await startChat(streamed);
    for (const [name, value] of Object.entries(ignoredHeader(running.ignored))) context.header(name, value);
    for await (const event of responseEvents(streamed, running)) yield numbering.number(event);
  };
  try {
    return await streamChunks(context, {
      chunks: events(),
      stop,
      nameOf: ({ type }) => type,
      release: () => {
        lease.release();
      },
      errorChunk: (error: GlossaError) => numbering.number(errorEvent(inResponseNames(error, call))),
    });
  } catch (error) {
    throw inResponseNames(error, call);
  }
}
