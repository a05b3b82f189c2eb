import type { Generation } from '../../engine/engine.js';
import { GlossaError } from '../../errors.js';
import type { FinishReason, GenerationEvent } from '../../generation/events.js';
import type { ModelLease } from '../../models/registry.js';
import type { DialectServices, RequestRecord, ServerContext } from '../../server/dialect.js';
import { readJsonObject } from '../../server/json-body.js';
import { eventStream, type EventWriter } from '../../server/sse.js';
import { errorBody } from './errors.js';
import { inSnakeCase, parseGenerateBody, type GenerateCall } from './schema.js';

interface SequenceResult {
  text: string;
  token_ids: number[];
  logprobs: number[];
  finish_reason: FinishReason | null;
  generated_tokens: number;
}

/** `POST /glossa/generate`: the engine's own request and events, over HTTP. */
export async function handleGenerate(context: ServerContext, services: DialectServices): Promise<Response> {
  const call = parseGenerateBody(await readJsonObject(context, services.settings.bodyLimit));
  const record = context.get('record');
  if (typeof call.request.prompt === 'string') record.prompt = call.request.prompt;
  const client = context.req.raw.signal;
  const lease = await services.models.acquire(call.model, { signal: client });
  record.model = lease.id;
  if (call.stream) return await streamEvents(context, lease, call);
  try {
    const generation = lease.engine.generate(call.request, { signal: client });
    return context.json(await collect(generation, lease.id, call, record));
  } catch (error) {
    throw inSnakeCase(GlossaError.from(error));
  } finally {
    lease.release();
  }
}

async function collect(
  generation: Generation,
  model: string,
  { request }: GenerateCall,
  record: RequestRecord,
): Promise<object> {
  const sequences = Array.from({ length: request.numReturnSequences ?? 1 }, emptyResult);
  let promptTokens = 0;
  let cachedTokens = 0;
  for await (const event of generation) {
    noteCounts(record, event);
    if (event.type === 'prompt') ({ promptTokens, cachedTokens } = event);
    else addToResult(sequences[event.sequence], event);
  }
  const seed = request.seed === undefined ? {} : { seed: request.seed };
  return { model, sequences, prompt_tokens: promptTokens, cached_tokens: cachedTokens, ...seed };
}

async function streamEvents(
  context: ServerContext,
  lease: ModelLease,
  call: GenerateCall,
): Promise<Response> {
  const record = context.get('record');
  const stop = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, stop.signal]);
  let events: AsyncIterator<GenerationEvent>;
  let first: IteratorResult<GenerationEvent>;
  try {
    events = lease.engine.generate(call.request, { signal })[Symbol.asyncIterator]();
    // Before the response begins: what the engine refuses is an error with its status, not a broken stream.
    first = await events.next();
  } catch (error) {
    lease.release();
    throw inSnakeCase(GlossaError.from(error));
  }
  const produce = async (writer: EventWriter): Promise<void> => {
    writer.left.addEventListener('abort', () => {
      stop.abort();
    });
    try {
      for (let next = first; next.done !== true; next = await events.next()) {
        noteCounts(record, next.value);
        if (!writer.send(wireEvent(next.value))) await writer.drained();
      }
      writer.done();
    } finally {
      await events.return?.();
      lease.release();
    }
  };
  return eventStream(context, produce, (error, writer) => {
    record.error = error;
    writer.send(errorBody(error));
  });
}

function wireEvent(event: GenerationEvent): object {
  switch (event.type) {
    case 'prompt':
      return { type: 'prompt', prompt_tokens: event.promptTokens, cached_tokens: event.cachedTokens };
    case 'token':
      return {
        type: 'token',
        sequence: event.sequence,
        token_id: event.tokenId,
        logprob: event.logprob,
        text: event.text,
      };
    case 'finish':
      return {
        type: 'finish',
        sequence: event.sequence,
        finish_reason: event.finishReason,
        text: event.text,
        generated_tokens: event.generatedTokens,
      };
  }
}

function addToResult(
  result: SequenceResult | undefined,
  event: Exclude<GenerationEvent, { type: 'prompt' }>,
): void {
  if (result === undefined) return;
  result.text += event.text;
  if (event.type === 'token') {
    result.token_ids.push(event.tokenId);
    result.logprobs.push(event.logprob);
  } else {
    result.finish_reason = event.finishReason;
    result.generated_tokens = event.generatedTokens;
  }
}

function noteCounts(record: RequestRecord, event: GenerationEvent): void {
  if (event.type === 'prompt') record.promptTokens = event.promptTokens;
  else if (event.type === 'finish')
    record.generatedTokens = (record.generatedTokens ?? 0) + event.generatedTokens;
}

function emptyResult(): SequenceResult {
  return { text: '', token_ids: [], logprobs: [], finish_reason: null, generated_tokens: 0 };
}
