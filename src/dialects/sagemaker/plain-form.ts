import { z } from 'zod';

import type { GenerationRequestInput } from '../../generation/request.js';
import type { JsonObject } from '../../server/json-body.js';
import { checkFields, fieldSchemas } from './fields.js';
import type { Invocation } from './invocation.js';

const { input, length, p, k, repetition_penalty, stop_token, test } = fieldSchemas;
const { num_return_sequences, temperature, seed } = fieldSchemas;

/** The product's first body form: always sampling, no modes. */
export const plainBody = z.strictObject({
  input,
  length,
  stop_token,
  num_return_sequences,
  ...{ temperature, k, p, repetition_penalty, seed, test },
});

/** Fields of this form alone: a body with one of them is of this form. */
const OWN_FIELDS = ['length', 'p', 'k', 'repetition_penalty', 'stop_token', 'test'];

/** Whether a body is of the first published form. */
export function isPlainForm(body: JsonObject): boolean {
  return OWN_FIELDS.some((name) => Object.hasOwn(body, name));
}

/** What a request with `test` gets instead of a continuation. */
const TEST_TEXT = ' (a test: nothing was generated)';

/**
 * Reads a body of the product's first form, as its published notebooks send it. The reply is an object with the input
 * and the continuations alone.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field
 */
export function parsePlainBody(given: JsonObject): Invocation {
  const body = checkFields(plainBody, given, Object.keys(plainBody.shape));
  const isTest = body.test ?? false;
  const count = body.num_return_sequences ?? 1;
  const request: GenerationRequestInput = {
    prompt: body.input,
    doSample: true,
    numBeams: 1,
    noRepeatNgramSize: 0,
    maxNewTokens: body.length ?? 50,
    numReturnSequences: count,
    temperature: body.temperature ?? 1,
    topK: body.k ?? 50,
    topP: body.p ?? 1,
    repetitionPenalty: body.repetition_penalty ?? 1,
    ...(body.seed !== undefined && { seed: body.seed }),
    ...(body.stop_token !== undefined && { stopStrings: [body.stop_token], stopStringsSpanPrompt: false }),
  };
  const open = `{"input":${JSON.stringify(body.input)},"output":[`;
  return {
    form: 'plain',
    request,
    reply: { open, before: '', close: `],"test":${isTest}}` },
    copies: 1,
    ignored: [],
    ...(isTest && { instead: Array.from({ length: count }, () => TEST_TEXT) }),
  };
}
