import { GlossaError } from '../../errors.js';
import { ownerOf } from '../../server/api-keys.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import type { JsonValue, ListedTask, Task, TaskPage } from '../../tasks/task.js';

/** An entry of `GET /glossa/tasks`. */
export interface TaskEntry {
  id: string;
  kind: string;
  state: Task['state'];
  error: Task['error'];
  /** ISO 8601, in UTC. */
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

/** A task by itself: with what it has brought so far, and in the end. */
export interface TaskDetails extends TaskEntry {
  progress: JsonValue;
  output: JsonValue;
}

/** Tasks that a list holds at most, and unless told otherwise. */
const LIMIT = { most: 1000, default: 100 };

/** `GET /glossa/tasks`: the tasks of the key that asks, the newest first. */
export function listTasks(context: ServerContext, { keys, tasks }: DialectServices): Response {
  const { limit = [], before = [], ...others } = context.req.queries();
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const name = unknown.slice(0, 64);
    throw new GlossaError('INVALID_REQUEST', `unknown parameter ${name}; expected limit or before`, {
      param: name,
    });
  }
  const page = { limit: parseLimit(limit), ...parseBefore(before) };
  const own = tasks.list(ownerOf(context, keys), page);
  return context.json({ tasks: own.map(entryOf) });
}

/** `GET /glossa/tasks/{id}`. */
export function showTask(context: ServerContext, services: DialectServices): Response {
  return context.json(detailsOf(ownTask(context, services)));
}

/** `POST /glossa/tasks/{id}/cancel`: the task as it is after that, which is as it was if it had ended before. */
export function cancelTask(context: ServerContext, services: DialectServices): Response {
  const task = services.tasks.cancel(ownTask(context, services).id);
  if (task === undefined) throw notFound();
  return context.json(detailsOf(task));
}

/** Another key's task is told from one that never was by nothing. */
function ownTask(context: ServerContext, { keys, tasks }: DialectServices): Task {
  const task = tasks.find(context.req.param('id') ?? '');
  if (task?.owner !== ownerOf(context, keys)) throw notFound();
  return task;
}

function parseLimit(given: readonly string[]): number {
  const [text = String(LIMIT.default), second] = given;
  const limit = Number(text);
  if (/^\d{1,4}$/.test(text) && limit >= 1 && limit <= LIMIT.most && second === undefined) return limit;
  throw new GlossaError('INVALID_REQUEST', `limit: expected one whole number from 1 to ${LIMIT.most}`, {
    param: 'limit',
  });
}

function parseBefore(given: readonly string[]): Pick<TaskPage, 'before'> {
  const [before, second] = given;
  if (second !== undefined)
    throw new GlossaError('INVALID_REQUEST', 'before: expected the id of one task', { param: 'before' });
  return before === undefined ? {} : { before };
}

function entryOf(task: ListedTask): TaskEntry {
  const { id, kind, state, error, createdAt, startedAt, endedAt } = task;
  return {
    ...{ id, kind, state, error },
    created_at: new Date(createdAt).toISOString(),
    started_at: isoTime(startedAt),
    ended_at: isoTime(endedAt),
  };
}

function detailsOf(task: Task): TaskDetails {
  const { progress, output } = task;
  return { ...entryOf(task), progress, output };
}

function isoTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function notFound(): GlossaError {
  return new GlossaError('TASK_NOT_FOUND', 'there is no such task, or none any more');
}
