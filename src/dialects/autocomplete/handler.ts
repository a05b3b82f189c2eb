import type { Engine } from '../../engine/engine.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { Caller } from '../../models/caller.js';
import type { ModelRegistry } from '../../models/registry.js';
import type { DialectServices, RequestRecord, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { readJsonObject } from '../../server/json-body.js';
import { fitPrompt } from './prompt.js';
import { drawSamples, type Sample } from './samples.js';
import { parseAutocompleteBody, type AutocompleteBody } from './schema.js';

/** `POST /autocomplete[/…]`: up to three sentences that continue a context. */
export async function handleAutocomplete(
  context: ServerContext,
  services: DialectServices,
): Promise<Response> {
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  const { body, ignored } = parseAutocompleteBody(await readJsonObject(context, services.settings.bodyLimit));
  const { signal } = context.req.raw;
  const caller = context.get('caller');
  const hints = [pathHint(context.req.path), body.model_size] as const;
  const model = resolveModel(services.models, caller, hints);
  const record = context.get('record');
  record.prompt = body.context;
  const lease = await services.models.acquire(model, { signal, caller });
  record.model = lease.id;
  let sentences: Sample[];
  try {
    sentences = await complete(lease.engine, body, { signal, elapsed, record });
  } finally {
    lease.release();
  }
  return context.json({ sentences, time: elapsed() }, 200, ignoredHeader(ignored));
}

async function complete(
  engine: Engine,
  body: AutocompleteBody,
  call: { signal: AbortSignal; elapsed: () => number; record: RequestRecord },
): Promise<Sample[]> {
  const context = body.context.trimEnd();
  const { prompt, maxNewTokens } = await fitPrompt(engine, context, {
    maxTokens: body.max_tokens,
    length: body.length,
    signal: call.signal,
  });
  const request: GenerationRequestInput = {
    prompt,
    maxNewTokens,
    doSample: true,
    // Beams have no text before they end, and samples end with their first sentence.
    numBeams: 1,
    temperature: body.temperature,
    topK: body.top_k,
    topP: body.top_p,
    numReturnSequences: body.n_samples,
    ...(body.seed !== undefined && { seed: body.seed }),
    ...(body.max_time !== undefined && { maxTime: body.max_time }),
  };
  return await drawSamples({ engine, request, context, ...call });
}

/** "/autocomplete/gpt2/large" -> "gpt2/large"; the empty text if the path names nothing. */
function pathHint(path: string): string {
  return path.replace(/^\/autocomplete\/?/, '').replace(/\/$/, '');
}

/**
 * The model that a path and a body ask for; the path wins. Both are hints: "gpt2/large" is looked up as it is, as
 * gpt2-large, as its last and as its first part. What nothing is known by gets the default model.
 */
function resolveModel(
  models: ModelRegistry,
  caller: Caller,
  [hint, modelSize]: readonly [path: string, modelSize: string | undefined],
): string {
  const parts = hint.split('/');
  const candidates = [hint, parts.join('-'), parts.at(-1), parts[0], modelSize];
  for (const name of candidates) {
    const id = name === undefined || name === '' ? undefined : models.find(name, caller);
    if (id !== undefined) return id;
  }
  return models.defaultFor(caller);
}
