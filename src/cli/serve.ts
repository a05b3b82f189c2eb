import type { Command } from 'commander';

import { addCompatFlags, compatConfiguration } from './compat.js';
import { addConfigFlags, configurationOf } from './config-flags.js';

/** `glossa serve`. The server is loaded when it is asked for: the other commands start sooner without it. */
export function registerServe(program: Command): void {
  const command = program.command('serve').description('Serve models over HTTP');
  addCompatFlags(addConfigFlags(command)).action(async () => {
    const configuration = await compatConfiguration(command, (extra) => configurationOf(command, extra));
    const [{ startEngine }, { runServer }] = await Promise.all([
      import('../engine/start.js'),
      import('./run-server.js'),
    ]);
    await runServer(configuration, startEngine);
  });
}
