import type { Caller } from '../../models/caller.js';
import type { ModelLease, ModelRegistry } from '../../models/registry.js';

/** What every answer calls its model, and another name for the default one. */
export const MODEL_NAME = 'chinese-llama-alpaca';

/**
 * The model that a body names; the default one if it names none, or the original's only one.
 *
 * @throws GlossaError MODEL_NOT_FOUND, and what loading throws
 */
export async function acquireModel(
  models: ModelRegistry,
  name: string | null | undefined,
  { signal, caller }: { readonly signal: AbortSignal; readonly caller: Caller },
): Promise<ModelLease> {
  const isPlain = name === undefined || name === null || name === '';
  const isDefault = isPlain || (name === MODEL_NAME && models.find(name, caller) === undefined);
  return await models.acquire(isDefault ? undefined : name, { signal, caller });
}
