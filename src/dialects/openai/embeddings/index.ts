import { endianness } from 'node:os';

import type { ModelInfo } from '../../../engine/engine.js';
import { leastTokens } from '../../../engine/text-bounds.js';
import { GlossaError } from '../../../errors.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { ignoredHeader } from '../../../server/ignored-header.js';
import { readJsonObject } from '../../../server/json-body.js';
import { parseBody } from '../body.js';
import { inOurNames } from '../errors.js';
import type { TextOrIds } from '../texts-or-ids.js';
import { embeddingsSchema } from './schema.js';

/** Of all inputs of one request together, as in OpenAI's API. */
const MOST_TOKENS = 300_000;

/** OpenAI's CreateEmbeddingResponse. */
interface EmbeddingsObject {
  readonly object: 'list';
  readonly data: readonly {
    readonly object: 'embedding';
    readonly index: number;
    readonly embedding: readonly number[] | string;
  }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

/** `POST /v1/embeddings`: a vector of length 1 for each input, as long as the model's hidden size or shorter. */
export async function handleEmbeddings(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(embeddingsSchema, given);
  const record = context.get('record');
  record.prompt = body.input.filter((input) => typeof input === 'string').join('\n');
  const { signal } = context.req.raw;
  const lease = await services.models.acquire(body.model, { signal, caller: context.get('caller') });
  record.model = lease.id;
  try {
    checkTogether(body.input, lease.engine.info);
    const { vectors, promptTokens } = await lease.engine.embed(body.input, { signal });
    const tokens = promptTokens.reduce((sum, count) => sum + count, 0);
    record.promptTokens = tokens;
    const written = body.encoding_format === 'base64' ? base64 : numbers;
    const answer: EmbeddingsObject = {
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: written(shortened(vector, body.dimensions)),
      })),
      model: lease.id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
    return context.json(answer, 200, ignoredHeader(ignored));
  } catch (error) {
    throw inOurNames(GlossaError.from(error));
  } finally {
    lease.release();
  }
}

/** Refuses what is too much for one request, as far as it is known before it is tokenized. */
function checkTogether(inputs: readonly TextOrIds[], info: ModelInfo): void {
  let tokens = 0;
  for (const input of inputs) tokens += typeof input === 'string' ? leastTokens(input, info) : input.length;
  if (tokens <= MOST_TOKENS) return;
  const message = `input: expected at most ${MOST_TOKENS} tokens over all inputs, received at least ${tokens}`;
  throw new GlossaError('INVALID_REQUEST', message, { param: 'input' });
}

/** The first `dimensions` numbers, of length 1 again. */
function shortened(vector: Float32Array, dimensions: number = vector.length): Float32Array {
  if (dimensions > vector.length)
    throw new GlossaError(
      'INVALID_REQUEST',
      `dimensions: expected at most ${vector.length}, the model's own, received ${dimensions}`,
      { param: 'dimensions' },
    );
  if (dimensions === vector.length) return vector;
  const kept = vector.slice(0, dimensions);
  const norm = Math.sqrt(kept.reduce((sum, value) => sum + value * value, 0));
  return norm === 0 ? kept : kept.map((value) => value / norm);
}

function numbers(vector: Float32Array): number[] {
  return Array.from(vector);
}

function base64(vector: Float32Array): string {
  const bytes = Buffer.from(Float32Array.from(vector).buffer);
  return (endianness() === 'LE' ? bytes : bytes.swap32()).toString('base64');
}
