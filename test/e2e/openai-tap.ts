import assert from 'node:assert/strict';

import { echoedCompletionValidator, openAiValidator } from '../openai-spec/validate.js';

/** One request that a client made, and what it was answered. */
export interface Exchange {
  readonly method: string;
  /** Without the host. */
  readonly path: string;
  readonly headers: Headers;
  /** What was sent, read as JSON; undefined: nothing. */
  readonly sent: Readonly<Record<string, unknown>> | undefined;
  readonly status: number;
  /** What `x-glossa-ignored-parameters` named. */
  readonly ignored: string | null;
  readonly isStream: boolean;
  /** What had come when the answer was at its end or was left. */
  readonly text: () => string;
  readonly isWhole: () => boolean;
}

const completion = echoedCompletionValidator();
const embeddings = openAiValidator('CreateEmbeddingResponse');
const error = openAiValidator('ErrorResponse');

/** OpenAI's schema of each route's answer, and of a chunk of its stream. */
const ANSWERS: Readonly<Record<string, (answer: unknown) => void>> = {
  '/v1/completions': completion,
  '/v1/chat/completions': openAiValidator('CreateChatCompletionResponse'),
  '/v1/embeddings': (answer) => {
    embeddings(withNumbers(answer as EncodedEmbeddings));
  },
  '/v1/models': openAiValidator('ListModelsResponse'),
  '/v1/models/ID': openAiValidator('Model'),
};
const CHUNKS: Readonly<Record<string, (chunk: unknown) => void>> = {
  '/v1/completions': (chunk) => {
    completion(withoutNullUsage(chunk as { usage?: unknown }));
  },
  '/v1/chat/completions': openAiValidator('CreateChatCompletionStreamResponse'),
};

interface EncodedEmbeddings {
  readonly data: readonly { readonly embedding: unknown }[];
}

/** The published schema knows no base64. */
function withNumbers(answer: EncodedEmbeddings): EncodedEmbeddings {
  const data = answer.data.map((item) => {
    if (typeof item.embedding !== 'string') return item;
    assert.match(item.embedding, /^[A-Za-z0-9+/]+={0,2}$/);
    return { ...item, embedding: [0] };
  });
  return { ...answer, data };
}

/** The published schema knows no usage of null in a completion's chunk, although its text does. */
function withoutNullUsage(chunk: { usage?: unknown }): object {
  const { usage, ...rest } = chunk;
  return usage === null ? rest : chunk;
}

/** A `fetch` for clients that keeps what passes by, and holds every answer and every chunk against OpenAI's schemas. */
export class Tap {
  readonly exchanges: Exchange[] = [];

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    // What the client gave is what goes out: a request that is read is spent.
    const sent = typeof init?.body === 'string' ? init.body : '';
    const response = await fetch(input, init);
    const parts: Uint8Array[] = [];
    let isWhole = response.body === null;
    this.exchanges.push({
      method: request.method,
      path: new URL(request.url).pathname,
      headers: request.headers,
      sent: sent === '' ? undefined : (JSON.parse(sent) as Record<string, unknown>),
      status: response.status,
      ignored: response.headers.get('x-glossa-ignored-parameters'),
      isStream: (response.headers.get('content-type') ?? '').startsWith('text/event-stream'),
      text: () => Buffer.concat(parts).toString(),
      isWhole: () => isWhole,
    });
    const passing = new TransformStream<Uint8Array, Uint8Array>({
      transform: (part, controller) => {
        parts.push(part);
        controller.enqueue(part);
      },
      flush: () => {
        isWhole = true;
      },
    });
    const { status, headers } = response;
    return new Response(response.body?.pipeThrough(passing) ?? null, { status, headers });
  };

  /** The last request. */
  get last(): Exchange {
    const exchange = this.exchanges.at(-1);
    assert.ok(exchange, 'the client made no request');
    return exchange;
  }

  /**
   * Checks all answers so far. Those that the client left are checked as far as they came.
   *
   * @returns how many there were
   */
  check(): number {
    for (const exchange of this.exchanges) checkExchange(exchange);
    return this.exchanges.length;
  }
}

function checkExchange(exchange: Exchange): void {
  const { status, isStream, text, isWhole } = exchange;
  const path = exchange.path.replace(/^\/v1\/models\/.+/, '/v1/models/ID');
  if (isStream) {
    checkFrames(exchange, CHUNKS[path]);
  } else if (isWhole()) {
    const check = status === 200 ? ANSWERS[path] : error;
    assert.ok(check, `no schema for ${path}`);
    check(JSON.parse(text()));
  }
}

function checkFrames(exchange: Exchange, check: ((chunk: unknown) => void) | undefined): void {
  assert.ok(check, `no schema for chunks of ${exchange.path}`);
  const frames = framesOf(exchange);
  // Some clients read no further than this.
  const isDone = frames.at(-1) === 'data: [DONE]';
  assert.ok(isDone || !exchange.isWhole(), `a stream ends with ${frames.at(-1) ?? 'nothing'}`);
  if (isDone) frames.pop();
  for (const frame of frames) check(jsonOf(frame));
}

/** Whole frames, but for the beginning of one that was cut. */
function framesOf({ text }: Exchange): string[] {
  return text().split('\n\n').slice(0, -1);
}

function jsonOf(frame: string): unknown {
  assert.match(frame, /^data: \{/);
  return JSON.parse(frame.slice('data: '.length));
}
