import assert from 'node:assert/strict';

import { until } from '../../e2e/processes.js';
import { testServer, type TestServer, type TestServerOptions } from '../../fakes/server.js';

export const SYNC = '/inference/pretrained/gpt2';
export const START = `${SYNC}/async/start`;
export const CHECK_V1 = `${SYNC}/async/check`;
export const CHECK = `${SYNC}/async/check/v2`;
export const CANCEL = `${SYNC}/async/cancel`;
export const GENERIC_START = '/inference/start';
export const GENERIC_CHECK = '/inference/check';
export const ENVELOPED_START = '/api/task/start/v1/';
export const ENVELOPED_CHECK = '/api/task/check/v1/';

/** An answer as tests compare it. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export async function call(
  server: Pick<TestServer, 'post'>,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await server.post(path, body, headers);
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

/** Starts a task and gives its id. */
export async function start(server: Pick<TestServer, 'post'>, body: object): Promise<string> {
  const { status, body: answer } = await call(server, START, { string: 'The dog', ...body });
  assert.equal(status, 200, JSON.stringify(answer));
  assert.deepEqual(Object.keys(answer), ['Status', 'TaskID']);
  assert.equal(answer['Status'], 'Started');
  return String(answer['TaskID']);
}

/** Asks `async/check/v2` until the task is over. */
export async function ended(
  server: Pick<TestServer, 'post'>,
  id: string,
  credentials: object = {},
): Promise<Record<string, unknown>> {
  let answer: Record<string, unknown> = {};
  await until('the task is over', async () => {
    const checked = await call(server, CHECK, { taskID: id, ...credentials });
    assert.equal(checked.status, 200);
    answer = checked.body;
    return answer['Status'] === 'Finished' || answer['Status'] === 'Failed';
  });
  return answer;
}

/** The words that a body gets from a task. */
export async function wordsOf(body: object, server = testServer()): Promise<string[]> {
  const answer = await ended(server, await start(server, body));
  assert.equal(answer['Status'], 'Finished');
  return answer['Output'] as string[];
}

/** A server whose model says some words again and again. */
export function serverSaying(script: readonly string[], options: TestServerOptions = {}): TestServer {
  return testServer({ ...options, engine: { script: () => script, ...options.engine } });
}
