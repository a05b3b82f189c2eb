import {
  INTEGER,
  listOf,
  NOTHING,
  NUMBER,
  oneOf,
  orNull,
  record,
  TEXT,
  type ApiOperation,
} from '../../../server/api-operation.js';
import { chatSchema } from './schema.js';

const TOKEN = { token: TEXT, logprob: NUMBER, bytes: orNull(listOf(INTEGER)) };
const LOGPROBS = orNull(
  record({
    content: listOf(record({ ...TOKEN, top_logprobs: listOf(record(TOKEN)) })),
    refusal: NOTHING,
  }),
);
const END = oneOf('stop', 'length', 'tool_calls');
const USAGE = record({
  prompt_tokens: INTEGER,
  completion_tokens: INTEGER,
  total_tokens: INTEGER,
  prompt_tokens_details: record({ cached_tokens: INTEGER }),
});
const HEAD = { id: TEXT, created: INTEGER, model: TEXT, system_fingerprint: TEXT };

const CALL = record({
  id: TEXT,
  type: oneOf('function'),
  function: record({ name: TEXT, arguments: TEXT }),
});
const MESSAGE = record({
  ...{ role: oneOf('assistant'), content: orNull(TEXT), refusal: NOTHING },
  ...{ annotations: { type: 'array', maxItems: 0 }, 'tool_calls?': listOf(CALL) },
});
const ANSWER = record({
  ...HEAD,
  object: oneOf('chat.completion'),
  choices: listOf(record({ index: INTEGER, message: MESSAGE, logprobs: LOGPROBS, finish_reason: END })),
  usage: USAGE,
});

const CALL_DELTA = record({
  index: INTEGER,
  'id?': TEXT,
  'type?': oneOf('function'),
  function: record({ 'name?': TEXT, arguments: TEXT }),
});
const DELTA = record({
  ...{ 'role?': oneOf('assistant'), 'content?': TEXT, 'refusal?': NOTHING },
  'tool_calls?': listOf(CALL_DELTA),
});
const CHUNK = record({
  ...HEAD,
  object: oneOf('chat.completion.chunk'),
  choices: listOf(record({ index: INTEGER, delta: DELTA, logprobs: LOGPROBS, finish_reason: orNull(END) })),
  'usage?': orNull(USAGE),
});

/** The route of chats, whose errors have the shape of all errors of this API. */
export function chatOperation(error: ApiOperation['responses'][string]): ApiOperation {
  return {
    method: 'post',
    path: '/v1/chat/completions',
    id: 'chat',
    summary: 'The next message of a conversation',
    description: 'With `stream`, chunks, then `[DONE]`; a failure in the middle is an event with an error.',
    body: chatSchema,
    responses: {
      200: {
        description: 'The answer.',
        content: { 'application/json': ANSWER, 'text/event-stream': CHUNK },
      },
      default: error,
    },
  };
}
