import type { DialectFactory } from '../../server/dialect.js';
import { KEYED_API_POLICY } from '../../server/cors.js';
import { statusOf } from '../../server/error-status.js';
import { operations } from './api.js';
import { handleChat } from './chat/index.js';
import { handleCompletion } from './completions/index.js';
import { handleEmbeddings } from './embeddings/index.js';
import { errorBody } from './errors.js';
import { listModels, showModel } from './models/index.js';
import { detokenizeRoute, tokenizeRoute } from './tokens/index.js';
import { tokenizerInfoRoute } from './tokens/info.js';

/** Paths of this API. The alpaca API answers some of them first, where a body is unmistakably its own. */
const PATHS = /^\/(v1(\/|$)|tokenize$|detokenize$|tokenizer_info$)/;

/** OpenAI's API, and what local servers have added to it. */
export const openAiDialect: DialectFactory = (services) => ({
  name: 'openai',
  owns: (path) => PATHS.test(path),
  cors: KEYED_API_POLICY,
  mount: (app) => {
    app.post('/v1/completions', async function completion(context) {
      return await handleCompletion(context, services);
    });
    app.post('/v1/chat/completions', async function chat(context) {
      return await handleChat(context, services);
    });
    app.post('/v1/embeddings', async function embeddings(context) {
      return await handleEmbeddings(context, services);
    });
    app.get('/v1/models', function models(context) {
      return listModels(context, services);
    });
    // Ids may hold slashes.
    app.get('/v1/models/:id{.+}', function model(context) {
      return showModel(context, services);
    });
    app.post('/tokenize', async function tokenize(context) {
      return await tokenizeRoute(context, services);
    });
    app.get('/tokenizer_info', async function tokenizerInfo(context) {
      return await tokenizerInfoRoute(context, services);
    });
    app.post('/detokenize', async function detokenize(context) {
      return await detokenizeRoute(context, services);
    });
  },
  operations,
  renderError: (context, error) => context.json(errorBody(error), statusOf(error.code)),
});
