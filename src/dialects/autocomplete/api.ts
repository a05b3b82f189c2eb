import {
  json,
  listOf,
  NUMBER,
  plain,
  record,
  TEXT,
  type ApiOperation,
  type ApiParameter,
} from '../../server/api-operation.js';
import { bodyInAllSpellings } from './schema.js';

const segment = (name: string, description: string): ApiParameter => ({
  ...{ name, description, in: 'path' },
  schema: TEXT,
});

const FAMILY = segment('family', 'A model, or the first part of its id: gpt2.');
const SIZE = segment('size', 'The rest of its id: large.');

const common = {
  method: 'post',
  summary: 'Up to three sentences that continue a text',
  description:
    'A model that nothing is known by means the default model. Numbers may come as text; null is the default.',
  body: bodyInAllSpellings,
  responses: {
    200: json(
      'The sentences; time is in seconds.',
      record({ sentences: listOf(record({ value: TEXT, time: NUMBER })), time: NUMBER }),
    ),
    default: plain('An error; 422 for a body without context.'),
  },
} as const;

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  { ...common, path: '/autocomplete', id: 'of_default' },
  { ...common, path: '/autocomplete/{family}', id: 'of_family', parameters: [FAMILY] },
  { ...common, path: '/autocomplete/{family}/{size}', id: 'of_size', parameters: [FAMILY, SIZE] },
];
