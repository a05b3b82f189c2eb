import { GlossaError } from '../errors.js';
import type { TaskService } from './task.js';

/** Opens the tasks of a state folder. */
export function openTasks(): TaskService {
  const refuse = (): never => {
    throw new GlossaError('CLOSED', 'tasks are being built');
  };
  return {
    register: () => undefined,
    start: refuse,
    find: refuse,
    list: refuse,
    cancel: refuse,
    waitForEnd: refuse,
  };
}
