import assert from 'node:assert/strict';

import type { GenerationRequest } from '../../../src/generation/request.js';
import { testServer, type TestServer } from '../../fakes/server.js';

/** Words that a fake engine counts through; every position of a text has its own. */
export function counting(request: GenerationRequest): string[] {
  const start = request.prompt.length;
  return Array.from({ length: 300 }, (_, index) => ` w${start + index}`);
}

/** A server whose model counts on from the length of what it is given. */
export function countingServer(flags: Parameters<typeof testServer>[0] = {}): TestServer {
  return testServer({ ...flags, engine: { script: (_, request) => counting(request), ...flags.engine } });
}

/** The answer's text; fails if the status is not 200. */
export async function one(server: TestServer, body: object): Promise<string> {
  const response = await server.post('/api/generate-one', { request_id: 'a', prompt: 'The dog', ...body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

/** What the engine was asked for by a body. */
export async function requestFor(
  generation_config: object,
  server = testServer(),
): Promise<GenerationRequest> {
  await one(server, { generation_config });
  const request = server.engine().requests.at(-1);
  assert.ok(request !== undefined);
  return request;
}

/** Fails unless `actual` has all that `expected` has. */
export function assertHolds(actual: object, expected: object): void {
  const names = Object.keys(expected);
  assert.deepEqual(
    Object.fromEntries(Object.entries(actual).filter(([name]) => names.includes(name))),
    expected,
  );
}
