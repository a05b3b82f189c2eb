import { pino, type Logger } from 'pino';

import type { Configuration } from '../config/load.js';
import { dialects } from '../dialects/index.js';
import type { EngineFactory } from '../engine/engine.js';
import { startServer, type GlossaServer } from '../server/glossa-server.js';
import { stopOnSignals } from './stop-signals.js';

/**
 * Serves until a signal ends the process.
 *
 * @throws GlossaError CONFIG_INVALID if it can't listen
 */
export async function runServer(
  configuration: Configuration,
  startEngine: EngineFactory,
): Promise<GlossaServer> {
  // Standard output is for what was asked for; logs go beside it. Synchronous: nothing is lost at exit.
  const log: Logger = pino(
    { level: configuration.settings.logLevel },
    pino.destination({ dest: 2, sync: true }),
  );
  const { classicVariables } = configuration;
  if (classicVariables.length > 0)
    log.info(
      { variables: classicVariables },
      'settings come from environment variables of the llm-inference server',
    );
  const server = await startServer({ configuration, dialects, startEngine, log });
  stopOnSignals(
    () => server.stop(),
    (error) => {
      log.error({ err: error }, 'stopping failed');
    },
  );
  console.log(`glossa is listening on ${server.url} (model ${configuration.catalogue.defaultModel})`);
  for (const { name, url } of server.listeners) console.log(`${name} on ${url}`);
  return server;
}
