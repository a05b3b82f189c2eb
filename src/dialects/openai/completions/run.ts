import { setMaxListeners } from 'node:events';

import type { Engine } from '../../../engine/engine.js';
import { GlossaError } from '../../../errors.js';
import type { GenerationEvent } from '../../../generation/events.js';
import type { GenerationRequestInput } from '../../../generation/request.js';
import type { RunningRequest } from '../../../generation/ignored-parameters.js';
import { inOurNames } from '../errors.js';
import { interleave } from './interleave.js';
import type { CompletionPlan } from './plan.js';
import type { Prompt } from './prompts.js';

/** Prompts that are completed with one plan. */
export interface CompletionJob {
  readonly engine: Engine;
  readonly prompts: readonly Prompt[];
  readonly plan: CompletionPlan;
  /** The request's; aborting it cancels. */
  readonly signal: AbortSignal;
  /** Ends what the job runs; aborted at its end in any case. */
  readonly stop: AbortController;
  /** Told once, before the first event, what the engine made of the request. */
  readonly onBegin: (running: RunningRequest, input: GenerationRequestInput) => void;
}

/** Something that happened to one of the prompts. */
export interface PromptedEvent {
  /** Which, counted from 0. */
  readonly prompt: number;
  readonly event: GenerationEvent;
}

/**
 * Completes all prompts, as many at a time as the engine decodes together: a large request waits here, and not in the
 * queue that others are refused from when it is full.
 *
 * @throws GlossaError if one fails; the others are cancelled then. CLOSED if the server ends what is not whole yet
 */
export async function* completePrompts(job: CompletionJob): AsyncGenerator<PromptedEvent, void> {
  const { engine, prompts, plan, stop } = job;
  const signal = AbortSignal.any([job.signal, stop.signal]);
  // Every prompt listens to it.
  setMaxListeners(0, signal);
  const atOnce = Math.min(
    prompts.length,
    Math.max(1, Math.floor(engine.info.parallelSequences / plan.sequences)),
  );
  const each = function* (): Generator<AsyncIterable<PromptedEvent>> {
    for (const index of prompts.keys()) yield completePrompt({ ...job, signal }, index);
  };
  try {
    yield* interleave(each(), { atOnce, stop });
  } catch (error) {
    throw inOurNames(GlossaError.from(error));
  }
}

async function* completePrompt(job: CompletionJob, prompt: number): AsyncGenerator<PromptedEvent, void> {
  const { engine, prompts, plan, signal } = job;
  const input = { ...plan.parameters, prompt: prompts[prompt] ?? '' };
  const generation = engine.generate(input, { signal });
  if (prompt === 0) {
    const { request } = generation;
    const eosTokenIds = request.eosTokenId ?? engine.info.eosTokenIds;
    job.onBegin({ request, eosTokenIds, promptTokens: 0 }, input);
  }
  for await (const event of generation) {
    if (event.type === 'finish' && event.finishReason === 'cancelled') throw stopped(signal);
    yield { prompt, event };
  }
}

/** A text that was cut off from outside must not pass for a whole one. */
function stopped(signal: AbortSignal): GlossaError {
  if (signal.aborted) return new GlossaError('CANCELLED', 'the request was cancelled');
  return new GlossaError('CLOSED', 'the server is shutting down');
}
