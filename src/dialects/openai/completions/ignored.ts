import type { RunningRequest } from '../../../generation/ignored-parameters.js';
import type { GenerationRequestInput } from '../../../generation/request.js';
import { decodingFields, namesInVain } from '../decoding.js';
import type { CompletionPlan } from './plan.js';
import type { CompletionBody } from './schema.js';

/** What the engine made of a request. */
interface Run {
  readonly running: RunningRequest;
  readonly input: GenerationRequestInput;
}

/** Names of the fields that a body set in vain. */
export function ignoredNames(body: CompletionBody, plan: CompletionPlan, { running, input }: Run): string[] {
  const rest = plan.sequences === 1 && plan.bestOf > plan.n ? ['best_of'] : [];
  // Nothing is decoded.
  if (input.maxNewTokens === 0) return [...givenDecoding(body), ...rest];
  return [...namesInVain(body, running, input), ...rest];
}

function givenDecoding(body: CompletionBody): string[] {
  return (Object.keys(decodingFields) as (keyof typeof decodingFields)[]).filter(
    (name) => body[name] !== undefined,
  );
}
