import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Embedder } from '../../src/engine/embedder.js';
import type { EmbedCallback, NativeEmbedJob, NativeEngine } from '../../src/engine/native-engine.js';
import { packed, unpacked } from '../../src/engine/packed-embeddings.js';
import { eventually, hasCode } from './conformance.js';

const LIMITS = { contextSize: 8, vocabularySize: 100, longestTokenBytes: 4 };

/** An embedder on an engine that does what a test says; a text's tokens are its characters and a start token. */
class Fixture {
  readonly heard: string[] = [];
  readonly tokenized: string[] = [];
  prepare: () => Promise<void> = () => Promise.resolve();
  embed: (job: NativeEmbedJob, onDone: EmbedCallback) => void = ({ inputs }, onDone) => {
    onDone(
      null,
      Float32Array.from(inputs, (input) => input.length),
    );
  };
  readonly embedder: Embedder;

  constructor() {
    const engine: Partial<NativeEngine> = {
      prepareEmbeddings: () => {
        this.heard.push('prepare');
        return this.prepare();
      },
      embed: (job, onDone) => {
        this.heard.push(`embed ${job.id}`);
        this.embed(job, onDone);
      },
      cancelEmbed: (id) => this.heard.push(`cancel ${id}`),
    };
    const tokenize = (text: string): Promise<number[]> => {
      this.tokenized.push(text);
      return Promise.resolve([1, ...Array.from(text, () => 2)]);
    };
    this.embedder = new Embedder(engine as NativeEngine, LIMITS, tokenize);
  }

  run(
    inputs: readonly (string | number[])[],
    signal = new AbortController().signal,
  ): ReturnType<Embedder['embed']> {
    return this.embedder.embed(inputs, 0, signal);
  }
}

describe('room for hidden states', () => {
  test('is made once', async () => {
    const fixture = new Fixture();
    await fixture.run(['a']);
    await fixture.run(['b']);
    assert.deepEqual(fixture.heard, ['prepare', 'embed 1', 'embed 2']);
  });

  test('that there is no memory for fails that call only, and is tried again', async () => {
    const fixture = new Fixture();
    fixture.prepare = () => Promise.reject(new Error('no memory'));
    await assert.rejects(fixture.run(['a']), (error: Error) => {
      assert.equal(error.message, 'input: there is no memory for embeddings');
      return hasCode('OUT_OF_MEMORY', 'input')(error);
    });
    fixture.prepare = () => Promise.resolve();
    await fixture.run(['a']);
    assert.deepEqual(fixture.heard, ['prepare', 'prepare', 'embed 1']);
  });

  test('is not made for inputs that are refused anyway', async () => {
    const fixture = new Fixture();
    await assert.rejects(fixture.run(['a', '']), hasCode('INVALID_REQUEST', 'input'));
    await assert.rejects(fixture.run(['eightand']), hasCode('CONTEXT_OVERFLOW', 'input'));
    assert.deepEqual(fixture.heard, []);
  });
});

describe('an embedding call', () => {
  test('is refused before anything is tokenized if the bytes of an input tell that it is too long', async () => {
    const fixture = new Fixture();
    await assert.rejects(fixture.run(['a', 'a'.repeat(33)]), (error: Error) => {
      assert.equal(error.message, 'input: at least 9 tokens exceed the context of 8 tokens');
      return hasCode('CONTEXT_OVERFLOW', 'input')(error);
    });
    assert.deepEqual(fixture.tokenized, []);
    const most = 'a'.repeat(32);
    await assert.rejects(fixture.run([most]), /^GlossaError: input: 33 tokens exceed/);
    assert.deepEqual(fixture.tokenized, [most]);
  });

  test('counts the tokens of each input, special ones included', async () => {
    const { vectors, promptTokens } = await new Fixture().run(['abc', [7], 'seventy']);
    assert.deepEqual(promptTokens, [4, 1, 8]);
    assert.deepEqual([...vectors], [4, 1, 8]);
  });

  test('is cancelled in the scheduler when its signal is aborted, and once done it is not', async () => {
    const fixture = new Fixture();
    const controller = new AbortController();
    await fixture.run(['a'], controller.signal);
    let answer: EmbedCallback = () => undefined;
    fixture.embed = (_, onDone) => (answer = onDone);
    const waiting = fixture.run(['b'], controller.signal);
    await eventually(() => Promise.resolve(fixture.heard.includes('embed 2')));
    controller.abort();
    answer('the request was cancelled', null);
    await assert.rejects(waiting, hasCode('CANCELLED'));
    await assert.rejects(fixture.run(['c'], controller.signal), hasCode('CANCELLED'));
    assert.deepEqual(fixture.heard, ['prepare', 'embed 1', 'embed 2', 'cancel 2']);
  });

  test('fails with what the scheduler says', async () => {
    const fixture = new Fixture();
    fixture.embed = (_, onDone) => {
      onDone('the backend failed', null);
    };
    await assert.rejects(fixture.run(['a']), { code: 'INTERNAL', message: 'the backend failed' });
  });
});

test('vectors travel bit for bit, each as an array of its own', () => {
  const values = Float32Array.of(0, -0, 1e-40, Math.PI, -1, 3e38);
  const { vectors, promptTokens } = unpacked(packed({ vectors: values, promptTokens: [5, 6, 7] }));
  assert.deepEqual(promptTokens, [5, 6, 7]);
  assert.deepEqual(vectors, [values.slice(0, 2), values.slice(2, 4), values.slice(4)]);
  assert.ok(vectors.every(({ buffer }) => buffer.byteLength === 8));
  assert.deepEqual(unpacked(packed({ vectors: new Float32Array(), promptTokens: [] })).vectors, []);
});
