import assert from 'node:assert/strict';

import type { GenerationRequest } from '../../../src/generation/request.js';
import { FakeEngine, type FakeEngineOptions } from '../../fakes/engine.js';
import { testServer, type TestServerOptions } from '../../fakes/server.js';
import { openAiValidator } from '../../openai-spec/validate.js';

const CHAT = '/v1/chat/completions';

/** A line for each message. */
export const TEMPLATE =
  "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{{ 'assistant:' }}";

/** A conversation of one question. */
export const QUESTION = { messages: [{ role: 'user', content: 'A' }] };

interface Token {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
  readonly top_logprobs?: readonly Token[];
}

/** What tests read of a tool call. */
export interface Call {
  readonly index?: number;
  readonly id?: string;
  readonly type?: string;
  readonly function: { readonly name?: string; readonly arguments: string };
}

/** What tests read of an answer. */
export interface Answer {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly content: string | null; readonly tool_calls?: readonly Call[] };
    readonly logprobs: { readonly content: readonly Token[]; readonly refusal: null } | null;
    readonly finish_reason: string;
  }[];
  readonly usage: Usage;
}

/** What tests read of an answer's counts. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details?: { readonly discarded_tokens: number };
}

/** What tests read of a chunk. */
export interface Chunk {
  readonly id: string;
  readonly created: number;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: {
      readonly role?: string;
      readonly content?: string | null;
      readonly tool_calls?: readonly Call[];
    };
    readonly logprobs: { readonly content: readonly Token[] } | null;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Usage | null;
}

/** An error as clients get it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** A server for chats, in memory; everything that it sends is checked against OpenAI's schemas. */
export interface ChatServer {
  readonly engine: FakeEngine;
  readonly post: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** The answer to a body, which is to be one. */
  answer(body: object): Promise<Answer>;
  /** The chunks of a streamed answer. */
  chunks(body: object): Promise<Chunk[]>;
  refusal(body: unknown): Promise<Refusal>;
  /** What the engine was asked for. */
  requestFor(body: object): Promise<GenerationRequest>;
  /** Names in the header of fields without effect. */
  ignoredIn(body: object): Promise<string | null>;
}

/** A server with one model, called "fake". */
export function chatServer(
  options: FakeEngineOptions = {},
  server: Omit<TestServerOptions, 'engine' | 'makeEngine'> = {},
): ChatServer {
  const engine = new FakeEngine({ ...options, info: { chatTemplate: TEMPLATE, ...options.info } });
  const served = testServer({ ...server, makeEngine: () => engine });
  const post: ChatServer['post'] = async (body, headers) => await served.post(CHAT, body, headers);
  const succeed = async (body: object): Promise<Response> => {
    const response = await post(body);
    if (response.status !== 200) assert.fail(await response.text());
    return response;
  };
  return {
    engine,
    post,
    answer: async (body) => answerIn(await succeed(body)),
    chunks: async (body) => await chunksIn(await succeed({ ...body, stream: true })),
    refusal: async (body) => await refusalIn(await post(body)),
    requestFor: async (body) => {
      await answerIn(await succeed(body));
      const request = engine.requests.at(-1);
      assert.ok(request !== undefined);
      return request;
    },
    ignoredIn: async (body) => (await succeed(body)).headers.get('x-glossa-ignored-parameters'),
  };
}

const checkAnswer = openAiValidator('CreateChatCompletionResponse');
const checkChunk = openAiValidator('CreateChatCompletionStreamResponse');
const checkError = openAiValidator('ErrorResponse');

/** The answer in a response. */
export async function answerIn(response: Response): Promise<Answer> {
  const answer = await response.json();
  checkAnswer(answer);
  return answer as Answer;
}

/** The chunks of a whole stream, which must end as it should. */
export async function chunksIn(response: Response): Promise<Chunk[]> {
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const frames = framesIn(await response.text());
  assert.equal(frames.pop(), '[DONE]');
  return frames.map((frame) => {
    const chunk = JSON.parse(frame) as Chunk;
    checkChunk(chunk);
    return chunk;
  });
}

/** The data of each event. */
export function framesIn(text: string): string[] {
  assert.ok(text.endsWith('\n\n'));
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((frame) => frame.replace(/^data: /, ''));
}

/** The error in a response. */
export async function refusalIn(response: Response): Promise<Refusal> {
  const body = (await response.json()) as { error: Omit<Refusal, 'status'> };
  checkError(body);
  return { status: response.status, ...body.error };
}

/** The text of a choice that chunks make up. */
export function contentOf(chunks: readonly Chunk[], index = 0): string {
  return chunks
    .flatMap(({ choices }) => choices)
    .filter((choice) => choice.index === index)
    .map(({ delta }) => delta.content ?? '')
    .join('');
}
