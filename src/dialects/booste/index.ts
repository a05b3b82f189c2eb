import type { DialectFactory } from '../../server/dialect.js';
import { statusOf } from '../../server/error-status.js';
import { operations } from './api.js';
import { checkedAnswer, envelope, firstCheckedAnswer, genericAnswer } from './answers.js';
import {
  checkHandler,
  handleCancel,
  handleEnvelopedCheck,
  handleEnvelopedStart,
  handleGenericStart,
  handleStart,
  handleSync,
  type Handler,
} from './handlers.js';
import { wordsTaskKind } from './task-kind.js';

/** All routes, POST each, with or without a slash at their end. */
const ROUTES: Readonly<Record<string, Handler>> = {
  '/inference/pretrained/gpt2': handleSync,
  '/inference/pretrained/gpt2/async/start': handleStart,
  '/inference/pretrained/gpt2/async/check': checkHandler(firstCheckedAnswer, { keyless: true }),
  '/inference/pretrained/gpt2/async/check/v2': checkHandler(checkedAnswer, { keyless: false }),
  '/inference/pretrained/gpt2/async/cancel': handleCancel,
  '/inference/start': handleGenericStart,
  '/inference/check': checkHandler(genericAnswer, { keyless: false }),
  '/api/task/start/v1': handleEnvelopedStart,
  '/api/task/check/v1': handleEnvelopedCheck,
};

const PATHS: ReadonlySet<string> = new Set(Object.keys(ROUTES).flatMap((path) => [path, `${path}/`]));

/** The API of Booste's hosted GPT-2, in all generations of its clients: durable tasks that write words. */
export const boosteDialect: DialectFactory = (services) => {
  services.tasks.register(wordsTaskKind(services.models, (owner) => services.keys.callerWithId(owner)));
  return {
    name: 'booste',
    owns: (path) => PATHS.has(path),
    // Keys come in bodies.
    authenticates: (path) => PATHS.has(path),
    mount: (app) => {
      for (const [path, handler] of Object.entries(ROUTES)) {
        const answer: (context: Parameters<Handler>[0]) => Promise<Response> = async (context) =>
          await handler(context, services);
        app.post(path, answer);
        app.post(`${path}/`, answer);
      }
    },
    operations,
    renderError: (context, error) => {
      const isEnveloped = context.req.path.startsWith('/api/');
      const body = isEnveloped ? envelope(false, error.message) : { message: error.message };
      return context.json(body, statusOf(error.code));
    },
  };
};
