import type { DialectFactory } from '../../server/dialect.js';
import { statusOf } from '../../server/error-status.js';
import { operations } from './api.js';
import { errorBody } from './errors.js';
import { handleGenerate } from './generate.js';
import { loadedStats, modelEntries } from './models.js';
import { cancelTask, listTasks, showTask } from './tasks.js';

/** Glossa's own API: what the engine can do, in Hugging Face's names. */
export const glossaDialect: DialectFactory = (services) => ({
  name: 'glossa',
  owns: (path) => path.startsWith('/glossa/'),
  mount: (app) => {
    app.post('/glossa/generate', async function generate(context) {
      return await handleGenerate(context, services);
    });
    app.get('/glossa/models', function listModels(context) {
      return context.json({ models: modelEntries(services.models, context.get('caller')) });
    });
    app.get('/glossa/stats', async function stats(context) {
      return context.json({ models: await loadedStats(services.models, context.get('caller')) });
    });
    app.get('/glossa/tasks', function tasks(context) {
      return listTasks(context, services);
    });
    app.get('/glossa/tasks/:id', function task(context) {
      return showTask(context, services);
    });
    app.post('/glossa/tasks/:id/cancel', function cancel(context) {
      return cancelTask(context, services);
    });
  },
  operations,
  renderError: (context, error) => context.json(errorBody(error), statusOf(error.code)),
});
