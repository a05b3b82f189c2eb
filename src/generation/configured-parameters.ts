import { GlossaError } from '../errors.js';
import type { GenerationRequestInput, GivenParameters, ParameterName } from './request-fields.js';

/**
 * A refusal that tells the values a client never sent from those it did: "expected at most the configured numBeams
 * (2), received 3", or "received 3 (configured)". Other errors stay as they are, and so do those that tell it already.
 *
 * @param input what the client sent
 * @param defaults what the configuration sets for requests that do not
 */
export function tellConfigured(
  error: GlossaError,
  input: Partial<GenerationRequestInput>,
  defaults: GivenParameters,
): GlossaError {
  const { code, param, cause } = error;
  if (code !== 'INVALID_REQUEST' || param === undefined || !error.message.startsWith(param)) return error;
  const configured = Object.entries(defaults).flatMap(([name, value]) =>
    value !== undefined && input[name as ParameterName] === undefined ? [name] : [],
  );
  if (configured.length === 0) return error;
  const body = error.message.slice(param.length);
  const at = body.indexOf(', received ');
  const [expected, received] = at < 0 ? [body, ''] : [body.slice(0, at), body.slice(at)];
  const names = new RegExp(`(?<!the configured )\\b(${configured.join('|')})\\b`, 'g');
  const told = expected.replaceAll(names, 'the configured $1');
  const ending = configured.includes(param) ? marked(received) : received;
  return new GlossaError(code, `${param}${told}${ending}`, { cause, param });
}

/** ", received 3; set doSample" -> ", received 3 (configured); set doSample". */
function marked(received: string): string {
  return received.replace(/^[^;]*/, (all) => (all.endsWith(' (configured)') ? all : `${all} (configured)`));
}
