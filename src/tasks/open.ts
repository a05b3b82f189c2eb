import type { Logger } from 'pino';

import type { Settings } from '../config/schema.js';
import { stateFolderError } from './database.js';
import { DurableTasks, type OpenTasks } from './durable-tasks.js';
import { defaultStateFolder } from './state-folder.js';
import { TaskTable } from './task-table.js';

/** What tasks are opened with. */
export interface TaskOptions {
  readonly settings: Pick<Settings, 'stateDir' | 'taskRetention' | 'taskQueueLimit' | 'taskConcurrency'>;
  readonly log: Logger;
  /** Milliseconds since 1970; absent: the system's. */
  readonly clock?: () => number;
}

/**
 * Opens the tasks of the state folder, for this process alone.
 *
 * @throws GlossaError CONFIG_INVALID if the folder can't be written to or is another server's, or what it holds can't
 *   be used
 */
export function openTasks({ settings, log, clock = Date.now }: TaskOptions): OpenTasks {
  const folder = settings.stateDir ?? defaultStateFolder();
  const table = new TaskTable(folder, clock());
  try {
    return new DurableTasks({ table, settings, log, clock });
  } catch (error) {
    table.close();
    throw stateFolderError(folder, error);
  }
}
