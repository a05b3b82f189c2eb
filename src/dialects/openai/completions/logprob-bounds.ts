import { checkToldLogprobs } from '../../../generation/told-logprobs.js';
import type { ModelLease } from '../../../models/registry.js';
import type { CompletionPlan } from './plan.js';
import type { Prompt } from './prompts.js';
import type { CompletionBody } from './schema.js';

/** What a request runs with, as far as it bounds its answer. */
interface Bounding {
  readonly plan: CompletionPlan;
  readonly lease: ModelLease;
}

/**
 * Refuses a whole answer that would tell too many log-probabilities: of the new tokens, and of the prompts' own with
 * echo, in each text. A stream tells them as they come, and holds none.
 *
 * @param prompts as the engine gets them
 * @throws GlossaError INVALID_REQUEST, with the counts
 */
export function refuseTooManyLogprobs(
  { logprobs: top, echo = false, stream }: CompletionBody,
  prompts: readonly Prompt[],
  { plan, lease }: Bounding,
): void {
  if (top === undefined || stream === true) return;
  const { contextSize } = lease.engine.info;
  const { maxNewTokens = lease.defaults.maxNewTokens ?? contextSize } = plan.parameters;
  let tokens = 0;
  for (const prompt of prompts) {
    // A text is one alone, or none of its tokens is told of.
    const promptTokens = echo && typeof prompt !== 'string' ? prompt.length : 0;
    tokens += plan.bestOf * (promptTokens + Math.min(maxNewTokens, contextSize));
  }
  checkToldLogprobs({ texts: prompts.length * plan.bestOf, tokens, top, param: 'logprobs' });
}
