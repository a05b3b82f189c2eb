import { GlossaError } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { ModelLease, ModelRegistry } from '../../models/registry.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { parseJsonObject } from '../../server/json-body.js';
import type { Doorkeeper } from './caller.js';
import { replyPieces } from './generation.js';
import { invocationHeaders, isResourceName, requireJsonAccepted } from './headers.js';
import { parseInvocation, type Invocation } from './invocation.js';
import { wholeReply } from './reply.js';
import { replyStream } from './stream.js';

/** What an invocation is handled with. */
export interface InvokeParts {
  readonly services: DialectServices;
  readonly doorkeeper: Doorkeeper;
  /** Whether the answer is an event stream. */
  readonly streams: boolean;
}

/** Headers of an answer. */
type AnswerHeaders = Readonly<Record<string, string>>;

/**
 * Answers an invocation of an endpoint, or of the container itself if `endpoint` is absent.
 *
 * @throws GlossaError before the answer has begun
 */
export async function invoke(
  context: ServerContext,
  endpoint: string | undefined,
  { services, doorkeeper, streams }: InvokeParts,
): Promise<Response> {
  const bytes = await doorkeeper.admit(context);
  context.header('x-amzn-requestid', context.get('requestId'));
  const { targetModel, echoed, ignored } = invocationHeaders(context);
  requireJsonAccepted(context.req.header(streams ? 'x-amzn-sagemaker-accept' : 'accept'));
  const model = resolveModel(services.models, context.get('caller'), { endpoint, target: targetModel });
  const invocation = parseInvocation(parseJsonObject(bytes));
  const headers = { ...echoed, ...ignoredHeader([...invocation.ignored, ...ignored]) };
  const { prompt } = invocation.request;
  if (typeof prompt === 'string') context.get('record').prompt = prompt;
  if (invocation.instead !== undefined)
    return answerAtOnce(context, wholeReply(invocation.reply, invocation.instead), { headers, streams });
  const lease = await services.models.acquire(model, {
    signal: context.req.raw.signal,
    caller: context.get('caller'),
  });
  context.get('record').model = lease.id;
  return streams
    ? await streamReply(context, { invocation, lease }, headers)
    : await wholeAnswer(context, { invocation, lease }, headers);
}

/** The document's endpoint: the default model, unless another one is called so. */
const DOCUMENTED_ENDPOINT = 'gpt-2';

/** An endpoint is a model of that id or alias; a target model goes before it. */
function resolveModel(
  models: ModelRegistry,
  caller: Caller,
  { endpoint, target }: { readonly endpoint: string | undefined; readonly target: string | undefined },
): string {
  if (endpoint !== undefined && !isResourceName(endpoint))
    throw refusal(
      'EndpointName: expected at most 63 letters, digits and hyphens, the first and last no hyphen',
    );
  const isDefault = endpoint === undefined || endpoint === DOCUMENTED_ENDPOINT;
  const served = models.find(endpoint ?? '', caller) ?? (isDefault ? models.defaultFor(caller) : undefined);
  if (served === undefined) throw refusal(`there is no endpoint ${endpoint ?? ''} here`);
  if (target === undefined) return served;
  const targeted = models.find(target, caller);
  if (targeted === undefined) throw refusal('X-Amzn-SageMaker-Target-Model: there is no such model here');
  return targeted;
}

function refusal(message: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', message);
}

function answerAtOnce(
  context: ServerContext,
  reply: string,
  { headers, streams }: { headers: AnswerHeaders; streams: boolean },
): Response {
  if (!streams) return context.body(reply, 200, { ...headers, 'content-type': 'application/json' });
  return replyStream(context, headers, (body) => {
    body.write(reply);
    return Promise.resolve();
  });
}

async function wholeAnswer(
  context: ServerContext,
  { invocation, lease }: { invocation: Invocation; lease: ModelLease },
  headers: AnswerHeaders,
): Promise<Response> {
  const record = context.get('record');
  let reply = '';
  try {
    for await (const piece of replyPieces({ invocation, lease, record, signal: context.req.raw.signal }))
      reply += piece;
  } finally {
    lease.release();
  }
  return answerAtOnce(context, reply, { headers, streams: false });
}

async function streamReply(
  context: ServerContext,
  { invocation, lease }: { invocation: Invocation; lease: ModelLease },
  headers: AnswerHeaders,
): Promise<Response> {
  const record = context.get('record');
  const stop = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, stop.signal]);
  const pieces = replyPieces({ invocation, lease, record, signal });
  let next: IteratorResult<string, void>;
  try {
    // Before the response begins: what the engine refuses is an error with its status, not a broken stream.
    next = await pieces.next();
  } catch (error) {
    lease.release();
    throw error;
  }
  return replyStream(context, headers, async (body) => {
    body.left.addEventListener('abort', () => {
      stop.abort();
    });
    try {
      for (; next.done !== true; next = await pieces.next())
        if (!body.write(next.value)) await body.drained();
    } finally {
      await pieces.return();
      lease.release();
    }
  });
}
