import { createHash, randomUUID } from 'node:crypto';

import type { ModelInfo } from '../../engine/engine.js';
import type { FinishReason } from '../../generation/events.js';

/** "chatcmpl-…": the same in all chunks of an answer, and in no other answer. */
export function newIdentifier(prefix: string): string {
  return `${prefix}-${randomUUID().replaceAll('-', '')}`;
}

/** "msg_…": an id of a response or of one of its items. */
export function newItemId(prefix: 'resp' | 'msg' | 'fc'): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}

/** Seconds since 1970. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Stands for what decides which text a seed gives: the model and what it is computed on. */
export function fingerprintOf(
  model: string,
  { description, sizeBytes, backend, metadata }: ModelInfo,
): string {
  const facts = [model, description, sizeBytes, backend, metadata['general.name'] ?? ''];
  return `fp_${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 12)}`;
}

/** Why a text ends, as OpenAI has it: at its own end or a stop string, or because it got enough. */
export function finishReasonOf(reason: FinishReason): 'stop' | 'length' {
  return reason === 'length' || reason === 'deadline' ? 'length' : 'stop';
}
