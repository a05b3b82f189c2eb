import assert from 'node:assert/strict';

import type { GenerationRequest } from '../../../src/generation/request.js';
import { FakeEngine, type FakeEngineOptions } from '../../fakes/engine.js';
import { testServer, type TestServerOptions } from '../../fakes/server.js';
import { openAiValidator } from '../../openai-spec/validate.js';
import { refusalIn, TEMPLATE, type Refusal } from './chat-server.js';

const RESPONSES = '/v1/responses';

/** A text to be answered. */
export const INPUT = { input: 'A' };

interface Token {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** What tests read of a token that is told of. */
export interface Logprob extends Token {
  readonly top_logprobs: readonly Token[];
}

/** What tests read of a message's part. */
export interface Part {
  readonly type: string;
  readonly text: string;
  readonly logprobs: readonly Logprob[];
}

/** What tests read of an item. */
export interface Item {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly content?: readonly Part[];
  readonly call_id?: string;
  readonly name?: string;
  readonly arguments?: string;
}

/** What tests read of a response. */
export interface ResponseObject extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly status: string;
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly output: readonly Item[];
  readonly incomplete_details: { readonly reason: string } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
}

/** What tests read of an event. */
export interface Event extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly sequence_number: number;
  readonly output_index?: number;
  readonly item_id?: string;
  readonly delta?: string;
  readonly text?: string;
  readonly arguments?: string;
  readonly item?: Item;
  readonly part?: Part;
  readonly logprobs?: readonly Logprob[];
  readonly response?: ResponseObject;
}

/** A server for responses, in memory; everything that it sends is checked against OpenAI's schemas. */
export interface ResponsesServer {
  readonly engine: FakeEngine;
  readonly request: (method: string, path: string) => Promise<Refusal>;
  readonly post: (body: unknown) => Promise<Response>;
  answer(body: object): Promise<ResponseObject>;
  events(body: object): Promise<Event[]>;
  refusal(body: unknown): Promise<Refusal>;
  requestFor(body: object): Promise<GenerationRequest>;
  ignoredIn(body: object): Promise<string | null>;
}

/** A server with one model, called "fake". */
export function responsesServer(
  options: FakeEngineOptions = {},
  server: Omit<TestServerOptions, 'engine' | 'makeEngine'> = {},
): ResponsesServer {
  const engine = new FakeEngine({ ...options, info: { chatTemplate: TEMPLATE, ...options.info } });
  const served = testServer({ ...server, makeEngine: () => engine });
  const post: ResponsesServer['post'] = async (body) => await served.post(RESPONSES, body);
  const succeed = async (body: object): Promise<Response> => {
    const response = await post(body);
    if (response.status !== 200) assert.fail(await response.text());
    return response;
  };
  return {
    engine,
    post,
    request: async (method, path) => await refusalIn(await served.app.request(path, { method })),
    answer: async (body) => await responseIn(await succeed(body)),
    events: async (body) => await eventsIn(await succeed({ ...body, stream: true })),
    refusal: async (body) => await refusalIn(await post(body)),
    requestFor: async (body) => {
      await responseIn(await succeed(body));
      const request = engine.requests.at(-1);
      assert.ok(request !== undefined);
      return request;
    },
    ignoredIn: async (body) => (await succeed(body)).headers.get('x-glossa-ignored-parameters'),
  };
}

const checkResponse = openAiValidator('Response');
const checkEvent = openAiValidator('ResponseStreamEvent');

/** The response object in an answer. */
export async function responseIn(response: Response): Promise<ResponseObject> {
  const answer = await response.json();
  checkResponse(answer);
  return answer as ResponseObject;
}

/** The events of a whole stream: named by their types, numbered from 0, with nothing behind them. */
export async function eventsIn(response: Response): Promise<Event[]> {
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const text = await response.text();
  assert.ok(text.endsWith('\n\n'));
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((frame, index) => {
      const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? assert.fail(frame);
      const event = JSON.parse(data) as Event;
      checkEvent(event);
      assert.deepEqual([event.type, event.sequence_number], [name, index]);
      return event;
    });
}

/** The text of a response's messages. */
export function textOf({ output }: Pick<ResponseObject, 'output'>): string {
  return output.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('');
}
