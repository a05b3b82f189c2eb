import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { type ErrorCode, GlossaError } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { ModelRegistry } from '../../models/registry.js';
import type { JsonValue, TaskKind, TaskRun } from '../../tasks/task.js';
import { generateWords, type WordsProgress } from './generate-words.js';

/** Name of this API's tasks among all tasks. */
export const WORDS_TASK = 'booste-gpt2';

/** Milliseconds before a task asks again for what it could not have. */
const RETRY_DELAY_MS = 1000;
/** What a task has only to wait for. */
const TEMPORARY: readonly ErrorCode[] = ['OVERLOADED', 'RATE_LIMITED', 'MODEL_LOADING', 'ENGINE_CRASHED'];
/** Deaths of the model's process that a task outlives without a window in between. */
const CRASHES = 3;

const inputSchema = z.object({
  /** Id of a model. */
  model: z.string(),
  prompt: z.string(),
  length: z.int().min(0),
  temperature: z.number(),
  windowMax: z.int().min(1),
  seed: z.int().min(0),
});

/** What a task is started with. */
export type WordsTaskInput = z.output<typeof inputSchema>;

const progressSchema = z.object({
  /** Words so far. */
  words: z.int().min(0),
  /** Words that were asked for. */
  length: z.int().min(0),
  /** Those words, the last of which may still grow. */
  output: z.array(z.string()),
  open: z.string(),
  windows: z.int().min(0),
});

/** What a running task shows, and goes on from after an interruption. */
export type WordsTaskProgress = z.output<typeof progressSchema>;

/**
 * How this API's tasks are done: their output is the list of words. What they take counts against the limits of the key
 * that they were started with; where a limit is reached, they wait.
 */
export function wordsTaskKind(
  models: ModelRegistry,
  callerWithId: (owner: string) => Caller,
  retryDelayMs = RETRY_DELAY_MS,
): TaskKind {
  return {
    name: WORDS_TASK,
    run: async function generateWordsTask(input, run) {
      const request = inputSchema.parse(input);
      let progress = progressOf(run.progress);
      for (let crashes = 0; ;) {
        const windows = progress?.windows;
        try {
          return await attempt(models, request, {
            signal: run.signal,
            caller: callerWithId(run.owner),
            progress,
            onProgress: (next) => {
              progress = next;
              run.report(reported(next, request.length));
            },
          });
        } catch (error) {
          const { code } = GlossaError.from(error);
          crashes = progress?.windows === windows ? crashes : 0;
          if (code === 'ENGINE_CRASHED') crashes += 1;
          if (crashes > CRASHES || !isTemporary(code)) throw error;
          // A chance to give way; not between crashes, which are counted within one run.
          if (crashes === 0) run.report(progress === undefined ? null : reported(progress, request.length));
          await pause(retryDelayMs, run.signal);
        }
      }
    },
  };
}

interface Attempt {
  readonly caller: Caller;
  readonly signal: TaskRun['signal'];
  readonly progress: WordsProgress | undefined;
  readonly onProgress: (progress: WordsProgress) => void;
}

async function attempt(models: ModelRegistry, request: WordsTaskInput, given: Attempt): Promise<JsonValue> {
  const { signal, caller, progress, onProgress } = given;
  const lease = await models.acquire(request.model, { signal, caller });
  try {
    return await generateWords(request, {
      ...{ lease, signal, onProgress, priority: 'background' },
      ...(progress !== undefined && { progress }),
    });
  } finally {
    lease.release();
  }
}

/** Whether a task has only to wait: it is nobody's fault, and nobody is kept waiting by it. */
function isTemporary(code: ErrorCode): boolean {
  return TEMPORARY.includes(code);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (cause) {
    throw new GlossaError('CANCELLED', 'the task was cancelled', { cause });
  }
}

function reported({ words, open, windows }: WordsProgress, length: number): WordsTaskProgress {
  const output = open === '' ? [...words] : [...words, open];
  return { words: output.length, length, output, open, windows };
}

/** What cannot be read, of another version perhaps, is begun anew. */
function progressOf(saved: JsonValue): WordsProgress | undefined {
  const result = progressSchema.safeParse(saved);
  if (!result.success) return undefined;
  const { output, open, windows } = result.data;
  return { words: open === '' ? output : output.slice(0, -1), open, windows };
}
