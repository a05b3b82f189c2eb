/**
 * `glossa serve` with a fake engine, for tests of what needs a process of its own. Arguments: milliseconds a token,
 * then seconds that running requests get at the end.
 */
import { runServer } from '../../src/cli/run-server.js';
import { FakeEngine, fakeEngineFactory } from './engine.js';
import { testConfiguration } from './server.js';
import { temporaryStateFolder } from './state-folder.js';

const [tokenDelayMs = '5', shutdownTimeout = '10'] = process.argv.slice(2);
const configuration = testConfiguration({ port: '0', shutdownTimeout, stateDir: temporaryStateFolder() });
await runServer(
  configuration,
  fakeEngineFactory(() => new FakeEngine({ tokenDelayMs: Number(tokenDelayMs) })),
);
