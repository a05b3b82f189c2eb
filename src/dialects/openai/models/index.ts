import { basename } from 'node:path';

import type { ModelInfo } from '../../../engine/engine.js';
import type { ModelStatus } from '../../../models/registry.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';

/** OpenAI's Model. */
export interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since 1970: when this server began to serve. */
  readonly created: number;
  readonly owned_by: string;
}

/** A model with what OpenAI's do not tell. null: not known before it is loaded. */
export interface DescribedModel extends ModelObject {
  readonly aliases: readonly string[];
  /** Id of the model whose weights it shares. */
  readonly base: string | null;
  /** Adapters on it, by the names of their files. */
  readonly lora: readonly { readonly file: string; readonly scale: number }[];
  readonly state: ModelStatus['state']['name'];
  /** Tokens of one prompt and its completion together. */
  readonly context_length: number | null;
  readonly vocabulary_size: number | null;
  readonly capabilities: Capabilities;
}

/** What a model can be asked for. */
interface Capabilities {
  readonly completion: true;
  readonly embeddings: true;
  /** Whether it has a chat template. */
  readonly chat: boolean | null;
  /** Whether a completion may have a suffix. */
  readonly fill_in_middle: boolean | null;
}

const STARTED = Math.floor(Date.now() / 1000);

/** `GET /v1/models`. */
export function listModels(context: ServerContext, { models }: DialectServices): Response {
  return context.json({ object: 'list', data: models.list(context.get('caller')).map(modelObject) });
}

/**
 * `GET /v1/models/{id}`, by id or alias.
 *
 * @throws GlossaError MODEL_NOT_FOUND
 */
export function showModel(context: ServerContext, { models }: DialectServices): Response {
  return context.json(describedModel(models.status(context.req.param('id'), context.get('caller'))));
}

function modelObject({ definition }: ModelStatus): ModelObject {
  return { id: definition.id, object: 'model', created: STARTED, owned_by: 'glossa' };
}

function describedModel(status: ModelStatus): DescribedModel {
  const { definition, state } = status;
  const info = state.name === 'ready' ? state.engine.info : null;
  return {
    ...modelObject(status),
    aliases: definition.aliases,
    base: definition.base ?? null,
    lora: definition.lora.map(({ path, scale }) => ({ file: basename(path), scale })),
    state: state.name,
    context_length: info?.contextSize ?? null,
    vocabulary_size: info?.vocabularySize ?? null,
    capabilities: capabilitiesOf(info),
  };
}

function capabilitiesOf(info: ModelInfo | null): Capabilities {
  return {
    completion: true,
    embeddings: true,
    chat: info && info.chatTemplate !== null,
    fill_in_middle: info && info.fillInMiddle !== null,
  };
}
