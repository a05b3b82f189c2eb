import { GlossaError } from '../../errors.js';
import type { DialectFactory, ServerContext } from '../../server/dialect.js';
import { IGNORED_HEADER } from '../../server/ignored-header.js';
import { Batches } from './batches.js';
import { ERROR_HEADER, errorResponse } from './errors.js';
import { handleGenerateBatch, handleGenerateOne } from './http.js';

const PATHS: readonly string[] = [
  '/api/generate-one',
  '/api/generate-batch',
  '/api/alive',
  '/api/ready',
  '/api/ws',
];

/** The API of the llm-inference server. Errors are plain text. */
export const generateDialect: DialectFactory = (services) => {
  const batches = new Batches(services);
  return {
    name: 'generate',
    owns: (path) => PATHS.includes(path),
    cors: {
      origins: '*',
      methods: ['GET', 'POST'],
      allowedHeaders: ['Content-Type', 'Accept', 'Accept-Language'],
      exposedHeaders: [IGNORED_HEADER, ERROR_HEADER, 'x-request-id'],
    },
    mount: (app) => {
      app.post('/api/generate-one', async function generateOne(context) {
        return await handleGenerateOne(context, services, batches);
      });
      app.post('/api/generate-batch', async function generateBatch(context) {
        return await handleGenerateBatch(context, services, batches);
      });
      app.on(['GET', 'POST'], '/api/alive', function alive(context: ServerContext) {
        return context.text('alive');
      });
      app.on(['GET', 'POST'], '/api/ready', function ready(context: ServerContext) {
        if (services.models.status().state.name === 'ready') return context.text('ready');
        throw new GlossaError('MODEL_LOADING', 'the model is not ready');
      });
    },
    renderError: errorResponse,
  };
};
