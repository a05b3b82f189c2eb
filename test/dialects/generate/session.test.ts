import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Batches } from '../../../src/dialects/generate/batches.js';
import { Session, type SessionSocket } from '../../../src/dialects/generate/session.js';
import { ANYBODY } from '../../../src/models/caller.js';
import { ApiKeys } from '../../../src/server/api-keys.js';
import { silent, testServer, type TestServer, type TestServerOptions } from '../../fakes/server.js';
import { FakeTasks } from '../../fakes/tasks.js';
import { counting } from './setup.js';

interface SessionEvent {
  request_id: string;
  type: string;
  text?: string;
  error?: string;
  detail?: string;
  is_eos?: boolean;
  new_tokens_count?: number;
  execution_time?: number;
  ignored?: string[];
}

/** A socket that writes down what it is sent; `stall` leaves it unread. */
class FakeSocket implements SessionSocket {
  readonly frames: SessionEvent[][] = [];
  closedWith: number | undefined;
  isPaused = false;
  stall = false;
  readonly #unread: (() => void)[] = [];

  send(text: string, sent: () => void): void {
    this.frames.push(JSON.parse(text) as SessionEvent[]);
    if (this.stall) this.#unread.push(sent);
    else setImmediate(sent);
  }

  read(): void {
    this.stall = false;
    for (const sent of this.#unread.splice(0)) sent();
  }

  close(code: number): void {
    this.closedWith = code;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  ofType(type: string): SessionEvent[] {
    return this.frames.flat().filter((event) => event.type === type);
  }
}

interface Open {
  server: TestServer;
  socket: FakeSocket;
  session: Session;
  say: (body: unknown) => void;
  /** Waits for so many COMPLETE or ERROR events. */
  ends: (count: number) => Promise<void>;
}

function open(options: TestServerOptions = {}): Open {
  const server = testServer({
    ...options,
    engine: { script: (_, request) => counting(request), ...options.engine },
  });
  const { models, configuration } = server;
  const services = {
    models,
    settings: configuration.settings,
    keys: new ApiKeys([]),
    tasks: new FakeTasks(),
    log: silent,
  };
  const socket = new FakeSocket();
  const session = new Session({ services, batches: new Batches(services), caller: ANYBODY, socket });
  return {
    server,
    socket,
    session,
    say: (body) => {
      session.receive(typeof body === 'string' ? body : JSON.stringify(body));
    },
    ends: async (count) => {
      while (socket.ofType('COMPLETE').length + socket.ofType('ERROR').length < count) await sleep(1);
    },
  };
}

const prompts = [
  { request_id: 'one', prompt: 'The dog' },
  { request_id: 'two', prompt: 'A very old cat' },
];
const two = { generation_config: { max_new_tokens: 2 } };

describe('events', () => {
  test('come in the documented order, each frame an array', async () => {
    const { socket, say, ends } = open({ engine: { tokenDelayMs: 25 } });
    say({ prompts, ...two });
    await ends(2);
    assert.deepEqual(socket.frames[0], [
      { request_id: 'one', type: 'ACCEPTED' },
      { request_id: 'two', type: 'ACCEPTED' },
    ]);
    assert.deepEqual(
      socket.frames[1]?.map(({ type }) => type),
      ['STARTED', 'STARTED'],
    );
    assert.deepEqual(socket.frames[2], [
      { request_id: 'one', type: 'INITIALIZED', text: '' },
      { request_id: 'two', type: 'INITIALIZED', text: '' },
    ]);
    // One frame holds what one step gave to all prompts.
    assert.deepEqual(
      socket.frames[3]?.map(({ request_id, type }) => [request_id, type]),
      [
        ['one', 'PROGRESS'],
        ['two', 'PROGRESS'],
      ],
    );
    const progress = socket.ofType('PROGRESS').filter(({ request_id }) => request_id === 'two');
    assert.equal(progress.map(({ text }) => text).join(''), ' w4 w5');
    const complete = socket.frames.at(-1) ?? [];
    assert.deepEqual(
      complete.map(({ execution_time, ...rest }) => {
        assert.ok(execution_time !== undefined && execution_time > 0);
        return rest;
      }),
      [
        { request_id: 'one', type: 'COMPLETE', text: ' w2 w3', is_eos: false, new_tokens_count: 2 },
        { request_id: 'two', type: 'COMPLETE', text: ' w4 w5', is_eos: false, new_tokens_count: 2 },
      ],
    );
  });

  test('only_new_tokens false puts the prompts into INITIALIZED and COMPLETE', async () => {
    const { socket, say, ends } = open();
    say({ prompts, ...two, only_new_tokens: false });
    await ends(2);
    assert.deepEqual(
      socket.ofType('INITIALIZED').map(({ text }) => text),
      ['The dog', 'A very old cat'],
    );
    assert.deepEqual(
      socket.ofType('COMPLETE').map(({ text }) => text),
      ['The dog w2 w3', 'A very old cat w4 w5'],
    );
  });

  test('stream_response false leaves INITIALIZED and PROGRESS out', async () => {
    const { socket, say, ends } = open();
    say({ prompts, ...two, stream_response: false });
    await ends(2);
    assert.deepEqual(
      [...new Set(socket.frames.flat().map(({ type }) => type))],
      ['ACCEPTED', 'STARTED', 'COMPLETE'],
    );
  });

  test('beams have no PROGRESS', async () => {
    const { socket, say, ends } = open();
    say({ prompts, generation_config: { num_beams: 2, max_new_tokens: 2 } });
    await ends(2);
    assert.equal(socket.ofType('PROGRESS').length, 0);
    assert.equal(socket.ofType('COMPLETE').length, 2);
  });

  test('EOS is told by </s> and is_eos', async () => {
    const { socket, say, ends } = open({ engine: { script: () => [' one', '<eos>'] } });
    say({ prompts: prompts.slice(0, 1) });
    await ends(1);
    const [complete] = socket.ofType('COMPLETE');
    assert.deepEqual([complete?.text, complete?.is_eos, complete?.new_tokens_count], [' one</s>', true, 2]);
  });

  test('what has no effect is named in ACCEPTED', async () => {
    const { socket, say, ends } = open();
    say({ prompts: prompts.slice(0, 1), colour: 1, generation_config: { min_p: 1, max_new_tokens: 1 } });
    await ends(1);
    assert.deepEqual(socket.ofType('ACCEPTED')[0]?.ignored, ['colour', 'generation_config.min_p']);
  });

  test('batches run beside each other', async () => {
    const { socket, say, ends } = open({ engine: { tokenDelayMs: 1 } });
    say({ prompts: prompts.slice(0, 1), generation_config: { max_new_tokens: 50 } });
    say({ prompts: prompts.slice(1), ...two });
    await ends(2);
    assert.deepEqual(
      socket.ofType('COMPLETE').map(({ request_id }) => request_id),
      ['two', 'one'],
    );
  });

  test('a later batch of the same ids continues the first', async () => {
    const { socket, say, ends } = open();
    say({ prompts: prompts.slice(0, 1), ...two });
    say({ prompts: prompts.slice(0, 1), ...two });
    await ends(2);
    assert.deepEqual(
      socket.ofType('COMPLETE').map(({ text }) => text),
      [' w2 w3', ' w4 w5'],
    );
  });
});

describe('errors', () => {
  const cases: readonly [string, unknown, string, string[]][] = [
    ['malformed JSON', '{', 'Invalid JSON format', ['']],
    ['a list', '[]', 'Invalid JSON format', ['']],
    ['no prompts', {}, 'Invalid Data Format', ['']],
    ['an empty prompt', { prompts: [{ request_id: 'x', prompt: '' }] }, 'Invalid Data Format', ['x']],
    ['equal ids', { prompts: [prompts[0], prompts[0]] }, 'Duplicate request_ids', ['one', 'one']],
    ['a wrong type', { prompts, generation_config: { top_k: 'x' } }, 'Invalid Data Format', ['one', 'two']],
    ['a huge message', `"${'x'.repeat(9_000_000)}"`, 'the message exceeds the limit of 8388608 bytes', ['']],
  ];
  for (const [what, body, error, ids] of cases) {
    test(what, () => {
      const { socket, say } = open();
      say(body);
      assert.deepEqual(
        socket.ofType('ERROR').map((event) => [event.request_id, event.error]),
        ids.map((id) => [id, error]),
      );
    });
  }

  test('binary frames are refused, and nothing else is lost', async () => {
    const { socket, session, say, ends } = open();
    say({ prompts: prompts.slice(0, 1), ...two });
    session.receive(undefined);
    await ends(2);
    assert.match(socket.ofType('ERROR')[0]?.detail ?? '', /^expected a text frame/);
    assert.equal(socket.ofType('COMPLETE')[0]?.text, ' w2 w3');
  });

  test('an engine that fails is told for every prompt', async () => {
    const { socket, say, ends } = open({ engine: { crashAfterTokens: 2 } });
    say({ prompts });
    await ends(2);
    assert.deepEqual(socket.frames.at(-1), [
      { request_id: 'one', type: 'ERROR', error: "the model's process died" },
      { request_id: 'two', type: 'ERROR', error: "the model's process died" },
    ]);
  });

  test('a flood of batches is refused beyond a bound', async () => {
    const { socket, say, ends } = open({ engine: { tokenDelayMs: 5 } });
    for (let index = 0; index < 70; index += 1) say({ prompts: [{ request_id: `r${index}` }], ...two });
    assert.equal(socket.ofType('ERROR').length, 6);
    assert.equal(socket.ofType('ERROR')[0]?.request_id, 'r64');
    await ends(70);
    assert.equal(socket.ofType('COMPLETE').length, 64);
  });

  test('a flood whose answers are not read ends the socket', () => {
    const { socket, say } = open();
    socket.stall = true;
    const ids = Array.from({ length: 256 }, (_, index) => `${index}`.padStart(1024, 'x'));
    const long = { prompts: ids.map((request_id) => ({ request_id, prompt: '' })) };
    for (let index = 0; index < 49; index += 1) say(long);
    assert.equal(socket.closedWith, 1008);
    assert.ok(socket.frames.length < 40);
  });

  test('answers that are not read end the reading of frames until they are', async () => {
    const { socket, say } = open();
    socket.stall = true;
    const ids = Array.from({ length: 256 }, (_, index) => `${index}`.padStart(1024, 'x'));
    say({ prompts: [{ request_id: 'a', prompt: '' }] });
    assert.equal(socket.isPaused, false);
    say({ prompts: ids.map((request_id) => ({ request_id, prompt: '' })) });
    assert.equal(socket.isPaused, true);
    socket.read();
    assert.equal(socket.isPaused, false);
    say({ prompts: prompts.slice(0, 1), ...two });
    while (socket.ofType('COMPLETE').length === 0) await sleep(1);
  });

  test('50 frames in a row that are no requests end the socket', async () => {
    const { socket, say, ends } = open();
    for (let index = 0; index < 49; index += 1) say('x');
    say({ prompts: prompts.slice(0, 1), ...two });
    for (let index = 0; index < 49; index += 1) say('x');
    await ends(99);
    assert.equal(socket.closedWith, undefined);
    for (let index = 0; index < 49; index += 1) say('x');
    assert.equal(socket.closedWith, 1008);
    assert.equal(socket.ofType('ERROR').length, 99);
  });

  test('an id that is too long is not repeated', () => {
    const { socket, say } = open();
    say({ prompts: [{ request_id: 'x'.repeat(1025) }] });
    const [error] = socket.ofType('ERROR');
    assert.equal(error?.request_id, '');
    assert.equal(error.detail, 'prompts.0.request_id: expected at most 1024 characters');
  });

  test('names that have no effect are told within bounds, however many a frame brings', async () => {
    const { socket, say, ends } = open();
    const names = Array.from({ length: 1000 }, (_, index) => [`${index}`.padStart(100, 'n'), 0]);
    const many = Array.from({ length: 256 }, (_, index) => ({ request_id: `${index}` }));
    say({ prompts: many, generation_config: { max_new_tokens: 1 }, ...Object.fromEntries(names) });
    const [accepted] = socket.frames;
    assert.equal(accepted?.length, 256);
    for (const { ignored = [] } of accepted) {
      assert.equal(ignored.length, 32);
      assert.ok(ignored.every((name) => name.length <= 64));
    }
    await ends(256);
  });
});

describe('the reader', () => {
  test('one that vanishes ends its generations', async () => {
    const { server, socket, session, say } = open({ engine: { tokenDelayMs: 2 } });
    say({ prompts });
    while (socket.ofType('PROGRESS').length < 4) await sleep(1);
    session.left();
    const { length } = socket.frames;
    await sleep(10);
    assert.equal((await server.engine().stats()).activeRequests, 0);
    assert.equal(socket.frames.length, length);
  });

  test('one that is slow holds up its own generation and gets all of it later', async () => {
    const word = 'x'.repeat(10_000);
    const { socket, say, ends } = open({ engine: { script: () => [word] } });
    socket.stall = true;
    say({ prompts: prompts.slice(0, 1), generation_config: { max_new_tokens: 40 } });
    while (socket.ofType('PROGRESS').length === 0) await sleep(1);
    await sleep(30);
    const sent = socket.ofType('PROGRESS').reduce((sum, { text = '' }) => sum + text.length, 0);
    assert.ok(sent > 0 && sent < 200_000, `${sent}`);
    socket.read();
    await ends(1);
    assert.equal(socket.ofType('COMPLETE')[0]?.text?.length, 400_000);
  });
});

test('a server that stops closes sockets when nothing runs on them', async () => {
  const idle = open();
  idle.session.end();
  assert.equal(idle.socket.closedWith, 1001);
  const busy = open({ engine: { tokenDelayMs: 1 } });
  busy.say({ prompts: prompts.slice(0, 1), ...two });
  busy.session.end();
  assert.equal(busy.socket.closedWith, undefined);
  await busy.ends(1);
  await sleep(1);
  assert.equal(busy.socket.closedWith, 1001);
});
