import type { Logger } from 'pino';

import type { TaskTable } from './task-table.js';

/** How often expired tasks are deleted; when there are more than one batch of them, the next one comes sooner. */
const PAUSE_MS = 60_000;
const SHORT_PAUSE_MS = 100;
const BATCH = 500;

/** Deletes tasks that ended at `expiry()` or earlier: now, and then from time to time until the signal is aborted. */
export function purgeExpired(table: TaskTable, expiry: () => number, log: Logger, signal: AbortSignal): void {
  if (signal.aborted) return;
  let deleted = 0;
  try {
    deleted = table.purge(expiry(), BATCH);
  } catch (error) {
    log.error({ err: error }, 'expired tasks could not be deleted; it will be tried again');
  }
  const again = (): void => {
    purgeExpired(table, expiry, log, signal);
  };
  // Keeps no process alive, and does nothing once all is stopped.
  setTimeout(again, deleted === BATCH ? SHORT_PAUSE_MS : PAUSE_MS).unref();
}
