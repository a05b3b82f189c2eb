import type { GlossaError } from '../../errors.js';

/** An error as this API writes it, whole responses and stream frames alike. */
export function errorBody(error: GlossaError): {
  error: { code: string; message: string; param: string | null };
} {
  return { error: { code: error.code, message: error.message, param: error.param ?? null } };
}
