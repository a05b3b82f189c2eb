import { json, listOf, plain, record, TEXT, type ApiOperation } from '../../server/api-operation.js';
import { batchSchema, oneSchema } from './schema.js';

const ERROR = plain('An error; the header x-glossa-error says more of a refusal.');
const TEXTS = listOf(record({ request_id: TEXT, 'prompt?': TEXT, response: TEXT }));
const ALIVE = { 200: plain('It is.'), default: ERROR };

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'post',
    path: '/api/generate-one',
    id: 'one',
    summary: 'One text, as it comes or at its end',
    body: oneSchema,
    responses: {
      200: plain('The text; </s> where it came to its end.'),
      206: plain('The same, where there is more to be generated.'),
      default: ERROR,
    },
  },
  {
    method: 'post',
    path: '/api/generate-batch',
    id: 'batch',
    summary: 'Several texts',
    body: batchSchema,
    responses: {
      200: json('The texts, which have all come to their ends.', TEXTS),
      206: json('The texts, of which there is more to be generated.', TEXTS),
      default: ERROR,
    },
  },
  { method: 'get', path: '/api/alive', id: 'alive', summary: 'Whether the server answers', responses: ALIVE },
  {
    method: 'post',
    path: '/api/alive',
    id: 'alive_too',
    summary: 'Whether the server answers',
    responses: ALIVE,
  },
  {
    method: 'get',
    path: '/api/ready',
    id: 'ready',
    summary: 'Whether the model is loaded',
    responses: ALIVE,
  },
  {
    method: 'post',
    path: '/api/ready',
    id: 'ready_too',
    summary: 'Whether the model is loaded',
    responses: ALIVE,
  },
  {
    method: 'get',
    path: '/api/ws',
    id: 'socket',
    summary: 'The batches of generate-batch over a WebSocket',
    description: 'Each message is a body of generate-batch. Events are told in docs/generate.md.',
    responses: { 101: { description: 'A WebSocket.' }, default: ERROR },
  },
];
