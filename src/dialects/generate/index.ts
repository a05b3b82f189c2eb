import type { WebSocket } from 'ws';

import { GlossaError } from '../../errors.js';
import type { DialectFactory, ServerContext } from '../../server/dialect.js';
import { IGNORED_HEADER } from '../../server/ignored-header.js';
import { upgradeWebSocket } from '../../server/upgrade-web-socket.js';
import { operations } from './api.js';
import { Batches } from './batches.js';
import { ERROR_HEADER, errorResponse } from './errors.js';
import { handleGenerateBatch, handleGenerateOne } from './http.js';
import { Session } from './session.js';

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
  const sessions = new Set<Session>();
  const openSession = (socket: WebSocket, context: ServerContext): void => {
    const session = new Session({ services, batches, caller: context.get('caller'), socket });
    sessions.add(session);
    socket.on('message', (data: Buffer, isBinary) => {
      session.receive(isBinary ? undefined : data.toString());
    });
    socket.on('close', () => {
      sessions.delete(session);
      session.left();
    });
  };
  return {
    name: 'generate',
    owns: (path) => PATHS.includes(path),
    cors: {
      origins: '*',
      methods: ['GET', 'POST'],
      allowedHeaders: '*',
      exposedHeaders: [IGNORED_HEADER, ERROR_HEADER, 'x-request-id'],
      credentials: true,
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
      app.get('/api/ws', upgradeWebSocket(openSession));
    },
    operations,
    renderError: errorResponse,
    close: () => {
      for (const session of sessions) session.end();
    },
  };
};
