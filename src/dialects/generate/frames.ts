import { GlossaError } from '../../errors.js';
import type { JsonObject } from '../../server/json-body.js';
import { checkJsonBounds } from '../../server/json-bounds.js';
import { Refusal } from './errors.js';
import { LONGEST_ID, MAX_PROMPTS } from './schema.js';

/**
 * The object that a frame holds; undefined stands for a frame that is not text.
 *
 * @throws Refusal "Invalid Data Format", "Invalid JSON format"
 * @throws GlossaError BODY_TOO_LARGE beyond `limit` bytes; INVALID_REQUEST for more, or deeper, than the parser is quick about
 */
export function parseFrame(text: string | undefined, limit: number): JsonObject {
  if (text === undefined)
    throw new Refusal('Invalid Data Format', 'expected a text frame, received binary data');
  const bytes = Buffer.from(text);
  if (bytes.byteLength > limit)
    throw new GlossaError('BODY_TOO_LARGE', `the message exceeds the limit of ${limit} bytes`);
  checkJsonBounds(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('Invalid JSON format', 'expected a JSON object, received malformed JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Refusal('Invalid JSON format', 'expected a JSON object');
}

/** The ids of a frame that may be wrong in any way, so that its sender recognises it; one empty text without any that could be. */
export function idsOf(body: JsonObject): string[] {
  const prompts: unknown[] = Array.isArray(body['prompts']) ? body['prompts'].slice(0, MAX_PROMPTS) : [];
  const ids = prompts.flatMap((prompt) => {
    const id = (prompt as JsonObject | null)?.['request_id'];
    return typeof id === 'string' && id !== '' && id.length <= LONGEST_ID ? [id] : [];
  });
  return ids.length > 0 ? ids : [''];
}
