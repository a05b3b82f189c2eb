import { availableParallelism } from 'node:os';

/** A number of threads as configured; as many as there are cores for 0 or undefined. */
export function threadCount(threads: number | undefined): number {
  return threads === undefined || threads === 0 ? availableParallelism() : threads;
}
