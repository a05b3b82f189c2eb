import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer, type TestServer } from '../../fakes/server.js';
import {
  call,
  CANCEL,
  CHECK,
  CHECK_V1,
  ended,
  ENVELOPED_CHECK,
  ENVELOPED_START,
  GENERIC_CHECK,
  GENERIC_START,
  serverSaying,
  start,
  START,
  SYNC,
} from './calls.js';

const WORDS = ['barks', 'at', 'the', 'moon.', 'Then'];
const UNUSED = 'x-glossa-ignored-parameters';

/** A server whose tasks take a while. */
const slow = (): TestServer => testServer({ engine: { tokenDelayMs: 20 } });

describe('the first clients: inference/pretrained/gpt2', () => {
  test('get a list of one text, and nothing around it', async () => {
    const body = { string: 'The dog', length: '5', temperature: '0.8', machineID: 'm', apiKey: 'any' };
    const response = await testServer().post(SYNC, body);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(response.headers.get(UNUSED), 'machineID');
    assert.equal(await response.text(), '["barks at the moon. Then"]');
  });

  test('find every word again when they cut and unescape by their own rules', async () => {
    const server = serverSaying([' "Héllo', '",\n', ' wor', 'ld 犬', '\n', '\n', 'end']);
    const response = await server.post(SYNC, { string: 'A', length: 9 });
    assert.deepEqual(oldestClientsList(await response.text()), [
      ...['"Héllo",', '\n', 'world', '犬', '\n', '\n', 'end', '"Héllo",', '\n'],
    ]);
  });

  test('go before tasks, which are of the background', async () => {
    const server = testServer();
    await server.post(SYNC, { string: 'A' });
    await ended(server, await start(server, {}));
    assert.deepEqual(
      server.engine().options.map(({ priority }) => priority),
      ['interactive', 'background'],
    );
  });

  test('end their own generation when they leave', async () => {
    const server = slow();
    const leave = new AbortController();
    const body = JSON.stringify({ string: 'A', length: 1000 });
    const asked = server.app.request(SYNC, { method: 'POST', body, signal: leave.signal });
    await server.post('/autocomplete', { context: 'A', length: 1 });
    assert.equal((await server.engine().stats()).activeRequests, 1);
    leave.abort();
    await Promise.resolve(asked).catch(() => undefined);
    assert.equal((await server.engine().stats()).activeRequests, 0);
  });
});

/** The list that booste 0.1.5 makes of a body: it knows one escape. */
function oldestClientsList(raw: string): string[] {
  const words: string[] = [];
  let word = '';
  const flush = (): void => {
    if (word !== '') words.push(word);
    word = '';
  };
  const text = raw.slice(2, -2);
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') {
      if (text[index + 1] !== 'n') continue;
      flush();
      words.push('\n');
      index += 1;
    } else if (text[index] === ' ') flush();
    else word += text.charAt(index);
  }
  flush();
  return words;
}

