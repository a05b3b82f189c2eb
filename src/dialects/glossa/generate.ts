import { GlossaError } from '../../errors.js';
import { tellConfigured } from '../../generation/configured-parameters.js';
import { DEFAULT_NEW_TOKENS } from '../../generation/request-lengths.js';
import { tokensTaken, type GenerationEvent } from '../../generation/events.js';
import { checkToldLogprobs } from '../../generation/told-logprobs.js';
import type { ModelLease } from '../../models/registry.js';
import type { DialectServices, RequestRecord, ServerContext } from '../../server/dialect.js';
import { readJsonObject } from '../../server/json-body.js';
import { eventStream, type EventWriter } from '../../server/sse.js';
import { Answer, frameOf, type AnswerSource } from './answer.js';
import { errorBody } from './errors.js';
import { errorInSnakeCase, parseGenerateBody, type GenerateCall } from './schema.js';

/** `POST /glossa/generate`: the engine's own request and events, over HTTP. */
export async function handleGenerate(context: ServerContext, services: DialectServices): Promise<Response> {
  const call = parseGenerateBody(await readJsonObject(context, services.settings.bodyLimit));
  const record = context.get('record');
  if (typeof call.request.prompt === 'string') record.prompt = call.request.prompt;
  const lease = await services.models.acquire(call.model, {
    signal: context.req.raw.signal,
    caller: context.get('caller'),
  });
  record.model = lease.id;
  if (call.stream) return await streamEvents(context, lease, call);
  try {
    refuseTooManyLogprobs(lease, call);
    const source = start(lease, call, context.req.raw.signal);
    const answer = new Answer(source);
    for await (const event of source.generation) {
      noteCounts(record, event);
      answer.add(event);
    }
    return context.json(answer.toJson(lease.id));
  } catch (error) {
    throw errorInSnakeCase(GlossaError.from(error));
  } finally {
    lease.release();
  }
}

function start({ engine }: ModelLease, { request }: GenerateCall, signal: AbortSignal): AnswerSource {
  return { engine, generation: engine.generate(request, { signal }), input: request };
}

async function streamEvents(
  context: ServerContext,
  lease: ModelLease,
  call: GenerateCall,
): Promise<Response> {
  const record = context.get('record');
  const stop = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, stop.signal]);
  let source: AnswerSource;
  let events: AsyncIterator<GenerationEvent>;
  let first: IteratorResult<GenerationEvent>;
  try {
    refuseBeams(lease, call);
    source = start(lease, call, signal);
    events = source.generation[Symbol.asyncIterator]();
    // Before the response begins: what the engine refuses is an error with its status, not a broken stream.
    first = await events.next();
  } catch (error) {
    lease.release();
    throw errorInSnakeCase(GlossaError.from(error));
  }
  const produce = async (writer: EventWriter): Promise<void> => {
    writer.left.addEventListener('abort', () => {
      stop.abort();
    });
    try {
      for (let next = first; next.done !== true; next = await events.next()) {
        noteCounts(record, next.value);
        if (!writer.send(frameOf(next.value, source))) await writer.drained();
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

/** No token of a beam is certain before the search ends: there would be nothing to stream. */
function refuseBeams({ defaults }: ModelLease, { request }: GenerateCall): void {
  if ((request.numBeams ?? defaults.numBeams ?? 1) === 1) return;
  const refusal = new GlossaError('INVALID_REQUEST', 'stream: expected false with numBeams above 1', {
    param: 'stream',
  });
  throw tellConfigured(refusal, request, defaults);
}

/** A stream tells them as they come, and holds none; those of the prompt are told once. */
function refuseTooManyLogprobs({ engine, defaults }: ModelLease, { request }: GenerateCall): void {
  const { logprobs: top = defaults.logprobs } = request;
  if (top === undefined) return;
  const texts = request.numReturnSequences ?? defaults.numReturnSequences ?? 1;
  const { contextSize } = engine.info;
  const most = request.maxNewTokens ?? request.maxLength ?? defaults.maxNewTokens ?? defaults.maxLength;
  const tokens = texts * Math.min(most ?? DEFAULT_NEW_TOKENS, contextSize);
  checkToldLogprobs({ texts, tokens, top, param: 'logprobs' });
}

function noteCounts(record: RequestRecord, event: GenerationEvent): void {
  if (event.type === 'prompt') record.promptTokens = event.promptTokens;
  else if (event.type === 'finish')
    record.generatedTokens = (record.generatedTokens ?? 0) + tokensTaken(event);
}
