import type { JsonValue, Task, TaskState } from '../../tasks/task.js';

/** A task's state in the words of `inference/pretrained/gpt2/async/check/v2`, whose clients end at the last two. */
const STATUS: Readonly<Record<TaskState, string>> = {
  queued: 'Queued',
  running: 'Running',
  finished: 'Finished',
  failed: 'Failed',
  cancelled: 'Failed',
};

/** A new task, as the GPT-2 routes tell it. */
export function startedAnswer({ id }: Task): object {
  return { Status: 'Started', TaskID: id };
}

/** A task as `async/check/v2` tells it. The document leaves the id out of finished ones, its clients do not mind it. */
export function checkedAnswer(task: Task): object {
  return withOutput({ Status: STATUS[task.state], TaskID: task.id }, task);
}

/** A task as the first `async/check` tells it: to its clients everything but these states is a failure. */
export function firstCheckedAnswer(task: Task): object {
  const isPending = task.state === 'queued' || task.state === 'running';
  return withOutput({ Status: isPending ? 'PENDING' : STATUS[task.state], TaskID: task.id }, task);
}

/** A task after it was asked to end. */
export function cancelledAnswer(task: Task): object {
  return { Status: task.state === 'cancelled' ? 'Cancelled' : STATUS[task.state], TaskID: task.id };
}

/** A task as `inference/check` tells it. */
export function genericAnswer(task: Task): object {
  return { status: STATUS[task.state].toLowerCase(), output: task.output, taskID: task.id };
}

/**
 * A task as `api/task/check/v1/` tells it. Its clients ask until it is done or not a success; of `taskOut` they take
 * what is under `output`.
 */
export function envelopedAnswer(task: Task): object {
  const isOver = task.state === 'failed' || task.state === 'cancelled';
  const taskStatus = task.state === 'finished' ? 'Done' : STATUS[task.state];
  const taskOut: JsonValue = task.state === 'finished' ? { output: task.output } : null;
  return envelope(!isOver, isOver ? reasonOf(task) : '', { taskID: task.id, taskStatus, taskOut });
}

/** What generation 3 wraps everything in. */
export function envelope(success: boolean, message: string, data?: object): object {
  return { success, message, ...(data !== undefined && { data }) };
}

/**
 * Words as the oldest clients want them: a list of one text, of which they cut two characters off at either end. They
 * know one escape, that of the newline, which JSON writes the same way.
 */
export function oneTextAnswer(words: readonly string[]): string {
  return JSON.stringify([words.join(' ')]);
}

function withOutput(answer: object, { state, output }: Task): object {
  return state === 'finished' ? { ...answer, Output: output } : answer;
}

function reasonOf({ state, error }: Task): string {
  return error?.message ?? (state === 'cancelled' ? 'the task was cancelled' : 'the task failed');
}
