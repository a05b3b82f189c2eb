import { GlossaError } from '../../../errors.js';
import { inOurNames, type RouteNames } from '../errors.js';
import type { ChatCall } from './schema.js';

/** An error of the engine or of the template in the names that the client used. */
export function inChatNames(error: unknown, { body, lengthField }: ChatCall): GlossaError {
  const names: RouteNames = {
    prompt: 'messages',
    maxNewTokens: lengthField,
    // The grammar is made of what the client sent in its place.
    ...(body.grammar === undefined && { grammar: body.tools.length > 0 ? 'tools' : 'response_format' }),
  };
  return ofFlag(inOurNames(GlossaError.from(error), names));
}

/** What the engine says of a number of log-probabilities; here they are asked for with true. */
function ofFlag(error: GlossaError): GlossaError {
  const { code, message, param, cause } = error;
  if (param !== 'logprobs') return error;
  const told = message.replace(/^logprobs: expected none (.*), received \d+$/, 'logprobs: expected false $1');
  return new GlossaError(code, told, { cause, param });
}
