import { json, oneOf, record, TEXT, type ApiOperation, ANYTHING } from './api-operation.js';

const HEALTH = record({ status: oneOf('ok', 'loading', 'error', 'closing'), 'message?': TEXT });
const ERROR = json('An error.', record({ error: record({ code: TEXT, message: TEXT }) }));

/** What every port answers besides its dialects. */
export const serverOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/health',
    id: 'health',
    summary: 'Whether the default model answers',
    security: 'nothing',
    responses: { 200: json('It does.', HEALTH), 503: json('Not yet, or not any more.', HEALTH) },
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'document',
    summary: 'This document',
    responses: { 200: json('OpenAPI 3.1.', ANYTHING), default: ERROR },
  },
  {
    method: 'get',
    path: '/docs',
    id: 'viewer',
    summary: 'A viewer of this document',
    responses: { 200: { description: 'A page.', content: { 'text/html': TEXT } }, default: ERROR },
  },
  {
    method: 'get',
    path: '/docs/{file}',
    id: 'viewer_file',
    summary: "The viewer's parts",
    parameters: [{ name: 'file', in: 'path', description: 'As the page names it.', schema: TEXT }],
    responses: { 200: { description: 'A style sheet, a script or an image.' }, default: ERROR },
  },
];
