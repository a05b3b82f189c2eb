import { GlossaError } from '../../errors.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { readJsonObject } from '../../server/json-body.js';
import { inOurNames } from './errors.js';
import { acquireModel, MODEL_NAME } from './model.js';
import { embeddingsSchema, parseBody } from './schema.js';

/** `POST /v1/embeddings`: a vector of length 1 for each text, as long as the model's hidden size. */
export async function handleEmbeddings(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(embeddingsSchema, given);
  const inputs = typeof body.input === 'string' ? [body.input] : body.input;
  const { signal } = context.req.raw;
  const record = context.get('record');
  record.prompt = inputs.join('\n');
  const lease = await acquireModel(services.models, body.model, {
    signal,
    caller: context.get('caller'),
  });
  record.model = lease.id;
  try {
    const { vectors, promptTokens } = await lease.engine.embed(inputs, { signal });
    record.promptTokens = promptTokens.reduce((sum, count) => sum + count, 0);
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      embedding: Array.from(vector),
      index,
    }));
    return context.json({ object: 'list', data, model: MODEL_NAME }, 200, ignoredHeader(ignored));
  } catch (error) {
    throw inOurNames(GlossaError.from(error), 'input');
  } finally {
    lease.release();
  }
}
