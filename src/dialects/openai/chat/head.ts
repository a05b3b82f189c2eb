import type { ModelLease } from '../../../models/registry.js';
import { fingerprintOf, newIdentifier, now } from '../identity.js';

/** What an answer and all of its chunks have in common. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/** The head of a new answer. */
export function newHead({ id, engine }: ModelLease): AnswerHead {
  return {
    id: newIdentifier('chatcmpl'),
    created: now(),
    model: id,
    system_fingerprint: fingerprintOf(id, engine.info),
  };
}
