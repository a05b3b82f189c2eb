import {
  FLAG,
  INTEGER,
  json,
  listOf,
  orNull,
  record,
  TEXT,
  type ApiOperation,
} from '../../server/api-operation.js';
import { closedBody, COMPLETION, EMBEDDINGS, ERROR, MODEL, MODELS } from './api-shapes.js';
import { chatOperation } from './chat/api.js';
import { completionSchema } from './completions/schema.js';
import { embeddingsSchema } from './embeddings/schema.js';
import { detokenizeSchema, tokenizeSchema } from './tokens/schema.js';

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'post',
    path: '/v1/completions',
    id: 'completion',
    summary: 'What follows each of the prompts',
    body: closedBody(completionSchema),
    responses: {
      200: {
        description: 'All at once; or with stream one chunk each, [DONE] at the end.',
        content: {
          'application/json': COMPLETION,
          'text/event-stream': { anyOf: [COMPLETION, { const: '[DONE]' }] },
        },
      },
      default: ERROR,
    },
  },
  chatOperation,
  {
    method: 'post',
    path: '/v1/embeddings',
    id: 'embeddings',
    summary: 'Vectors of length 1',
    body: closedBody(embeddingsSchema),
    responses: { 200: json('The vectors.', EMBEDDINGS), default: ERROR },
  },
  {
    method: 'post',
    path: '/tokenize',
    id: 'tokenize',
    summary: 'The token ids of a text',
    body: closedBody(tokenizeSchema),
    responses: {
      200: json(
        'The ids.',
        record({
          ...{ count: INTEGER, max_model_len: INTEGER, tokens: listOf(INTEGER) },
          'token_strs?': listOf(TEXT),
        }),
      ),
      default: ERROR,
    },
  },
  {
    method: 'post',
    path: '/detokenize',
    id: 'detokenize',
    summary: 'The text of token ids',
    body: closedBody(detokenizeSchema),
    responses: { 200: json('The text.', record({ prompt: TEXT, content: TEXT })), default: ERROR },
  },
  {
    method: 'get',
    path: '/tokenizer_info',
    id: 'tokenizerInfo',
    summary: "A model's tokenizer, as clients of vLLM's server ask for it",
    parameters: [
      { name: 'model', in: 'query', description: 'Id or alias; absent: the default model.', schema: TEXT },
    ],
    responses: {
      200: json(
        'The tokenizer.',
        record({
          ...{ tokenizer_class: TEXT, bos_token: orNull(TEXT), eos_token: orNull(TEXT) },
          ...{ unk_token: orNull(TEXT), pad_token: orNull(TEXT), add_bos_token: FLAG },
          ...{ chat_template: orNull(TEXT), model_max_length: INTEGER },
        }),
      ),
      default: ERROR,
    },
  },
  {
    method: 'get',
    path: '/v1/models',
    id: 'models',
    summary: 'What is served',
    responses: { 200: json('The models.', MODELS), default: ERROR },
  },
  {
    method: 'get',
    path: '/v1/models/{id}',
    id: 'model',
    summary: 'A model, by id or alias',
    parameters: [{ name: 'id', in: 'path', description: 'Slashes stand for themselves.', schema: TEXT }],
    responses: { 200: json('The model.', MODEL), default: ERROR },
  },
];
