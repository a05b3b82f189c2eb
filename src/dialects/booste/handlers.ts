import { GlossaError } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { isJsonObject, type JsonObject, readJsonObject } from '../../server/json-body.js';
import { admitCaller } from '../../server/key-limits.js';
import type { Task } from '../../tasks/task.js';
import { cancelledAnswer, envelope, envelopedAnswer, oneTextAnswer, startedAnswer } from './answers.js';
import { identify } from './caller.js';
import { generateWords } from './generate-words.js';
import {
  findTask,
  genericRequest,
  gpt2Request,
  noteRequest,
  startTask,
  type Understood,
  unknownTask,
} from './requests.js';
import { check, checkFieldCount, keyIn, longPollSchema } from './schema.js';

/** Answers the requests of one route. */
export type Handler = (context: ServerContext, services: DialectServices) => Promise<Response>;

/** How long a check of generation 3 waits for the task's end at most. */
const LONG_POLL_MS = 25_000;

/** `POST /inference/pretrained/gpt2`: the words at once, without a task. */
export async function handleSync(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readBody(context, services);
  const caller = admit(context, services, given);
  const { value: request, unused } = gpt2Request(given, services, caller);
  noteRequest(context, request);
  const record = context.get('record');
  const { signal } = context.req.raw;
  const lease = await services.models.acquire(request.model, { signal, caller });
  try {
    const words = await generateWords(request, {
      ...{ lease, signal, priority: 'interactive' },
      onTokens: ({ prompt, generated }) => {
        record.promptTokens = (record.promptTokens ?? 0) + prompt;
        record.generatedTokens = (record.generatedTokens ?? 0) + generated;
      },
    });
    const headers = { 'content-type': 'application/json', ...ignoredHeader(unused) };
    return context.body(oneTextAnswer(words), 200, headers);
  } finally {
    lease.release();
  }
}

/** `POST /inference/pretrained/gpt2/async/start`. */
export async function handleStart(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readBody(context, services);
  const caller = admit(context, services, given);
  const { value: input, unused } = gpt2Request(given, services, caller);
  const task = startTask(context, services, { input, owner: caller.keyId });
  return context.json(startedAnswer(task), 200, ignoredHeader(unused));
}

/** `POST /inference/start`. */
export async function handleGenericStart(
  context: ServerContext,
  services: DialectServices,
): Promise<Response> {
  const given = await readBody(context, services);
  const caller = admit(context, services, given);
  const { value: input, unused } = genericRequest(given, services, caller);
  const task = startTask(context, services, { input, owner: caller.keyId });
  return context.json({ taskID: task.id }, 200, ignoredHeader(unused));
}

/** A check that answers with the task as it is. */
export function checkHandler(
  answer: (task: Task) => object,
  options: { readonly keyless: boolean },
): Handler {
  return async function checkTask(context, services) {
    const given = await readBody(context, services);
    const { value: task, unused } = findTask(context, services, given, options);
    return context.json(answer(task), 200, ignoredHeader(unused));
  };
}

/** `POST /inference/pretrained/gpt2/async/cancel`, our addition. */
export async function handleCancel(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readBody(context, services);
  const { value, unused } = findTask(context, services, given, { keyless: false });
  const task = services.tasks.cancel(value.id);
  if (task === undefined) throw unknownTask();
  return context.json(cancelledAnswer(task), 200, ignoredHeader(unused));
}

/** `POST /api/task/start/v1/`. */
export async function handleEnvelopedStart(
  context: ServerContext,
  services: DialectServices,
): Promise<Response> {
  const { data, others } = unwrap(await readBody(context, services));
  const caller = admit(context, services, data);
  const { value: input, unused } = genericRequest(data, services, caller, 'data.');
  const task = startTask(context, services, { input, owner: caller.keyId });
  const headers = ignoredHeader([...Object.keys(others), ...unused]);
  return context.json(envelope(true, '', { taskID: task.id }), 200, headers);
}

/** `POST /api/task/check/v1/`: with `longPoll` the answer waits for the task's end. */
export async function handleEnvelopedCheck(
  context: ServerContext,
  services: DialectServices,
): Promise<Response> {
  const { data, others } = unwrap(await readBody(context, services));
  const found = findTask(context, services, data, { keyless: true, place: 'data.' });
  const envelopeFields = check(longPollSchema, others);
  const unused = [...envelopeFields.unused, ...found.unused];
  const task = envelopeFields.fields.longPoll ? await atItsEnd(context, services, found) : found.value;
  return context.json(envelopedAnswer(task), 200, ignoredHeader(unused));
}

async function atItsEnd(
  context: ServerContext,
  { tasks }: DialectServices,
  { value: { id } }: Understood<Task>,
): Promise<Task> {
  const task = await tasks.waitForEnd(id, LONG_POLL_MS, context.req.raw.signal);
  if (task === undefined) throw unknownTask();
  return task;
}

/**
 * Who asks for words; the request counts against the limits of that key. Checks of tasks do not: clients of this API
 * repeat them by themselves.
 *
 * @throws GlossaError UNAUTHORIZED, RATE_LIMITED
 */
function admit(context: ServerContext, { keys }: DialectServices, given: JsonObject): Caller {
  const caller = identify(context, keys, keyIn(given));
  admitCaller(context, caller);
  return caller;
}

async function readBody(context: ServerContext, { settings }: DialectServices): Promise<JsonObject> {
  return await readJsonObject(context, settings.bodyLimit);
}

function unwrap(given: JsonObject): { data: JsonObject; others: JsonObject } {
  checkFieldCount(given);
  const { data, ...others } = given;
  if (isJsonObject(data)) return { data, others };
  throw new GlossaError('INVALID_REQUEST', 'data: expected an object', { param: 'data' });
}
