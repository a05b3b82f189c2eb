import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { until } from './processes.js';
import { ServedGlossa } from './server.js';

const clientScript = fileURLToPath(new URL('booste-client.js', import.meta.url));

/** What a call of the npm client gave or threw. */
interface Result {
  readonly value?: unknown;
  readonly thrown?: string;
}

/** booste@0.0.7 from npm. */
async function client(glossa: ServedGlossa, calls: readonly (readonly unknown[])[]): Promise<Result[]> {
  const env = { ...process.env, BoosteURL: `${glossa.url}/` };
  const { stdout } = await promisify(execFile)(process.execPath, [clientScript, JSON.stringify(calls)], {
    env,
  });
  return JSON.parse(stdout) as Result[];
}

type Body = Record<string, unknown>;

async function ask(glossa: ServedGlossa, path: string, body: unknown, status = 200): Promise<Body> {
  // As `requests.post(url, json=…)` sends it.
  const headers = { 'content-type': 'application/json' };
  const response = await glossa.post(path, body, { headers });
  const text = await response.text();
  assert.equal(response.status, status, `${path}: ${text}`);
  return JSON.parse(text) as Body;
}

function assertWords(words: unknown, length: number): void {
  assert.ok(Array.isArray(words));
  assert.equal(words.length, length);
  for (const word of words) assert.match(String(word), /^(\n|\S+)$/);
}

/** Asks until an answer says that the task is over. */
async function polled(
  glossa: ServedGlossa,
  request: { readonly path: string; readonly body: Body },
  isOver: (answer: Body) => boolean,
): Promise<Body> {
  let answer: Body = {};
  await until('the task is over', async () =>
    isOver((answer = await ask(glossa, request.path, request.body))),
  );
  return answer;
}

const isFinished = ({ Status }: Body): boolean => Status === 'Finished' || Status === 'Failed';
const key = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx';
const string = 'I went on a walk and suddenly, I';
const gpt2 = 'inference/pretrained/gpt2';

describe('booste@0.0.7 of npm', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start();
  });
  after(() => glossa.stop());

  test('gets its words from every function', async () => {
    // All at once: each of the synchronous ones sleeps for seconds.
    const [plain, full, xl, id, xlId, run, started] = await client(glossa, [
      ['gpt2', key, string],
      ['gpt2', key, string, 10, 0.8, 250],
      ['gpt2XL', key, string, 2],
      ['gpt2Start', key, string, 10],
      ['gpt2XLStart', key, string],
      ['run', key, 'gpt2', { string, length: 7 }],
      ['start', key, 'gpt2-xl', { string, length: 3, temperature: 0.5, windowMax: 50 }],
    ]);
    assertWords(plain?.value, 5);
    assertWords(full?.value, 10);
    assertWords(xl?.value, 2);
    assertWords(run?.value, 7);
    const [checked, xlChecked, generic] = await client(glossa, [
      ['gpt2Check', key, id?.value],
      ['gpt2XLCheck', key, xlId?.value],
      ['check', key, started?.value],
    ]);
    const answers = [checked?.value, xlChecked?.value, generic?.value] as Body[];
    assert.deepEqual([answers[0]?.['Status'], answers[1]?.['Status']], ['Finished', 'Finished']);
    assertWords(answers[0]?.['Output'], 10);
    assertWords(answers[1]?.['Output'], 5);
    assert.equal(answers[2]?.['status'], 'finished');
    assertWords(answers[2]['output'], 3);
  });

  test('shows its user what is wrong', async () => {
    const results = await client(glossa, [
      ['gpt2Start', key, string, -1],
      ['gpt2Check', key, 'none'],
      ['start', key, 'gpt9', { string }],
      ['check', key, 'none'],
    ]);
    const messages = results.map(({ thrown }) => thrown?.replace('\n', ': '));
    assert.deepEqual(messages, [
      '- Server error: Booste inference server returned status code 400: length: expected an integer from 0 to 100000',
      '- Server error: Booste inference server returned status code 404: there is no such task',
      'Server error: Booste inference start call returned status code 400: modelKey: no model is called so',
      'Server error: Booste inference check call returned status code 404: there is no such task',
    ]);
  });
});

