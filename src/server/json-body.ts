import { GlossaError } from '../errors.js';
import { bindingsOf, type ServerContext } from './dialect.js';
import { checkJsonBounds } from './json-bounds.js';

/** A request's body as a JSON object. */
export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object, and no array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bodies that were read. One handler may look into a request before it leaves it to another. */
const bodies = new WeakMap<Request, Promise<JsonObject>>();

/**
 * Reads a body as a JSON object, whatever its media type says: clients of several APIs send none, or a wrong one. Can
 * be called again for the same request, with the same outcome: the object is shared and not to be changed.
 *
 * @throws GlossaError BODY_TOO_LARGE if more than `limit` bytes came or are announced; INVALID_REQUEST if
 *   it is no UTF-8, no JSON, or no object; CANCELLED if the client left before its end
 */
export async function readJsonObject(context: ServerContext, limit: number): Promise<JsonObject> {
  const request = context.req.raw;
  const body = bodies.get(request) ?? readBody(context, limit).then(parseJsonObject);
  bodies.set(request, body);
  return await body;
}

/**
 * The JSON object that a body's bytes are.
 *
 * @throws GlossaError INVALID_REQUEST if they are no UTF-8, no JSON, no object, or too deep or too many values for the
 *   parser to be quick about
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  checkJsonBounds(bytes);
  const value = parseJson(decodeUtf8(bytes));
  if (isJsonObject(value)) return value;
  throw new GlossaError('INVALID_REQUEST', `expected a JSON object as the body, received ${kindOf(value)}`);
}

/**
 * What is read of a body over the limit, only to be thrown away. Many clients write all of it before they read: to
 * those, an answer in between followed by the connection's end is a broken pipe. More than this is cut off.
 */
const DISCARD_BYTES = 64 * 1024 * 1024;

/**
 * Reads a body's bytes as they came.
 *
 * @throws GlossaError BODY_TOO_LARGE if more than `limit` bytes came or are announced; REQUEST_TIMEOUT if it does not
 *   arrive in time; CANCELLED if the client left before its end
 */
export async function readBody(context: ServerContext, limit: number): Promise<Uint8Array> {
  const arrival = bindingsOf(context)?.arrival;
  if (arrival === undefined) return await readRequest(context.req.raw, limit);
  return await arrival.inTime(readRequest(context.req.raw, limit));
}

async function readRequest(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > Math.max(limit, DISCARD_BYTES)) throw tooLarge(limit);
  try {
    if (announced !== null && Number(announced) > limit) return await readStream(bodyOf(request), limit);
    // Node holds a client to its content-length, and this way spares a stream.
    if (announced !== null) return new Uint8Array(await request.arrayBuffer());
    return await readStream(bodyOf(request), limit);
  } catch (error) {
    if (error instanceof GlossaError) throw error;
    throw new GlossaError('CANCELLED', 'the client left while sending its request', { cause: error });
  }
}

function bodyOf(request: Request): ReadableStream<Uint8Array> {
  return request.body ?? new Blob([]).stream();
}

async function readStream(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else chunks = [];
    if (size > Math.max(limit, DISCARD_BYTES)) break;
  }
  if (size > limit) throw tooLarge(limit);
  return Buffer.concat(chunks);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new GlossaError('INVALID_REQUEST', 'expected UTF-8 text as the body', { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text around the error, which may be part of a prompt.
    const reason = text.trim() === '' ? 'an empty body' : 'malformed JSON';
    throw new GlossaError('INVALID_REQUEST', `expected a JSON object as the body, received ${reason}`);
  }
}

function tooLarge(limit: number): GlossaError {
  return new GlossaError('BODY_TOO_LARGE', `the body exceeds the limit of ${limit} bytes`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
