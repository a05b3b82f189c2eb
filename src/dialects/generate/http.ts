import { GlossaError } from '../../errors.js';
import { BodyStream } from '../../server/body-stream.js';
import { bindingsOf, type DialectServices, type ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { readJsonObject, type JsonObject } from '../../server/json-body.js';
import type { Batches, BatchOptions, BatchResult } from './batches.js';
import { errorText, inOurTerms, Refusal } from './errors.js';
import { completeConfig, setInVain } from './parameters.js';
import { parseBatch, parseOne, type GenerateCall } from './schema.js';

const TEXT_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would otherwise collect the stream before passing it on.
  'x-accel-buffering': 'no',
};

/** `POST /api/generate-one`: the text itself, as it comes if it can. */
export async function handleGenerateOne(
  context: ServerContext,
  services: DialectServices,
  batches: Batches,
): Promise<Response> {
  const call = parseOne(await readBody(context, services));
  const headers = { ...TEXT_HEADERS, ...ignoredHeader(ignoredNames(call, services)) };
  const options = optionsOf(context, call);
  if (isStreamed(call, services)) return await streamText(context, { batches, call, options, headers });
  const { rows, prompts } = await batches.run(call, options, {});
  const prompt = call.onlyNewTokens ? '' : prompts.join('');
  return context.body(prompt + rows.map((row) => row.text).join(''), 200, headers);
}

/** `POST /api/generate-batch`: several texts at once. 206 says that there is more to be generated. */
export async function handleGenerateBatch(
  context: ServerContext,
  services: DialectServices,
  batches: Batches,
): Promise<Response> {
  const call = parseBatch(await readBody(context, services));
  const result = await batches.run(call, optionsOf(context, call), {});
  const status = result.rows.every((row) => row.hasEnded) ? 200 : 206;
  return context.json(batchAnswer(call, result), status, ignoredHeader(ignoredNames(call, services)));
}

/** Names of what a request brought and what had no effect. */
export function ignoredNames(call: GenerateCall, { settings }: DialectServices): string[] {
  const given = call.config ?? {};
  return [...call.ignored, ...setInVain(given, completeConfig(given, settings.generateDefaults))];
}

/** Beams have no text before they end. */
export function isStreamed({ stream, config }: GenerateCall, { settings }: DialectServices): boolean {
  return stream && (config?.num_beams ?? settings.generateDefaults.num_beams) === 1;
}

async function readBody(context: ServerContext, services: DialectServices): Promise<JsonObject> {
  try {
    return await readJsonObject(context, services.settings.bodyLimit);
  } catch (error) {
    const { code, message } = GlossaError.from(error);
    if (code !== 'INVALID_REQUEST') throw error;
    throw new Refusal('Invalid JSON format', message, { cause: error });
  }
}

function optionsOf(context: ServerContext, call: GenerateCall): BatchOptions {
  const record = context.get('record');
  record.prompt = call.prompts.map((prompt) => prompt.text).join('\n');
  return { caller: context.get('caller'), signal: context.req.raw.signal, record };
}

interface TextStream {
  readonly batches: Batches;
  readonly call: GenerateCall;
  readonly options: BatchOptions;
  readonly headers: Record<string, string>;
}

async function streamText(
  context: ServerContext,
  { batches, call, options, headers }: TextStream,
): Promise<Response> {
  const body = new BodyStream();
  const signal = AbortSignal.any([options.signal, body.left]);
  let begin: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const run = batches.run(
    call,
    { ...options, signal },
    {
      initialized: ([prompt = '']) => {
        if (!call.onlyNewTokens) body.write(prompt);
        begin?.();
      },
      progress: async ([text = '']) => {
        if (!body.write(text)) await body.drained();
      },
    },
  );
  const ended = run.then(
    () => {
      body.close();
    },
    (error: unknown) => {
      const told = inOurTerms(GlossaError.from(error));
      options.record.error = told;
      const outgoing = bindingsOf(context)?.outgoing;
      body.fail(errorText(told), outgoing && (() => outgoing.destroy()));
    },
  );
  // Before the response begins an error has its own status; after that only the text can tell it.
  await Promise.race([begun, run]);
  void ended;
  return context.body(body.readable, 200, headers);
}

function batchAnswer(call: GenerateCall, { rows, prompts }: BatchResult): object[] {
  return call.prompts.map(({ requestId }, index) => ({
    request_id: requestId,
    ...(!call.onlyNewTokens && { prompt: prompts[index] ?? '' }),
    response: rows[index]?.text ?? '',
  }));
}
