import type { Convert, JsonSchema } from '../../json-forms.js';
import {
  FLAG,
  json,
  listOf,
  record,
  TEXT,
  type ApiOperation,
  type ApiParameter,
} from '../../server/api-operation.js';
import { MODE_BODIES, MODES, type Mode } from './modes.js';
import { plainBody } from './plain-form.js';

/** A body in a mode, which has to be named unless it is the one that counts without a name. */
function modeBody(mode: Mode, convert: Convert): JsonSchema {
  const { properties, required, ...schema } = convert(MODE_BODIES[mode]);
  const isDefault = mode === 'sample-top-p';
  const named = { description: 'How to decode.', ...(isDefault ? { enum: [mode, null] } : { const: mode }) };
  return {
    ...schema,
    title: mode,
    properties: { ...(properties as JsonSchema), mode: named },
    required: [...(required as string[]), ...(isDefault ? [] : ['mode'])],
  };
}

const body = (convert: Convert): JsonSchema => ({
  anyOf: [
    ...MODES.map((mode) => modeBody(mode, convert)),
    { title: 'the first published body', ...convert(plainBody) },
  ],
});

const ERROR = json('An error; the header x-amzn-errortype names it.', record({ Message: TEXT }));
const REPLY = {
  anyOf: [
    listOf(TEXT),
    { title: 'of the first published body', ...record({ input: TEXT, output: listOf(TEXT), test: FLAG }) },
  ],
};
const ANSWER = { 200: json('The texts.', REPLY), default: ERROR };
const security = 'key or signature';

const NAME: ApiParameter = {
  name: 'name',
  in: 'path',
  description: 'Id or alias of a model; gpt-2 is the default model unless another is called so.',
  schema: { type: 'string', maxLength: 63, pattern: '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$' },
};
const HEADERS: readonly ApiParameter[] = [
  {
    ...{ name: 'X-Amzn-SageMaker-Target-Model', in: 'header', schema: TEXT },
    description: 'Id or alias of the model to use instead.',
  },
  {
    ...{ name: 'X-Amzn-SageMaker-Custom-Attributes', in: 'header', schema: { ...TEXT, maxLength: 1024 } },
    description: 'Comes back with the answer.',
  },
];

/** The routes of this API. */
export const operations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/ping',
    id: 'ping',
    summary: 'Whether the default model can answer',
    security: 'nothing',
    responses: { 200: { description: 'It can.' }, 503: { description: 'It cannot.' } },
  },
  {
    method: 'post',
    path: '/invocations',
    id: 'container',
    summary: 'What SageMaker asks of a container',
    security,
    parameters: HEADERS,
    body,
    responses: ANSWER,
  },
  {
    method: 'post',
    path: '/endpoints/{name}/invocations',
    id: 'invoke',
    summary: 'InvokeEndpoint',
    security,
    parameters: [NAME, ...HEADERS],
    body,
    responses: ANSWER,
  },
  {
    method: 'post',
    path: '/endpoints/{name}/invocations-response-stream',
    id: 'invoke_stream',
    summary: 'InvokeEndpointWithResponseStream',
    security,
    parameters: [NAME, ...HEADERS],
    body,
    responses: {
      200: {
        description: 'PayloadPart events whose bytes, put together, are what invocations answers.',
        content: { 'application/vnd.amazon.eventstream': { type: 'string', format: 'binary' } },
      },
      default: ERROR,
    },
  },
];
