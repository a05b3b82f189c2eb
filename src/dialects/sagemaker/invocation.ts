import { GlossaError } from '../../errors.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { JsonObject } from '../../server/json-body.js';
import type { Form } from './fields.js';
import { parseModeBody } from './modes.js';
import { isPlainForm, parsePlainBody } from './plain-form.js';
import type { ReplyShape } from './reply.js';

/** A checked body. */
export interface Invocation {
  readonly form: Form;
  readonly request: GenerationRequestInput;
  readonly reply: ReplyShape;
  /** How often the reply holds each text. */
  readonly copies: number;
  /** Fields that have no effect. */
  readonly ignored: readonly string[];
  /** Texts to answer with, without asking the model. */
  readonly instead?: readonly string[];
}

/**
 * Reads a body of either form; its fields tell which.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field
 */
export function parseInvocation(body: JsonObject): Invocation {
  if (body['input'] === undefined || body['input'] === null)
    throw new GlossaError('INVALID_REQUEST', 'input: expected text, received nothing', { param: 'input' });
  return isPlainForm(body) ? parsePlainBody(body) : parseModeBody(body);
}
