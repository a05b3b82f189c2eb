import {
  ANYTHING,
  FLAG,
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
import { closedBody, ERROR } from '../api-shapes.js';
import { responseSchema } from './schema.js';

const TOKEN = { token: TEXT, logprob: NUMBER, bytes: listOf(INTEGER) };
const STATUS = oneOf('in_progress', 'completed', 'incomplete');
const NO_LIST = { type: 'array', maxItems: 0 };

const MESSAGE = record({
  ...{ id: TEXT, type: oneOf('message'), status: STATUS, role: oneOf('assistant') },
  content: listOf(
    record({
      ...{ type: oneOf('output_text'), text: TEXT, annotations: NO_LIST },
      logprobs: listOf(record({ ...TOKEN, top_logprobs: listOf(record(TOKEN)) })),
    }),
  ),
});
const CALL = record({
  ...{ id: TEXT, type: oneOf('function_call'), status: STATUS },
  ...{ call_id: TEXT, name: TEXT, arguments: TEXT },
});

const USAGE = record({
  input_tokens: INTEGER,
  input_tokens_details: record({ cached_tokens: INTEGER, cache_write_tokens: INTEGER }),
  output_tokens: INTEGER,
  output_tokens_details: record({ reasoning_tokens: INTEGER, 'discarded_tokens?': INTEGER }),
  total_tokens: INTEGER,
});

const RESPONSE = record({
  ...{ id: TEXT, object: oneOf('response'), created_at: INTEGER, completed_at: orNull(INTEGER) },
  ...{ model: TEXT, status: oneOf('in_progress', 'completed', 'incomplete', 'failed') },
  output: listOf({ anyOf: [MESSAGE, CALL] }),
  usage: orNull(USAGE),
  error: orNull(record({ code: TEXT, message: TEXT })),
  incomplete_details: orNull(record({ reason: oneOf('max_output_tokens') })),
  ...{ instructions: orNull(TEXT), max_output_tokens: orNull(INTEGER) },
  ...{ temperature: orNull(NUMBER), top_p: NUMBER, top_logprobs: INTEGER },
  text: record({ format: { type: 'object' }, verbosity: oneOf('medium') }),
  ...{ tools: listOf({ type: 'object' }), tool_choice: ANYTHING, parallel_tool_calls: FLAG },
  metadata: { type: 'object', additionalProperties: TEXT },
  ...{ reasoning: record({ effort: NOTHING, summary: NOTHING }), truncation: oneOf('disabled') },
  ...{ service_tier: oneOf('default'), background: { const: false }, store: { const: false } },
  ...{ previous_response_id: NOTHING, max_tool_calls: NOTHING, access_programs: NOTHING },
});

const EVENT = {
  ...record({ type: TEXT, sequence_number: INTEGER, 'response?': RESPONSE }),
  additionalProperties: true,
};

/** The route of responses. */
export const responseOperation: ApiOperation = {
  method: 'post',
  path: '/v1/responses',
  id: 'response',
  summary: 'What the model says to an input; nothing is stored',
  description:
    "The events of a stream have OpenAI's names. A failure in the middle of it is response.failed, then error.",
  body: closedBody(responseSchema),
  responses: {
    200: {
      description: 'All at once; or with stream in events, of which the last has the response.',
      content: { 'application/json': RESPONSE, 'text/event-stream': EVENT },
    },
    default: ERROR,
  },
};
