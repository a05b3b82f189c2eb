import type { DialectFactory } from '../../server/dialect.js';
import { statusOf } from '../../server/error-status.js';
import { IGNORED_HEADER } from '../../server/ignored-header.js';
import { operations } from './api.js';
import { handleAutocomplete } from './handler.js';
import { isMissingContext } from './schema.js';

/** Zero, one or two segments name a model: /autocomplete, /autocomplete/gpt, /autocomplete/gpt2/large. */
const ROUTES = ['', '/', '/:family', '/:family/', '/:family/:size', '/:family/:size/'];

/** The API of Write With Transformer's Python server. Errors are plain text. */
export const autocompleteDialect: DialectFactory = (services) => ({
  name: 'autocomplete',
  owns: (path) => path === '/autocomplete' || path.startsWith('/autocomplete/'),
  cors: {
    origins: '*',
    methods: ['POST'],
    allowedHeaders: ['Content-Type', 'Accept', 'Accept-Language'],
    exposedHeaders: [IGNORED_HEADER, 'x-request-id'],
  },
  mount: (app) => {
    for (const route of ROUTES) {
      app.post(`/autocomplete${route}`, async function autocomplete(context) {
        return await handleAutocomplete(context, services);
      });
    }
  },
  operations,
  renderError: (context, error) =>
    context.text(error.message, isMissingContext(error) ? 422 : statusOf(error.code)),
});