describe('asynchronous GPT-2: async/start, async/check, async/check/v2', () => {
  test('start tells exactly the state and the id', async () => {
    const { status, body, headers } = await call(testServer(), START, {
      ...{ string: 'The dog', length: 5, temperature: 0.8, apiKey: 'any', modelSize: 'gpt2', windowMax: 100 },
      syncMode: 'synchronous',
    });
    assert.equal(status, 200);
    const { TaskID } = body;
    assert.deepEqual(body, { Status: 'Started', TaskID });
    assert.match(String(TaskID), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    assert.equal(headers.get(UNUSED), 'syncMode');
  });

  test('check/v2 goes from running to finished with the words, again and again', async () => {
    const server = slow();
    const id = await start(server, {});
    const running = await call(server, CHECK, { TaskID: id });
    assert.deepEqual(running.body, { Status: 'Running', TaskID: id });
    const finished = { Status: 'Finished', TaskID: id, Output: WORDS };
    assert.deepEqual(await ended(server, id), finished);
    assert.deepEqual((await call(server, CHECK, { taskID: id, syncMode: 'x' })).body, finished);
  });

  test('the first check says PENDING until the words are there', async () => {
    const server = slow();
    const id = await start(server, {});
    assert.deepEqual((await call(server, CHECK_V1, { TaskID: id })).body, { Status: 'PENDING', TaskID: id });
    await ended(server, id);
    const { body } = await call(server, CHECK_V1, { TaskID: id });
    assert.deepEqual(body, { Status: 'Finished', TaskID: id, Output: WORDS });
  });

  test('a task that failed says so, and no more', async () => {
    const server = serverSaying(['']);
    const id = await start(server, {});
    assert.deepEqual(await ended(server, id), { Status: 'Failed', TaskID: id });
    assert.deepEqual((await call(server, CHECK_V1, { TaskID: id })).body, { Status: 'Failed', TaskID: id });
  });

  test('cancel ends the task and its generation; clients see a failure', async () => {
    const server = slow();
    const id = await start(server, { length: 1000 });
    await server.post('/autocomplete', { context: 'A', length: 1 });
    assert.equal((await server.engine().stats()).activeRequests, 1);
    assert.deepEqual((await call(server, CANCEL, { TaskID: id })).body, { Status: 'Cancelled', TaskID: id });
    assert.deepEqual((await call(server, CANCEL, { taskID: id })).body, { Status: 'Cancelled', TaskID: id });
    assert.deepEqual((await call(server, CHECK, { TaskID: id })).body, { Status: 'Failed', TaskID: id });
    assert.equal((await server.engine().stats()).activeRequests, 0);
  });

  test('cancel leaves a finished task as it is', async () => {
    const server = testServer();
    const id = await start(server, {});
    await ended(server, id);
    assert.deepEqual((await call(server, CANCEL, { TaskID: id })).body, { Status: 'Finished', TaskID: id });
    assert.deepEqual((await ended(server, id))['Output'], WORDS);
  });
});

describe('generic calls of generation 2: inference/start, inference/check', () => {
  test('run GPT-2 with the parameters of the GPT-2 routes', async () => {
    const server = slow();
    const { body: started } = await call(server, GENERIC_START, {
      ...{ apiKey: 'any', modelKey: 'gpt2', syncMode: 'asynchronous' },
      modelParameters: { string: 'The dog', length: '2', temperature: '0.5', windowMax: 7, seed: 3 },
    });
    const { taskID } = started as { taskID: string };
    assert.deepEqual(started, { taskID });
    const { body: running } = await call(server, GENERIC_CHECK, { apiKey: 'any', taskID });
    assert.deepEqual(running, { status: 'running', output: null, taskID });
    await ended(server, taskID);
    const { body: finished } = await call(server, GENERIC_CHECK, { taskID, syncMode: 'asynchronous' });
    assert.deepEqual(finished, { status: 'finished', output: ['barks', 'at'], taskID });
    assert.equal(server.engine().requests[0]?.temperature, 0.5);
  });

  test('understand the documented names, and say failed of what failed', async () => {
    const modelParameters = { in_string: 'one two three', window_max: 1 };
    const server = serverSaying(['']);
    const { body } = await call(server, GENERIC_START, { modelKey: 'gpt2-xl', modelParameters });
    await ended(server, String(body['taskID']));
    const { body: failed } = await call(server, GENERIC_CHECK, body);
    assert.deepEqual([failed['status'], failed['output']], ['failed', null]);
    assert.equal((server.engine().requests[0]?.prompt as number[]).length, 1);
  });
});

describe('generic calls of generation 3: api/task/start/v1/, api/task/check/v1/', () => {
  async function startEnveloped(server: TestServer, modelParameters: object): Promise<string> {
    const data = { apiKey: 'any', modelKey: 'gpt2', modelParameters };
    const { status, body } = await call(server, ENVELOPED_START, { id: 'x', created: 1, data });
    const { taskID } = body['data'] as { taskID: string };
    assert.deepEqual([status, body], [200, { success: true, message: '', data: { taskID } }]);
    return taskID;
  }

  test('tell the state in an envelope, and at the end what is under output', async () => {
    const server = slow();
    const taskID = await startEnveloped(server, { string: 'The dog' });
    const running = await call(server, ENVELOPED_CHECK, { id: 'x', created: 1, data: { taskID } });
    assert.deepEqual(running.body, {
      ...{ success: true, message: '' },
      data: { taskID, taskStatus: 'Running', taskOut: null },
    });
    assert.equal(running.headers.get(UNUSED), 'id, created');
    await ended(server, taskID);
    const { body } = await call(server, ENVELOPED_CHECK, { longPoll: false, data: { taskID } });
    assert.deepEqual(body['data'], { taskID, taskStatus: 'Done', taskOut: { output: WORDS } });
  });

  test('longPoll holds the answer until the task ends', async () => {
    const server = slow();
    const taskID = await startEnveloped(server, { string: 'The dog' });
    const { body } = await call(server, ENVELOPED_CHECK, { longPoll: true, data: { taskID } });
    assert.equal((body['data'] as { taskStatus: string }).taskStatus, 'Done');
  });

  test('longPoll lets go of a client that leaves, and the task goes on', async () => {
    const server = slow();
    const taskID = await startEnveloped(server, { string: 'The dog', length: 30 });
    const leave = new AbortController();
    setTimeout(() => {
      leave.abort();
    }, 30);
    const body = JSON.stringify({ longPoll: true, data: { taskID } });
    const response = await server.app.request(ENVELOPED_CHECK, {
      method: 'POST',
      body,
      signal: leave.signal,
    });
    const { data } = (await response.json()) as { data: { taskStatus: string } };
    assert.equal(data.taskStatus, 'Running');
    assert.equal(((await ended(server, taskID))['Output'] as string[]).length, 30);
  });

  test('a failure is no success, for clients that wait for Done only', async () => {
    const server = serverSaying(['']);
    const taskID = await startEnveloped(server, { string: 'The dog' });
    const { status, body } = await call(server, ENVELOPED_CHECK, { longPoll: true, data: { taskID } });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      ...{ success: false, message: 'the model has nothing to say to this' },
      data: { taskID, taskStatus: 'Failed', taskOut: null },
    });
    const other = slow();
    const cancelled = await startEnveloped(other, { string: 'A', length: 1000 });
    await call(other, CANCEL, { TaskID: cancelled });
    const answer = await call(other, ENVELOPED_CHECK, { longPoll: true, data: { taskID: cancelled } });
    assert.deepEqual([answer.body['success'], answer.body['message']], [false, 'the task was cancelled']);
  });
});

describe('paths', () => {
  test('may end with a slash or not', async () => {
    const server = testServer();
    for (const path of [`${SYNC}/`, `${START}/`]) {
      assert.equal((await server.post(path, { string: 'A' })).status, 200);
    }
    const generic = { modelKey: 'gpt2', modelParameters: { string: 'A' } };
    assert.equal((await server.post(`${GENERIC_START}/`, generic)).status, 200);
    assert.equal((await server.post(ENVELOPED_START.slice(0, -1), { data: generic })).status, 200);
    const TaskID = await start(server, {});
    for (const path of [CHECK, CHECK_V1, GENERIC_CHECK, CANCEL])
      assert.equal((await server.post(`${path}/`, { TaskID })).status, 200);
    assert.equal((await server.post(ENVELOPED_CHECK.slice(0, -1), { data: { TaskID } })).status, 200);
  });

  test('of other APIs are theirs', async () => {
    const response = await testServer().post('/api/task/list/v1/', {});
    assert.equal(response.status, 404);
    assert.deepEqual(Object.keys((await response.json()) as object), ['error']);
  });

  test('know no other method', async () => {
    const response = await testServer().app.request(CHECK);
    assert.deepEqual([response.status, await response.json()], [404, { message: 'no such route' }]);
  });
});
