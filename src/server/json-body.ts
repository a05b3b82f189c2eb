import { GlossaError } from '../errors.js';
import type { ServerContext } from './dialect.js';

/** A request's body as a JSON object. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads a body as a JSON object, whatever its media type says: clients of several APIs send none, or a wrong one.
 *
 * @throws GlossaError BODY_TOO_LARGE as soon as more than `limit` bytes came or are announced; INVALID_REQUEST if
 *   it is no UTF-8, no JSON, or no object; CANCELLED if the client left before its end
 */
export async function readJsonObject(context: ServerContext, limit: number): Promise<JsonObject> {
  const bytes = await readBody(context.req.raw, limit);
  const value = parseJson(decodeUtf8(bytes));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new GlossaError('INVALID_REQUEST', `expected a JSON object as the body, received ${kindOf(value)}`);
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > limit) throw tooLarge(limit);
  try {
    // Node holds a client to its content-length, and this way spares a stream.
    if (announced !== null) return new Uint8Array(await request.arrayBuffer());
    return request.body === null ? new Uint8Array() : await readStream(request.body, limit);
  } catch (error) {
    if (error instanceof GlossaError) throw error;
    throw new GlossaError('CANCELLED', 'the client left while sending its request', { cause: error });
  }
}

async function readStream(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
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
