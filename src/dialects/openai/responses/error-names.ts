import { GlossaError } from '../../../errors.js';
import { inOurNames, type RouteNames } from '../errors.js';
import type { ResponseCall } from './schema.js';

/** An error of the engine or of the template in the names that the client used. */
export function inResponseNames(error: unknown, call: ResponseCall): GlossaError {
  const { body, lengthField } = call;
  const names: RouteNames = {
    prompt: 'input',
    maxNewTokens: lengthField,
    logprobs: 'include',
    // The grammar is made of what the client sent in its place.
    ...(body.grammar === undefined && { grammar: body.tools.length > 0 ? 'tools' : 'text.format' }),
  };
  const named = inOurNames(GlossaError.from(error), names);
  if (named.param === undefined) return named;
  const param = placeOf(named.param, call);
  const message = named.message.startsWith(named.param)
    ? param + named.message.slice(named.param.length)
    : named.message;
  return new GlossaError(named.code, message, { cause: named.cause, param });
}

/** A place in a conversation, which knows messages, in the request, which has items. */
function placeOf(param: string, { places }: ResponseCall): string {
  return param
    .replace(/^messages\[(\d+)\](?:\.role|\.tool_calls.*)?/, (_all, index: string) => {
      const place = places[Number(index)];
      return place === undefined ? 'instructions' : `input[${place}]`;
    })
    .replace(/^messages\b/, 'input')
    .replace(/^response_format\.json_schema\b/, 'text.format')
    .replace(/^response_format\b/, 'text.format')
    .replace(/^(tools\[\d+\])\.function\b/, '$1');
}
