import {
  INTEGER,
  json,
  listOf,
  NUMBER,
  oneOf,
  record,
  TEXT,
  type ApiOperation,
} from '../../server/api-operation.js';
import { chatSchema, completionSchema, embeddingsSchema } from './schema.js';

const ERROR = json('An error.', record({ detail: TEXT }));

/** The routes of this API. The common port answers chats of its own form alone. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'post',
    path: '/v1/completions',
    id: 'completion',
    summary: "An instruction's answer",
    listener: 'own',
    body: completionSchema,
    responses: {
      200: json(
        'The answer.',
        record({
          ...{ id: TEXT, object: oneOf('text_completion'), created: INTEGER, model: TEXT },
          choices: listOf(record({ index: INTEGER, text: TEXT })),
        }),
      ),
      default: ERROR,
    },
  },
  {
    method: 'post',
    path: '/v1/chat/completions',
    id: 'chat',
    summary: "A conversation with its next answer, in Chinese-LLaMA-Alpaca's form",
    description:
      'Messages have `message` where those of OpenAI have `content`; at the common port that tells them apart.',
    body: chatSchema,
    responses: {
      200: json(
        'The whole conversation.',
        record({
          ...{ id: TEXT, object: oneOf('chat.completion'), created: INTEGER, model: TEXT },
          choices: listOf(record({ index: INTEGER, message: record({ role: TEXT, content: TEXT }) })),
        }),
      ),
      default: ERROR,
    },
  },
  {
    method: 'post',
    path: '/v1/embeddings',
    id: 'embeddings',
    summary: 'Vectors of length 1',
    listener: 'own',
    body: embeddingsSchema,
    responses: {
      200: json(
        'The vectors.',
        record({
          object: oneOf('list'),
          data: listOf(record({ object: oneOf('embedding'), embedding: listOf(NUMBER), index: INTEGER })),
          model: TEXT,
        }),
      ),
      default: ERROR,
    },
  },
];