describe('the Python clients, by what they send', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start({ config: { apiKeys: [key, 'another'] } });
  });
  // Not stop(): it asks for figures, and has no key.
  after(() => glossa.kill());
  const machineID = '7d1f2a3e-5a7b-4c7d-9e1f-0a1b2c3d4e5f';
  /** The documented call: booste.gpt2(api_key, in_string, length). */
  const started = { string, length: '10', temperature: '0.8', machineID, apiKey: key };

  test('0.1.6 gets one text that it can cut by itself', async () => {
    const response = await glossa.post(`/${gpt2}`, { ...started, length: '20' });
    const raw = await response.text();
    assert.ok(raw.startsWith('["') && raw.endsWith('"]') && !raw.includes('\\u'));
    const [text = ''] = JSON.parse(raw) as string[];
    assertWords(text.split(' '), 20);
    const { promptTokens, generatedTokens, model } = await glossa.logged(
      response.headers.get('x-request-id') ?? '',
    );
    assert.ok((promptTokens ?? 0) > 5 && (generatedTokens ?? 0) >= 20);
    assert.equal(model, 'glossa-tales');
  });

  test('0.2.2: async/start, then async/check without a key until it is not PENDING', async () => {
    const { TaskID } = await ask(glossa, `/${gpt2}/async/start`, {
      ...started,
      modelSize: 'gpt2',
      windowMax: 100,
    });
    const check = { path: `/${gpt2}/async/check`, body: { TaskID } };
    const answer = await polled(glossa, check, ({ Status }) => Status !== 'PENDING');
    assert.equal(answer['Status'], 'Finished');
    assertWords(answer['Output'], 10);
  });

  test('0.2.9: async/start, then async/check/v2', async () => {
    const body = { ...started, modelSize: 'gpt2-xl', windowMax: 250, syncMode: 'asynchronous' };
    const { TaskID } = await ask(glossa, `/${gpt2}/async/start`, body);
    const check = {
      path: `/${gpt2}/async/check/v2`,
      body: { TaskID, apiKey: key, syncMode: 'asynchronous' },
    };
    const { Status, Output } = await polled(glossa, check, isFinished);
    assert.equal(Status, 'Finished');
    assertWords(Output, 10);
  });

  test('0.2.9: inference/start, then inference/check', async () => {
    const modelParameters = { string, length: 4 };
    const { taskID } = await ask(glossa, '/inference/start', {
      ...{ apiKey: key, modelKey: 'gpt2', modelParameters, machineID, syncMode: 'synchronous' },
    });
    const check = { path: '/inference/check', body: { taskID, apiKey: key, syncMode: 'synchronous' } };
    const answer = await polled(glossa, check, ({ status }) => status === 'finished' || status === 'failed');
    assertWords(answer['output'], 4);
  });

  test('0.3.1: api/task/start/v1/, then one api/task/check/v1/ that waits', async () => {
    const envelope = { id: machineID, created: 1_620_000_000 };
    const data = { apiKey: key, modelKey: 'gpt2', modelParameters: { string, length: 60 } };
    const begun = await ask(glossa, '/api/task/start/v1/', { ...envelope, data });
    assert.equal(begun['success'], true);
    const { taskID } = begun['data'] as Body;
    const body = { ...envelope, longPoll: true, data: { taskID, apiKey: key } };
    const checked = await ask(glossa, '/api/task/check/v1/', body);
    const { taskStatus, taskOut } = checked['data'] as { taskStatus: string; taskOut: Body };
    assert.deepEqual([checked['success'], taskStatus], [true, 'Done']);
    assertWords(taskOut['output'], 60);
  });

  test('a key is needed, and another one does not see the task', async () => {
    const { message } = await ask(glossa, `/${gpt2}/async/start`, { string }, 401);
    assert.equal(message, 'an API key is required');
    await ask(glossa, `/${gpt2}`, { string, apiKey: 'wrong' }, 401);
    const { TaskID } = await ask(glossa, `/${gpt2}/async/start`, started);
    await ask(glossa, `/${gpt2}/async/check/v2`, { TaskID, apiKey: 'another' }, 404);
    await ask(glossa, `/${gpt2}/async/cancel`, { TaskID, apiKey: 'another' }, 404);
  });
});

describe('long texts', () => {
  test('go beyond the context, show their progress, and survive kill -9', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'glossa-booste-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const first = await ServedGlossa.start({ folder });
    t.after(() => first.kill());
    const length = 900;
    const { TaskID } = await ask(first, `/${gpt2}/async/start`, { string, length, seed: 5 });
    const path = `/glossa/tasks/${String(TaskID)}`;
    const wordsSoFar = async (): Promise<number> => {
      const { progress } = (await (await first.get(path)).json()) as { progress: { words: number } | null };
      return progress?.words ?? 0;
    };
    await until('the task has come some way', async () => (await wordsSoFar()) > 100);
    await first.kill();
    const second = await ServedGlossa.start({ folder });
    t.after(() => second.kill());
    const check = { path: `/${gpt2}/async/check/v2`, body: { TaskID } };
    const { Output } = await polled(second, check, isFinished);
    // More than the 512 tokens of the model's context.
    assertWords(Output, length);
    await second.stop();
  });

  test('end when they are cancelled', async (t) => {
    const glossa = await ServedGlossa.start();
    t.after(() => glossa.kill());
    const { TaskID } = await ask(glossa, `/${gpt2}/async/start`, { string, length: 100_000 });
    await until('it runs', async () => (await glossa.stats())?.active_requests === 1);
    const cancelled = await ask(glossa, `/${gpt2}/async/cancel`, { TaskID });
    assert.deepEqual(cancelled, { Status: 'Cancelled', TaskID });
    await glossa.idle();
    await glossa.stop();
  });

  test('at once: a client of the first kind that leaves frees the model', async (t) => {
    const glossa = await ServedGlossa.start();
    t.after(() => glossa.kill());
    const leave = new AbortController();
    const asked = glossa.post(`/${gpt2}`, { string, length: 100_000 }, { signal: leave.signal });
    await until('it runs', async () => (await glossa.stats())?.active_requests === 1);
    leave.abort();
    await assert.rejects(asked);
    await glossa.idle();
    await glossa.stop();
  });
});
