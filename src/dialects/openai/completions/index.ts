import { GlossaError } from '../../../errors.js';
import type { ModelLease } from '../../../models/registry.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { streamChunks } from '../../../server/chunk-stream.js';
import { ignoredHeader } from '../../../server/ignored-header.js';
import { readJsonObject } from '../../../server/json-body.js';
import { parseBody, type ParsedBody } from '../body.js';
import { errorBody, inOurNames } from '../errors.js';
import { fingerprintOf } from '../identity.js';
import { TokenTexts } from '../token-texts.js';
import { answerOf, chunksOf, type AnswerSource } from './answer.js';
import { ignoredNames } from './ignored.js';
import { refuseTooManyLogprobs } from './logprob-bounds.js';
import { planOf } from './plan.js';
import { echoedTexts, preparePrompts } from './prepare.js';
import { completePrompts } from './run.js';
import { templatedPrompts } from './template.js';
import { completionSchema, type CompletionBody } from './schema.js';
import { Texts } from './texts.js';

/** `POST /v1/completions`: what follows each of the prompts. */
export async function handleCompletion(context: ServerContext, services: DialectServices): Promise<Response> {
  const parsed = parseBody(completionSchema, await readJsonObject(context, services.settings.bodyLimit));
  const { body } = parsed;
  const record = context.get('record');
  record.prompt = body.prompt.filter((prompt) => typeof prompt === 'string').join('\n');
  const { signal } = context.req.raw;
  const lease = await services.models.acquire(body.model, { signal, caller: context.get('caller') });
  record.model = lease.id;
  const stop = new AbortController();
  let source: AnswerSource;
  try {
    source = await sourceOf(context, parsed, { lease, stop });
  } catch (error) {
    lease.release();
    throw inOurNames(GlossaError.from(error));
  }
  if (body.stream === true)
    return await streamChunks(context, {
      chunks: chunksOf(source, body.stream_options?.include_usage ?? false),
      stop,
      release: () => {
        lease.release();
      },
      errorChunk: errorBody,
    });
  try {
    return context.json(await answerOf(source));
  } finally {
    lease.release();
  }
}

/** What a request runs with. */
interface Means {
  readonly lease: ModelLease;
  readonly stop: AbortController;
}

async function sourceOf(
  context: ServerContext,
  { body, ignored }: ParsedBody<CompletionBody>,
  { lease, stop }: Means,
): Promise<AnswerSource> {
  const { signal } = context.req.raw;
  const { id: model, engine, defaults } = lease;
  const { prompt_template: template = 'none' } = body;
  const templated = template === 'none' ? undefined : await templatedPrompts(lease, body, template, signal);
  const plan = planOf(body, defaults, templated?.stopStrings);
  const preparation = { engine, plan, suffix: body.suffix, signal };
  const prompts = await preparePrompts(templated?.prompts ?? body.prompt, preparation);
  refuseTooManyLogprobs(body, prompts, { plan, lease });
  const tokenTexts = body.logprobs === undefined ? undefined : new TokenTexts(await engine.vocabulary());
  const echo = body.echo === true ? await echoedTexts(body.prompt, preparation) : undefined;
  const { sequences } = plan;
  return {
    ...{ model, plan, prompts: prompts.length, fingerprint: fingerprintOf(model, engine.info) },
    texts: new Texts({ prompts: prompts.length, sequences, tokenTexts, echo, record: context.get('record') }),
    events: completePrompts({
      ...{ engine, prompts, plan, signal, stop },
      onBegin: (running, input) => {
        const names = [...ignored, ...ignoredNames(body, plan, { running, input })];
        for (const [name, value] of Object.entries(ignoredHeader(names))) context.header(name, value);
      },
    }),
  };
}
