import type { DialectFactory } from '../../server/dialect.js';
import { operations } from './api.js';
import { Doorkeeper } from './caller.js';
import { renderAwsError } from './errors.js';
import { invoke } from './invoke.js';

const OPERATIONS = [
  { operation: 'invocations', streams: false },
  { operation: 'invocations-response-stream', streams: true },
] as const;

/** @param now milliseconds since 1970, for the age of signatures; a test gives its own */
export function makeSagemakerDialect(now?: () => number): DialectFactory {
  return (services) => {
    const { models } = services;
    const doorkeeper = new Doorkeeper(services, now);
    const owns = (path: string): boolean =>
      path === '/ping' || path === '/invocations' || path === '/endpoints' || path.startsWith('/endpoints/');
    return {
      name: 'sagemaker',
      owns,
      authenticates: owns,
      mount: (app) => {
        app.get('/ping', function ping(context) {
          const { state, hasBeenReady } = models.status();
          return context.body(null, hasBeenReady && state.name !== 'failed' ? 200 : 503);
        });
        app.post('/invocations', async function invocations(context) {
          return await invoke(context, undefined, { services, doorkeeper, streams: false });
        });
        for (const { operation, streams } of OPERATIONS) {
          app.post(`/endpoints/:name/${operation}`, async function invokeEndpoint(context) {
            return await invoke(context, context.req.param('name'), { services, doorkeeper, streams });
          });
        }
      },
      operations,
      renderError: renderAwsError,
    };
  };
}

/** Amazon SageMaker's API: InvokeEndpoint, its streaming twin, and what SageMaker wants of a container. */
export const sagemakerDialect = makeSagemakerDialect();
