import type { Convert, JsonSchema } from '../../json-forms.js';
import {
  ANYTHING,
  FLAG,
  json,
  listOf,
  oneOf,
  orNull,
  record,
  TEXT,
  type ApiOperation,
} from '../../server/api-operation.js';
import {
  genericBodySchema,
  gpt2BodySchema,
  inAllSpellings,
  longPollSchema,
  taskBodySchema,
} from './schema.js';

const KEY: JsonSchema = { ...TEXT, description: 'The API key, which may come in a header instead.' };
const WORDS = listOf(TEXT);
const OUTCOME = ['Queued', 'Running', 'Finished', 'Failed'] as const;

/** A body of these routes: with the key, and with the other spellings. */
function withKey(schema: JsonSchema): JsonSchema {
  const properties = { ...(schema['properties'] as JsonSchema), apiKey: KEY };
  return inAllSpellings({ ...schema, properties });
}

const gpt2Body = (convert: Convert): JsonSchema => withKey(convert(gpt2BodySchema));
const genericBody = (convert: Convert): JsonSchema => withKey(convert(genericBodySchema));
const taskBody = (convert: Convert): JsonSchema => withKey(convert(taskBodySchema));
const envelopedStart = (convert: Convert): JsonSchema => record({ data: genericBody(convert) });
const envelopedCheck = (convert: Convert): JsonSchema => ({
  ...convert(longPollSchema),
  properties: { ...(convert(longPollSchema)['properties'] as JsonSchema), data: taskBody(convert) },
  required: ['data'],
});

const envelope = (data: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  record({ success: FLAG, message: TEXT, 'data?': record(data) });

const ERROR = json('An error.', record({ message: TEXT }));
const ENVELOPED_ERROR = json('An error.', envelope({}));
const post = { method: 'post', responses: { default: ERROR } } as const;

/** The routes of this API, each of which also answers with a slash at its end, or without one. */
export const operations: readonly ApiOperation[] = [
  {
    ...post,
    path: '/inference/pretrained/gpt2',
    id: 'words',
    summary: 'Words that continue a text, at once',
    body: gpt2Body,
    responses: { 200: json('One text of all words.', listOf(TEXT)), default: ERROR },
  },
  {
    ...post,
    path: '/inference/pretrained/gpt2/async/start',
    id: 'start',
    summary: 'Starts a task that writes words',
    body: gpt2Body,
    responses: { 200: json('Started.', record({ Status: oneOf('Started'), TaskID: TEXT })), default: ERROR },
  },
  {
    ...post,
    path: '/inference/pretrained/gpt2/async/check',
    id: 'check_pending',
    summary: 'A task, as the oldest clients ask for it',
    body: taskBody,
    responses: {
      200: json(
        'The task; Output once it is finished.',
        record({ Status: oneOf('PENDING', 'Finished', 'Failed'), TaskID: TEXT, 'Output?': WORDS }),
      ),
      default: ERROR,
    },
  },
  {
    ...post,
    path: '/inference/pretrained/gpt2/async/check/v2',
    id: 'check',
    summary: 'A task',
    body: taskBody,
    responses: {
      200: json(
        'The task; Output once it is finished.',
        record({ Status: oneOf(...OUTCOME), TaskID: TEXT, 'Output?': WORDS }),
      ),
      default: ERROR,
    },
  },
  {
    ...post,
    path: '/inference/pretrained/gpt2/async/cancel',
    id: 'cancel',
    summary: 'Ends a task',
    description: 'Our addition.',
    body: taskBody,
    responses: {
      200: json('The task.', record({ Status: oneOf('Cancelled', ...OUTCOME), TaskID: TEXT })),
      default: ERROR,
    },
  },
  {
    ...post,
    path: '/inference/start',
    id: 'generic_start',
    summary: 'Starts a task of any model',
    body: genericBody,
    responses: { 200: json('Started.', record({ taskID: TEXT })), default: ERROR },
  },
  {
    ...post,
    path: '/inference/check',
    id: 'generic_check',
    summary: 'A task of any model',
    body: taskBody,
    responses: {
      200: json(
        'The task.',
        record({
          status: oneOf(...OUTCOME.map((state) => state.toLowerCase())),
          output: orNull(WORDS),
          taskID: TEXT,
        }),
      ),
      default: ERROR,
    },
  },
  {
    ...post,
    path: '/api/task/start/v1',
    id: 'enveloped_start',
    summary: 'Starts a task of any model, as generation 3 does',
    body: envelopedStart,
    responses: { 200: json('Started.', envelope({ taskID: TEXT })), default: ENVELOPED_ERROR },
  },
  {
    ...post,
    path: '/api/task/check/v1',
    id: 'enveloped_check',
    summary: 'A task of any model, as generation 3 asks for it',
    body: envelopedCheck,
    responses: {
      200: json(
        'The task.',
        envelope({
          taskID: TEXT,
          taskStatus: oneOf('Queued', 'Running', 'Done', 'Failed'),
          taskOut: orNull(record({ output: ANYTHING })),
        }),
      ),
      default: ENVELOPED_ERROR,
    },
  },
];
