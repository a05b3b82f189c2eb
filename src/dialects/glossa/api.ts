import type { Convert, JsonSchema } from '../../json-forms.js';
import {
  ANYTHING,
  FLAG,
  INTEGER,
  json,
  listOf,
  NUMBER,
  oneOf,
  orNull,
  record,
  TEXT,
  type ApiOperation,
} from '../../server/api-operation.js';
import { generateBodySchema, inSnakeCase } from './schema.js';

const ERROR_BODY = record({ error: record({ code: TEXT, message: TEXT, param: orNull(TEXT) }) });
const ERROR = json('An error.', ERROR_BODY);
const FINISH = oneOf('eos', 'stop', 'length', 'deadline', 'exhausted', 'cancelled');
const REPORT = {
  prompt_tokens: INTEGER,
  cached_tokens: INTEGER,
  'seed?': INTEGER,
  'warnings?': listOf(TEXT),
};
const SEARCH = { 'search_tokens?': INTEGER, 'discarded_tokens?': INTEGER };

const SEQUENCE = record({
  ...{ text: TEXT, token_ids: listOf(INTEGER), logprobs: listOf(NUMBER) },
  ...{ finish_reason: orNull(FINISH), generated_tokens: INTEGER, 'score?': NUMBER },
});
const FRAME: JsonSchema = {
  anyOf: [
    record({ type: oneOf('prompt'), ...REPORT }),
    record({ type: oneOf('token'), sequence: INTEGER, token_id: INTEGER, logprob: NUMBER, text: TEXT }),
    record({
      ...{ type: oneOf('finish'), sequence: INTEGER, finish_reason: FINISH, text: TEXT },
      ...{ generated_tokens: INTEGER, 'score?': NUMBER },
    }),
    ERROR_BODY,
    { const: '[DONE]' },
  ],
};

const MODEL = record({
  ...{ id: TEXT, aliases: listOf(TEXT), default: FLAG, 'base?': TEXT },
  'lora?': listOf(record({ file: TEXT, scale: NUMBER })),
  state: oneOf('unloaded', 'loading', 'ready', 'unloading', 'failed'),
  ...{ 'progress?': NUMBER, 'error?': TEXT, 'description?': TEXT, 'size_bytes?': INTEGER },
  ...{ 'memory_bytes?': INTEGER, 'context_size?': INTEGER, 'parallel_sequences?': INTEGER, 'backend?': TEXT },
});

const TIME: JsonSchema = { type: 'string', format: 'date-time' };
const TASK_ENTRY = {
  ...{ id: TEXT, kind: TEXT, state: oneOf('queued', 'running', 'finished', 'failed', 'cancelled') },
  error: orNull(record({ code: TEXT, message: TEXT })),
  ...{ created_at: TIME, started_at: orNull(TIME), ended_at: orNull(TIME) },
};
const TASK = record({ ...TASK_ENTRY, progress: ANYTHING, output: ANYTHING });
const TASK_ID = { name: 'id', in: 'path', description: "The task's id.", schema: TEXT } as const;

/** The engine's descriptions in this API's spelling. */
const generateBody = (convert: Convert): JsonSchema =>
  JSON.parse(JSON.stringify(convert(generateBodySchema)), (key, value: unknown) =>
    key === 'description' && typeof value === 'string' ? inSnakeCase(value) : value,
  ) as JsonSchema;

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'post',
    path: '/glossa/generate',
    id: 'generate',
    summary: "A generation in Hugging Face's names",
    body: generateBody,
    responses: {
      200: {
        description: 'All at once; or with stream one event each, [DONE] at the end.',
        content: {
          'application/json': record({ model: TEXT, sequences: listOf(SEQUENCE), ...REPORT, ...SEARCH }),
          'text/event-stream': FRAME,
        },
      },
      default: ERROR,
    },
  },
  {
    method: 'get',
    path: '/glossa/models',
    id: 'models',
    summary: 'What is configured and loaded',
    responses: { 200: json('The models.', record({ models: listOf(MODEL) })), default: ERROR },
  },
  {
    method: 'get',
    path: '/glossa/stats',
    id: 'stats',
    summary: 'Figures of every loaded engine',
    responses: {
      200: json(
        'By the id of the model that an engine was loaded for; null while it restarts.',
        record({
          models: {
            type: 'object',
            additionalProperties: { type: ['object', 'null'], additionalProperties: NUMBER },
          },
        }),
      ),
      default: ERROR,
    },
  },
  {
    method: 'get',
    path: '/glossa/tasks',
    id: 'tasks',
    summary: "The key's tasks, the newest first",
    parameters: [
      {
        ...{ name: 'limit', in: 'query', description: 'Tasks at most.' },
        schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      },
      { name: 'before', in: 'query', description: 'Id of a task: those started before it.', schema: TEXT },
    ],
    responses: { 200: json('The tasks.', record({ tasks: listOf(record(TASK_ENTRY)) })), default: ERROR },
  },
  {
    method: 'get',
    path: '/glossa/tasks/{id}',
    id: 'task',
    summary: 'A task',
    parameters: [TASK_ID],
    responses: { 200: json('The task.', TASK), default: ERROR },
  },
  {
    method: 'post',
    path: '/glossa/tasks/{id}/cancel',
    id: 'cancel_task',
    summary: 'Ends a task',
    parameters: [TASK_ID],
    responses: { 200: json('The task as it is after that.', TASK), default: ERROR },
  },
];
