import assert from 'node:assert/strict';

import type { CompletionObject } from '../../../src/dialects/openai/completions/answer.js';
import type { ErrorBody } from '../../../src/dialects/openai/errors.js';
import type { GenerationDefaults } from '../../../src/generation/request.js';
import {
  testConfiguration,
  testServer,
  type TestServer,
  type TestServerOptions,
} from '../../fakes/server.js';
import { echoedCompletionValidator, openAiValidator } from '../../openai-spec/validate.js';

export const COMPLETIONS = '/v1/completions';

/** A server of a test. */
export interface Posting {
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

const validateEchoed = echoedCompletionValidator();
const validateError = openAiValidator('ErrorResponse');

/** A whole answer, checked against OpenAI's schema. */
export async function complete(server: Posting, body: object): Promise<CompletionObject> {
  return await completionIn(await server.post(COMPLETIONS, body));
}

/** The answer that a response holds. */
export async function completionIn(response: Response): Promise<CompletionObject> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const answer = JSON.parse(text) as CompletionObject;
  validateEchoed(answer);
  assert.deepEqual(
    answer.choices.map(({ index }) => index),
    [...answer.choices.keys()],
  );
  return answer;
}

/** All chunks of a stream, each checked against OpenAI's schema; the closing frame must be there. */
export async function stream(server: Posting, body: object): Promise<CompletionObject[]> {
  return await chunksIn(await server.post(COMPLETIONS, { ...body, stream: true }));
}

/** The chunks that a response holds. */
export async function chunksIn(response: Response): Promise<CompletionObject[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const frames = text.split('\n\n');
  assert.deepEqual(frames.splice(-2), ['data: [DONE]', '']);
  const chunks = frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as CompletionObject);
  for (const chunk of chunks) {
    // The published schema knows no usage of null in a completion's chunk, although its text does.
    const { usage, ...rest } = chunk;
    validateEchoed(usage === null ? rest : chunk);
  }
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  return chunks;
}

/** What a stream's chunks are together. */
export function joined(
  chunks: readonly CompletionObject[],
  index: number,
): CompletionObject['choices'][number] {
  const parts = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
  const told = parts.flatMap(({ logprobs }) => logprobs ?? []);
  return {
    index,
    text: parts.map(({ text }) => text).join(''),
    logprobs:
      told.length === 0
        ? null
        : {
            tokens: told.flatMap(({ tokens }) => tokens),
            token_logprobs: told.flatMap(({ token_logprobs: logprobs }) => logprobs),
            top_logprobs: told.flatMap(({ top_logprobs: top }) => top),
            text_offset: told.flatMap(({ text_offset: offset }) => offset),
          },
    finish_reason: parts.at(-1)?.finish_reason ?? null,
  };
}

/** An error's content, checked against OpenAI's schema. */
export async function errorIn(response: Response, status = 400): Promise<ErrorBody['error']> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const body = JSON.parse(text) as ErrorBody;
  validateError(body);
  assert.deepEqual(Object.keys(body.error), ['message', 'type', 'param', 'code']);
  return body.error;
}

/** A server whose model has something configured for requests that say nothing. */
export function configured(
  generation: GenerationDefaults,
  options: Omit<TestServerOptions, 'configuration'> = {},
): TestServer {
  const configuration = testConfiguration();
  const models = configuration.catalogue.models.map((model) => ({ ...model, generation }));
  const catalogue = { ...configuration.catalogue, models };
  return testServer({ ...options, configuration: { ...configuration, catalogue } });
}
