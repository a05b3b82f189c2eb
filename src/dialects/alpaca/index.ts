import type { DialectFactory, ServerApp, ServerContext } from '../../server/dialect.js';
import { statusOf } from '../../server/error-status.js';
import { readJsonObject } from '../../server/json-body.js';
import { operations } from './api.js';
import { handleChat, isAlpacaChat } from './chat.js';
import { handleCompletion } from './completions.js';
import { handleEmbeddings } from './embeddings.js';

const CHAT_ROUTE = '/v1/chat/completions';

/**
 * The API of Chinese-LLaMA-Alpaca's demo server, whose routes are OpenAI's. At a port of its own all of them are
 * answered; at the common one only the chats whose bodies are unmistakably of this API. Errors are FastAPI's.
 */
export const alpacaDialect: DialectFactory = (services) => {
  /** Requests at the common port whose bodies are of this API. */
  const claimed = new WeakSet<Request>();

  /** What can't be read is nobody's yet: the next handler reads it again and says what is wrong. */
  const claims = async (context: ServerContext): Promise<boolean> => {
    const body = await readJsonObject(context, services.settings.bodyLimit).catch(() => undefined);
    return body !== undefined && isAlpacaChat(body);
  };

  const mountShared = (app: ServerApp): void => {
    app.post(CHAT_ROUTE, async function alpacaChat(context, next) {
      if (!(await claims(context))) {
        await next();
        return;
      }
      claimed.add(context.req.raw);
      return await handleChat(context, services);
    });
  };

  const mountAll = (app: ServerApp): void => {
    app.post('/v1/completions', async function alpacaCompletion(context) {
      return await handleCompletion(context, services);
    });
    app.post(CHAT_ROUTE, async function alpacaChat(context) {
      return await handleChat(context, services);
    });
    app.post('/v1/embeddings', async function alpacaEmbeddings(context) {
      return await handleEmbeddings(context, services);
    });
  };

  return {
    name: 'alpaca',
    owns: (path, context) =>
      context.get('listener') === 'own' ? /^\/v1(\/|$)/.test(path) : claimed.has(context.req.raw),
    mount: (app, listener) => {
      if (listener === 'own') mountAll(app);
      else mountShared(app);
    },
    operations,
    renderError: (context, error) => context.json({ detail: error.message }, statusOf(error.code)),
  };
};
