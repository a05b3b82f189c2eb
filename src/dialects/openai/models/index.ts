import type { ModelStatus } from '../../../models/registry.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';

/** OpenAI's Model. */
interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since 1970. */
  readonly created: number;
  readonly owned_by: string;
}

/** When this server began to serve its models. */
const STARTED = Math.floor(Date.now() / 1000);

/** `GET /v1/models`. */
export function listModels(context: ServerContext, { models }: DialectServices): Response {
  return context.json({ object: 'list', data: models.list().map(modelObject) });
}

/** `GET /v1/models/{id}`, by id or alias. */
export function showModel(context: ServerContext, { models }: DialectServices): Response {
  return context.json(modelObject(models.status(context.req.param('id'))));
}

function modelObject({ definition }: ModelStatus): ModelObject {
  return { id: definition.id, object: 'model', created: STARTED, owned_by: 'glossa' };
}
