import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { EventStreamCodec } from '@smithy/eventstream-codec';

import { SagemakerServer, STREAM_PATH } from './served.js';
import { FakeVocabulary } from '../../fakes/vocabulary.js';

/** One frame of a response. */
interface Frame {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

async function framesOf(response: Response): Promise<Frame[]> {
  assert.equal(response.status, 200, await (response.status === 200 ? '' : response.clone().text()));
  assert.equal(response.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  assert.equal(response.headers.get('x-amzn-sagemaker-content-type'), 'application/json');
  let rest = Buffer.from(await response.arrayBuffer());
  const frames: Frame[] = [];
  while (rest.length > 0) {
    const { headers, body } = codec.decode(rest.subarray(0, rest.readUInt32BE(0)));
    const values = Object.entries(headers).map(([name, { value }]) => [name, value] as const);
    frames.push({
      headers: Object.fromEntries(values),
      body: new TextDecoder('utf-8', { fatal: true }).decode(body),
    });
    rest = rest.subarray(rest.readUInt32BE(0));
  }
  return frames;
}

const scripts = [
  ['\u{1F600}', ' "one"\n', '\\', '<eos>'],
  [' 東', '京', ' two', ' \u0007', ' five', '<eos>'],
  ['<eos>'],
];
const script = (index: number): readonly string[] => scripts[index] ?? [' more', '<eos>'];

describe('the payload parts put together are the bytes of the whole answer', () => {
  const bodies: readonly object[] = [
    { input: 'A "quoted" 東京\n' },
    { input: 'A', mode: 'greedy', num_return_sequences: 4 },
    { input: 'A', mode: 'beam' },
    { input: 'A', num_return_sequences: 1 },
    { input: 'A', num_return_sequences: 7, mode: 'sample', seed: 3 },
    { input: 'A "b"', length: 9, num_return_sequences: 2 },
    { input: 'A "b"', test: true, num_return_sequences: 2 },
  ];
  for (const body of bodies) {
    test(JSON.stringify(body), async () => {
      const server = new SagemakerServer({ engine: { script } });
      const frames = await framesOf(await server.post(body, {}, STREAM_PATH));
      for (const { headers } of frames) {
        assert.deepEqual(headers, {
          ':message-type': 'event',
          ':event-type': 'PayloadPart',
          ':content-type': 'application/octet-stream',
        });
      }
      const whole = await server.post(body);
      const text = await whole.text();
      assert.equal(frames.map((frame) => frame.body).join(''), text);
      assert.ok(text === JSON.stringify(JSON.parse(text)));
    });
  }
});

describe('a stream', () => {
  test('sends text as it comes, of one sequence after the other', async () => {
    const ends = [
      [' a', ' b', ' c', '<eos>'],
      [' d', '<eos>'],
      [' e', ' f', ' g', ' h', ' i', '<eos>'],
    ];
    // Long enough apart that a busy machine does not make one part of several tokens.
    const engine = { script: (index: number) => ends[index] ?? [], tokenDelayMs: 25 };
    const server = new SagemakerServer({ engine });
    const frames = await framesOf(await server.post({ input: 'A' }, {}, STREAM_PATH));
    const parts = frames.map((frame) => frame.body);
    assert.ok(parts.length >= 5, parts.join('|'));
    assert.ok(parts[0]?.startsWith('["A'));
    // What the third had by then waited for the first.
    assert.ok(
      parts.some((part) => part.includes('","A d","A e f')),
      parts.join('|'),
    );
  });

  test('ends with an exception where the model fails', async () => {
    const server = new SagemakerServer({ engine: { crashAfterTokens: 3, tokenDelayMs: 2 } });
    const frames = await framesOf(await server.post({ input: 'A' }, {}, STREAM_PATH));
    const last = frames.at(-1);
    assert.deepEqual(last?.headers, {
      ':message-type': 'exception',
      ':exception-type': 'ModelStreamError',
      ':content-type': 'application/json',
    });
    assert.deepEqual(JSON.parse(last.body), {
      Message: "the model's process died",
      ErrorCode: 'StreamBroken',
    });
    assert.ok(frames.length > 1);
    assert.doesNotMatch(
      frames
        .slice(0, -1)
        .map((frame) => frame.body)
        .join(''),
      /\]$/,
    );
  });

  test('ends with an exception where the server closes', async () => {
    const server = new SagemakerServer({ engine: { tokenDelayMs: 5 } });
    const response = await server.post({ input: 'A' }, {}, STREAM_PATH);
    setTimeout(() => void server.engine.close(), 30);
    const last = (await framesOf(response)).at(-1);
    assert.equal(last?.headers[':exception-type'], 'InternalStreamFailure');
    assert.deepEqual(JSON.parse(last.body), { Message: 'the server is shutting down' });
  });

  test('is refused as a whole before it begins', async () => {
    const response = await new SagemakerServer().post({ input: 'A', mode: 'no' }, {}, STREAM_PATH);
    assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [400, 'ValidationError']);
  });

  test('takes what it may be from a header of its own', async () => {
    const server = new SagemakerServer();
    const statusFor = async (headers: Record<string, string>): Promise<number> =>
      (await server.post({ input: 'A' }, headers, STREAM_PATH)).status;
    assert.equal(await statusFor({ accept: 'application/vnd.amazon.eventstream' }), 200);
    assert.equal(await statusFor({ 'x-amzn-sagemaker-accept': 'application/json' }), 200);
    assert.equal(await statusFor({ 'x-amzn-sagemaker-accept': 'text/csv' }), 400);
  });

  test('whose reader leaves ends its generation', async () => {
    const server = new SagemakerServer({ engine: { tokenDelayMs: 2, script: () => [' word'] } });
    const response = await server.post({ input: 'A', max_length: 200 }, {}, STREAM_PATH);
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal((await server.engine.stats()).activeSequences, 3);
    await reader?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await server.engine.stats()).activeSequences, 0);
    assert.ok((await server.engine.stats()).generatedTokens < 300);
  });

  test('of a beam search comes when the search has ended', async () => {
    const engine = { script: () => [' one', FakeVocabulary.eosText] };
    const server = new SagemakerServer({ engine });
    const response = await server.post({ input: 'A', mode: 'beam' }, {}, STREAM_PATH);
    const parts = (await framesOf(response)).map((frame) => frame.body);
    assert.equal(parts.join(''), '["A one","A one","A one"]');
  });
});
