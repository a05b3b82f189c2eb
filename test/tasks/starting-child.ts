/**
 * Starts tasks without end in the folder of its first argument, and writes the id of each that was accepted as a line;
 * then the error, if one is refused. Second argument: bytes of an input.
 */
import { writeSync } from 'node:fs';

import { GlossaError } from '../../src/errors.js';
import { openTasks } from '../../src/tasks/open.js';
import { silent } from '../fakes/server.js';
import { taskSettings } from './opened.js';

const [folder = '', bytes = '10'] = process.argv.slice(2);
const input = 'x'.repeat(Number(bytes));

try {
  const tasks = openTasks({ settings: taskSettings(folder, { taskQueueLimit: 1_000_000 }), log: silent });
  tasks.register({
    name: 'pause',
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return 'done';
    },
  });
  for (;;) {
    for (let count = 0; count < 5; count++) writeSync(1, `${tasks.start('pause', '', input).id}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
} catch (error) {
  const { code, message } = GlossaError.from(error);
  writeSync(1, `${code}: ${message}\n`);
  process.exit(1);
}
