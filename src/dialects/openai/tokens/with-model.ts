import type { ModelLease } from '../../../models/registry.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';

/**
 * Answers with a model that is there until the answer is.
 *
 * @throws GlossaError MODEL_NOT_FOUND, and what loading throws
 */
export async function withModel(
  context: ServerContext,
  { models }: DialectServices,
  name: string | undefined,
  answer: (lease: ModelLease, signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const { signal } = context.req.raw;
  const lease = await models.acquire(name, { signal, caller: context.get('caller') });
  context.get('record').model = lease.id;
  try {
    return await answer(lease, signal);
  } finally {
    lease.release();
  }
}
