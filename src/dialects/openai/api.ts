import {
  INTEGER,
  json,
  listOf,
  oneOf,
  orNull,
  record,
  TEXT,
  type ApiOperation,
} from '../../server/api-operation.js';

const ERROR = json(
  'An error.',
  record({ error: record({ message: TEXT, type: TEXT, param: orNull(TEXT), code: orNull(TEXT) }) }),
);
const MODEL = record({ id: TEXT, object: oneOf('model'), created: INTEGER, owned_by: TEXT });

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/v1/models',
    id: 'models',
    summary: 'What is served',
    responses: {
      200: json('The models.', record({ object: oneOf('list'), data: listOf(MODEL) })),
      default: ERROR,
    },
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
