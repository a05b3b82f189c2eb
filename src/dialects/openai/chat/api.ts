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
import { closedBody, ERROR, USAGE } from '../api-shapes.js';
import { chatSchema } from './schema.js';

const TOKEN = { token: TEXT, logprob: NUMBER, bytes: orNull(listOf(INTEGER)) };
const LOGPROBS = orNull(
  record({
    content: listOf(record({ ...TOKEN, top_logprobs: listOf(record(TOKEN)) })),
    refusal: NOTHING,
  }),
);
const END = oneOf('stop', 'length', 'tool_calls');
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

/** The route of chats. */
export const chatOperation: ApiOperation = {
  method: 'post',
  path: '/v1/chat/completions',
  id: 'chat',
  summary: 'The next message of a conversation',
  description: 'A failure in the middle of a stream is an event with an error.',
  body: closedBody(chatSchema),
  responses: {
    200: {
      description: 'All at once; or with stream one chunk each, [DONE] at the end.',
      content: {
        'application/json': ANSWER,
        'text/event-stream': { anyOf: [CHUNK, { const: '[DONE]' }] },
      },
    },
    default: ERROR,
  },
};
