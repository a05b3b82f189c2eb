import { GlossaError } from '../../../errors.js';

/** OpenAI's routes for responses that it kept: `/v1/responses/ID`, and what is below it. */
const STORED = /^\/v1\/(responses|conversations)\/./;

/** Says of a route that there can't be why there is none. Any other error stays what it is. */
export function ofNothingStored(path: string, error: GlossaError): GlossaError {
  if (error.code !== 'ROUTE_NOT_FOUND' || !STORED.test(path)) return error;
  return new GlossaError('ROUTE_NOT_FOUND', 'no such route: responses are not stored here', { cause: error });
}
