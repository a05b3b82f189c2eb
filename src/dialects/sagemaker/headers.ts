import { GlossaError } from '../../errors.js';
import type { ServerContext } from '../../server/dialect.js';

/** What the headers of an invocation ask for. */
export interface InvocationHeaders {
  /** Id or alias of the model to use instead of the endpoint's. */
  readonly targetModel: string | undefined;
  /** Headers that go back with the answer. */
  readonly echoed: Readonly<Record<string, string>>;
  /** Headers that have no effect. */
  readonly ignored: readonly string[];
}

const PREFIX = 'x-amzn-sagemaker-';
const LONGEST_ATTRIBUTES = 1024;
const NAME = /^[a-zA-Z\d](-*[a-zA-Z\d])*$/;
const LONGEST_NAME = 63;
/** What an endpoint without variants of its own is said to be, as SageMaker's own SDK names it. */
const ONLY_VARIANT = 'AllTraffic';

/** Those that are understood. `Accept` is the stream's name for the header of that name. */
const UNDERSTOOD = ['custom-attributes', 'target-model', 'target-variant', 'accept'];
/** Those that mark a request for somebody else's books, or hint at where its prefix is kept: it is found anyway. */
const WITHOUT_EFFECT = ['inference-id', 'prefix-aware-id'];

/** Whether a text may be the name of an endpoint or a variant. */
export function isResourceName(text: string): boolean {
  return text.length <= LONGEST_NAME && NAME.test(text);
}

/**
 * Reads the headers of SageMaker's own.
 *
 * @throws GlossaError INVALID_REQUEST for one that is malformed, or asks for what there is not here
 */
export function invocationHeaders(context: ServerContext): InvocationHeaders {
  const given = Object.entries(context.req.header()).filter(([name]) => name.startsWith(PREFIX));
  const own = new Map(given.map(([name, value]) => [name.slice(PREFIX.length), value]));
  const ignored: string[] = [];
  for (const name of own.keys()) {
    if (WITHOUT_EFFECT.includes(name)) ignored.push(PREFIX + name);
    else if (!UNDERSTOOD.includes(name)) throw refused(name, 'it is not supported here');
  }
  const attributes = own.get('custom-attributes');
  if (attributes !== undefined && !isAttributes(attributes))
    throw refused('custom-attributes', `expected at most ${LONGEST_ATTRIBUTES} visible ASCII characters`);
  const variant = own.get('target-variant') ?? ONLY_VARIANT;
  if (!isResourceName(variant))
    throw refused('target-variant', `expected at most ${LONGEST_NAME} letters, digits and hyphens`);
  return {
    targetModel: own.get('target-model'),
    echoed: {
      'x-amzn-invoked-production-variant': variant,
      ...(attributes !== undefined && { 'x-amzn-sagemaker-custom-attributes': attributes }),
    },
    ignored,
  };
}

/**
 * Makes sure that the answer's type is one the client accepts.
 *
 * @param accept the header's value; missing and empty accept everything
 * @throws GlossaError INVALID_REQUEST
 */
export function requireJsonAccepted(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '') return;
  const ranges = accept.split(',').map((range) => range.trim().toLowerCase());
  const isJson = (range: string): boolean => /^(\*\/\*|application\/(\*|json))\s*(;|$)/.test(range);
  const isExcluded = (range: string): boolean => /;\s*q=0(\.0*)?\s*(;|$)/.test(range);
  if (!ranges.some((range) => isJson(range) && !isExcluded(range)))
    throw new GlossaError('INVALID_REQUEST', 'Accept: expected application/json to be among its types');
}

function isAttributes(value: string): boolean {
  return value.length <= LONGEST_ATTRIBUTES && /^[\x20-\x7e]*$/.test(value);
}

function refused(name: string, why: string): GlossaError {
  const title = name.slice(0, 64).replaceAll(/[^\w-]/g, '?');
  return new GlossaError('INVALID_REQUEST', `X-Amzn-SageMaker-${title}: ${why}`);
}
