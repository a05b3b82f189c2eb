import { GlossaError } from '../../errors.js';
import { statusOf } from '../../server/error-status.js';
import type { ServerContext } from '../../server/dialect.js';

/** Says what is wrong where the body is one of the fixed texts that clients compare. */
export const ERROR_HEADER = 'x-glossa-error';

/** Bodies of refusals, as the original server wrote them. */
export type RefusalText = 'Invalid Data Format' | 'Invalid JSON format' | 'Duplicate request_ids';

/** A request that is refused with one of the fixed texts; the message says what is wrong with it. */
export class Refusal extends GlossaError {
  readonly text: RefusalText;

  constructor(text: RefusalText, message: string, options: { cause?: unknown } = {}) {
    super('INVALID_REQUEST', message, options);
    this.text = text;
  }
}

/** The engine's names of parameters in this API's spelling. */
const NAMES: Readonly<Record<string, string>> = {
  numBeams: 'num_beams',
  doSample: 'do_sample',
  topP: 'top_p',
  topK: 'top_k',
  maxNewTokens: 'max_new_tokens',
  repetitionPenalty: 'repetition_penalty',
  lengthPenalty: 'length_penalty',
};

/** An error as this API tells it: what the engine refuses is one of the fixed refusals, in this API's names. */
export function inOurTerms(error: GlossaError): GlossaError {
  if (error instanceof Refusal || error.code !== 'INVALID_REQUEST') return error;
  const message = error.message.replaceAll(/\b[a-z]+[A-Z]\w*\b/g, (name) =>
    Object.hasOwn(NAMES, name) ? (NAMES[name] ?? name) : name,
  );
  return new Refusal('Invalid Data Format', `generation_config.${message}`, { cause: error });
}

/** What a client reads of an error: a fixed text, or the error's message. */
export function errorText(error: GlossaError): string {
  return error instanceof Refusal ? error.text : error.message;
}

/** A whole response: plain text. */
export function errorResponse(context: ServerContext, error: GlossaError): Response {
  const told = inOurTerms(error);
  // Names in a message may come from the client; a header takes no others than these.
  if (told instanceof Refusal)
    context.header(ERROR_HEADER, told.message.slice(0, 512).replaceAll(/[^\x20-\x7e]/g, '?'));
  return context.text(errorText(told), statusOf(told.code));
}
