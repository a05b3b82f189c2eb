import type { ContentfulStatusCode } from 'hono/utils/http-status';

import type { ErrorCode, GlossaError } from '../errors.js';

/**
 * HTTP status of every error. What would fail again in the same way is never a 5xx or 429: clients repeat
 * those by themselves, a whole generation each time.
 */
const STATUS: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  INVALID_REQUEST: 400,
  CONTEXT_OVERFLOW: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  MODEL_NOT_FOUND: 404,
  TASK_NOT_FOUND: 404,
  ROUTE_NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  MODEL_LOAD_FAILED: 424,
  NATIVE_UNAVAILABLE: 424,
  OUT_OF_MEMORY: 424,
  OVERLOADED: 429,
  RATE_LIMITED: 429,
  // nginx's "client closed request"; nobody is left to read it, but the log shows it. Hono's type has no 499.
  CANCELLED: 499 as ContentfulStatusCode,
  ENGINE_CRASHED: 500,
  CONFIG_INVALID: 500,
  CONVERSION_FAILED: 500,
  INTERNAL: 500,
  MODEL_LOADING: 503,
  CLOSED: 503,
};

/** Seconds after which repeating makes sense, for the errors where it does and that do not say it themselves. */
const RETRY_AFTER_SECONDS: Readonly<Partial<Record<ErrorCode, number>>> = {
  MODEL_LOADING: 2,
  OVERLOADED: 1,
  RATE_LIMITED: 1,
  CLOSED: 5,
};

export function statusOf(code: ErrorCode): ContentfulStatusCode {
  return STATUS[code];
}

/** Headers that go with an error whatever its dialect. */
export function errorHeaders({ code, retryAfterSeconds }: GlossaError): Record<string, string> {
  const headers: Record<string, string> = {};
  const seconds = retryAfterSeconds ?? RETRY_AFTER_SECONDS[code];
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  if (code === 'UNAUTHORIZED') headers['www-authenticate'] = 'Bearer';
  // The rest of a body that is too large would otherwise be read to the end to keep the connection.
  if (code === 'BODY_TOO_LARGE' || code === 'REQUEST_TIMEOUT' || code === 'CLOSED')
    headers['connection'] = 'close';
  return headers;
}
