import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { WebSocket as WsClient } from 'ws';

import { ServedGlossa } from './server.js';

interface SessionEvent {
  readonly request_id: string;
  readonly type: string;
  readonly text?: string;
  readonly error?: string;
  readonly is_eos?: boolean;
  readonly new_tokens_count?: number;
}

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start();
});
after(() => glossa.stop());

/** A client that is connected, with all frames it got. */
class Client {
  readonly frames: SessionEvent[][] = [];
  readonly socket: WsClient;

  private constructor(socket: WsClient) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      assert.ok(!isBinary);
      this.frames.push(JSON.parse(data.toString()) as SessionEvent[]);
    });
  }

  static async open(): Promise<Client> {
    const socket = new WsClient(`${glossa.url.replace('http', 'ws')}/api/ws`);
    await once(socket, 'open');
    return new Client(socket);
  }

  say(body: unknown): void {
    this.socket.send(JSON.stringify(body));
  }

  /** Waits for so many events that end a prompt. */
  async ends(count: number): Promise<SessionEvent[]> {
    for (;;) {
      const ended = this.frames.flat().filter(({ type }) => type === 'COMPLETE' || type === 'ERROR');
      if (ended.length >= count) return ended;
      await once(this.socket, 'message');
    }
  }

  textOf(requestId: string): string {
    const events = this.frames.flat().filter((event) => event.request_id === requestId);
    return events.flatMap(({ type, text = '' }) => (type === 'PROGRESS' ? [text] : [])).join('');
  }
}

const payload = {
  prompts: [
    { request_id: '2835f3c5', prompt: '[INST] Generate a very long poem about 1000 cats [/INST]\n\n' },
    { request_id: '9099dc5e', prompt: 'The little dog' },
  ],
  only_new_tokens: true,
  stream_response: true,
  generation_config: {
    num_beams: 1,
    do_sample: true,
    temperature: 1,
    top_p: 1,
    top_k: 50,
    max_new_tokens: 20,
  },
};

test('a batch goes through its events', async () => {
  const client = await Client.open();
  client.say(payload);
  const ended = await client.ends(2);
  assert.deepEqual(
    client.frames.slice(0, 3).map((frame) => frame.map(({ type }) => type)),
    [
      ['ACCEPTED', 'ACCEPTED'],
      ['STARTED', 'STARTED'],
      ['INITIALIZED', 'INITIALIZED'],
    ],
  );
  for (const event of ended) {
    assert.equal(event.type, 'COMPLETE');
    assert.equal(client.textOf(event.request_id), event.text);
    assert.equal(event.is_eos, event.text?.endsWith('</s>'));
    assert.ok((event.new_tokens_count ?? 0) > 0 && (event.new_tokens_count ?? 0) <= 20);
  }
  client.socket.close();
});

test('what HTTP began a socket continues', async () => {
  const generation_config = { do_sample: false, max_new_tokens: 20 };
  const ask = async (body: object): Promise<string> =>
    await (await glossa.post('/api/generate-one', { prompt: 'The little dog', ...body })).text();
  const whole = await ask({
    request_id: 'whole',
    generation_config: { do_sample: false, max_new_tokens: 40 },
  });
  const first = await ask({ request_id: 'shared', generation_config });
  const client = await Client.open();
  client.say({ prompts: [{ request_id: 'shared' }], generation_config });
  const [second] = await client.ends(1);
  assert.equal(first + (second?.text ?? ''), whole);
  client.socket.close();
});

describe('clients that misbehave', () => {
  test('binary junk and broken JSON are answered, and the batch beside them goes on', async () => {
    const client = await Client.open();
    client.say({ ...payload, prompts: [{ request_id: 'good', prompt: 'Once' }] });
    client.socket.send(Buffer.from([0, 255, 1, 2]));
    client.socket.send('{"prompts":');
    const ended = await client.ends(3);
    assert.equal(ended.filter(({ type }) => type === 'ERROR').length, 2);
    assert.deepEqual(
      ended.filter(({ type }) => type === 'COMPLETE').map(({ request_id }) => request_id),
      ['good'],
    );
    client.socket.close();
  });

  test('a message over the limit ends its own socket only', async () => {
    const client = await Client.open();
    client.socket.on('error', () => undefined);
    client.socket.send('x'.repeat(9_000_000));
    const [code] = (await once(client.socket, 'close')) as [number];
    assert.equal(code, 1009);
    assert.equal(await (await glossa.post('/api/alive', '')).text(), 'alive');
  });

  test('a flood is refused beyond a bound, and all of it is answered', async () => {
    const client = await Client.open();
    for (let index = 0; index < 100; index += 1) {
      const prompts = [{ request_id: `flood ${index}`, prompt: 'Once' }];
      client.say({ prompts, generation_config: { max_new_tokens: 30 }, stream_response: false });
    }
    const ended = await client.ends(100);
    const refused = ended.filter(({ type }) => type === 'ERROR');
    assert.ok(refused.length > 0 && refused.length <= 36, `${refused.length}`);
    assert.match(refused[0]?.error ?? '', /^64 batches run on this socket already$/);
    client.socket.close();
  });

  test('one that vanishes frees its sequences', async () => {
    const client = await Client.open();
    client.say({
      ...payload,
      prompts: [{ request_id: 'gone', prompt: 'Once' }],
      generation_config: { max_new_tokens: 900 },
    });
    while (client.textOf('gone') === '') await once(client.socket, 'message');
    client.socket.terminate();
    await glossa.idle();
  });
});

test(
  "Node's own WebSocket",
  { skip: 'WebSocket' in globalThis ? false : 'Node has one since version 22' },
  async () => {
    const socket = new WebSocket(`${glossa.url.replace('http', 'ws')}/api/ws`);
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    const complete = new Promise<SessionEvent[]>((resolve) => {
      socket.onmessage = ({ data }) => {
        const events = JSON.parse(String(data)) as SessionEvent[];
        if (events[0]?.type === 'COMPLETE') resolve(events);
      };
    });
    socket.send(JSON.stringify(payload));
    assert.equal((await complete).length, 2);
    socket.close();
  },
);

test('a stopping server lets a batch end and says goodbye', async (t) => {
  const own = await ServedGlossa.start();
  t.after(() => own.kill());
  const socket = new WsClient(`${own.url.replace('http', 'ws')}/api/ws`);
  await once(socket, 'open');
  socket.send(
    JSON.stringify({
      prompts: [{ request_id: 'a', prompt: 'Once' }],
      generation_config: { max_new_tokens: 60 },
    }),
  );
  await once(socket, 'message');
  const types: string[] = [];
  socket.on('message', (data: Buffer) => {
    types.push((JSON.parse(data.toString()) as SessionEvent[])[0]?.type ?? '');
  });
  const closed = once(socket, 'close') as Promise<[number]>;
  own.signal('SIGTERM');
  assert.equal((await closed)[0], 1001);
  assert.equal(types.at(-1), 'COMPLETE');
  assert.equal((await own.exit).code, 0);
});
