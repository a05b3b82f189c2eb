import { randomInt } from 'node:crypto';

import { GlossaError } from '../../errors.js';
import type { Caller } from '../../models/caller.js';
import type { ModelRegistry } from '../../models/registry.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import type { JsonObject } from '../../server/json-body.js';
import type { Task } from '../../tasks/task.js';
import { identify, identifyIfKeyed } from './caller.js';
import { trimPrompt } from './generate-words.js';
import {
  check,
  checkModelParameters,
  genericBodySchema,
  gpt2BodySchema,
  keyIn,
  taskBodySchema,
  withKnownNames,
  type WordsFields,
} from './schema.js';
import { WORDS_TASK, type WordsTaskInput } from './task-kind.js';

/** Names that every client of this API may ask for, whatever is served. */
const DOCUMENTED_MODELS = ['gpt2', 'gpt2-xl'];
/** Seeds that are drawn for requests without one. */
const SEEDS = 2 ** 48;

/** What a request asked for, and the names of its fields that change nothing. */
export interface Understood<T> {
  readonly value: T;
  readonly unused: readonly string[];
}

/** A body of the GPT-2 routes. */
export function gpt2Request(
  given: JsonObject,
  { models }: DialectServices,
  caller: Caller,
): Understood<WordsTaskInput> {
  const { fields, unused } = check(gpt2BodySchema, withoutKey(withKnownNames(given)));
  const model = resolveModel(models, caller, { name: fields.modelSize, param: 'modelSize' });
  return { value: wordsTaskInput(model, fields), unused };
}

/** A body of the generic start, or what generation 3 has under `data`. */
export function genericRequest(
  given: JsonObject,
  { models }: DialectServices,
  caller: Caller,
  place = '',
): Understood<WordsTaskInput> {
  const { fields, unused } = check(genericBodySchema, withoutKey(withKnownNames(given, place)), place);
  const model = resolveModel(models, caller, { name: fields.modelKey, param: `${place}modelKey` });
  const words = checkModelParameters(fields.modelParameters, `${place}modelParameters.`);
  return { value: wordsTaskInput(model, words), unused };
}

/** Starts a task for whoever asks, and fills in the request's record. */
export function startTask(
  context: ServerContext,
  { tasks }: DialectServices,
  { input, owner }: { readonly input: WordsTaskInput; readonly owner: string },
): Task {
  noteRequest(context, input);
  return tasks.start(WORDS_TASK, owner, input);
}

export function noteRequest(context: ServerContext, { model, prompt }: WordsTaskInput): void {
  const record = context.get('record');
  record.model = model;
  record.prompt = prompt;
}

/**
 * The task that a body names.
 *
 * @param options keyless: some clients send no key here; without one, whoever knows the id may ask
 * @throws GlossaError UNAUTHORIZED; INVALID_REQUEST; TASK_NOT_FOUND if there is none, or it is another key's
 */
export function findTask(
  context: ServerContext,
  services: DialectServices,
  given: JsonObject,
  options: { readonly keyless: boolean; readonly place?: string },
): Understood<Task> {
  const identifyCaller = options.keyless ? identifyIfKeyed : identify;
  const caller = identifyCaller(context, services.keys, keyIn(given));
  const { fields, unused } = check(
    taskBodySchema,
    withoutKey(withKnownNames(given, options.place)),
    options.place,
  );
  const task = services.tasks.find(fields.TaskID);
  const isTheirs = task?.kind === WORDS_TASK && (caller === undefined || task.owner === caller.keyId);
  if (!isTheirs) throw unknownTask();
  return { value: task, unused };
}

export function unknownTask(): GlossaError {
  return new GlossaError('TASK_NOT_FOUND', 'there is no such task', { param: 'TaskID' });
}

/** The key has been looked at by then. */
export function withoutKey(given: JsonObject): JsonObject {
  const { apiKey: _, ...others } = given;
  return others;
}

/** The documented names fall back to the default model, where no other is called so. */
function resolveModel(
  models: ModelRegistry,
  caller: Caller,
  { name, param }: { readonly name: string; readonly param: string },
): string {
  const id = models.find(name, caller);
  if (id !== undefined) return id;
  if (DOCUMENTED_MODELS.includes(name)) return models.defaultFor(caller);
  throw new GlossaError('INVALID_REQUEST', `${param}: no model is called so`, { param });
}

function wordsTaskInput(model: string, fields: WordsFields): WordsTaskInput {
  const { string, length, temperature, windowMax, seed = randomInt(SEEDS - 1) } = fields;
  return { model, prompt: trimPrompt(string, windowMax), length, temperature, windowMax, seed };
}
