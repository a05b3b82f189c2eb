import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import type { Addon, NativeModel } from '../../src/engine/addon.js';
import type { NativeEngine, NativeEvent, NativeRequest } from '../../src/engine/native-engine.js';
import { LoadedModel } from '../../src/engine/loaded-model.js';
import { parseGenerationRequest, type GenerationRequestInput } from '../../src/generation/request.js';
import { FAKE_INFO, PLAIN_TERMS } from '../fakes/engine.js';
import { eventually, hasCode } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

/** A model's process without an addon: what its scheduler hears, and rooms for beams as a test makes them. */
class FakeProcess {
  readonly heard: string[] = [];
  readonly events: NativeEvent[] = [];
  prepareBeams: () => Promise<void> = () => Promise.resolve();
  submit: (request: NativeRequest) => void = ({ id }) => this.heard.push(`submit ${id}`);
  tokenize: (text: string) => Promise<number[]> = () => Promise.resolve([1, 2, 3]);
  readonly loaded: Promise<LoadedModel>;

  constructor() {
    const engine: Partial<NativeEngine> = {
      prepareBeams: () => {
        this.heard.push('prepare');
        return this.prepareBeams();
      },
      submit: (request) => {
        this.submit(request);
      },
      cancel: (id, sequence) => this.heard.push(`cancel ${id} ${sequence}`),
    };
    const model: Partial<NativeModel> = {
      info: () => ({ ...FAKE_INFO, eosTokenIds: [0], startTokenId: 0 }),
      tokenize: (text) => this.tokenize(text),
    };
    const addon: Partial<Addon> = {
      openBackend: () => ({ devices: [], systemInfo: '' }),
      loadModel: () => Promise.resolve(model as NativeModel),
      createEngine: () => Promise.resolve(engine as NativeEngine),
    };
    const events = {
      onProgress: () => undefined,
      onStep: (step: NativeEvent[]) => {
        this.events.push(...step);
      },
    };
    this.loaded = LoadedModel.load(addon as Addon, shippedEngineOptions(), events);
  }

  async submission(id: number, input: Partial<GenerationRequestInput>): Promise<void> {
    const request = parseGenerationRequest({ prompt: 'a', ...input });
    await (await this.loaded).submit(id, { ...request, seed: 0, ...PLAIN_TERMS });
  }

  async cancel(id: number, sequence: number): Promise<void> {
    (await this.loaded).cancel(id, sequence);
  }
}

describe('room for beams', () => {
  test('is made once, before the first request for beams, and for no other', async () => {
    const process = new FakeProcess();
    await process.submission(1, {});
    await process.submission(2, { numBeams: 2 });
    await process.submission(3, { numBeams: 4 });
    assert.deepEqual(process.heard, ['submit 1', 'prepare', 'submit 2', 'submit 3']);
  });

  test('is waited for by all who need it, and by nobody else', async () => {
    const process = new FakeProcess();
    let done = (): void => undefined;
    process.prepareBeams = () => new Promise((resolve) => (done = resolve));
    const waiting = [1, 2].map((id) => process.submission(id, { numBeams: 2 }));
    await process.submission(3, {});
    await eventually(() => Promise.resolve(process.heard.includes('prepare')));
    assert.deepEqual(process.heard.toSorted(), ['prepare', 'submit 3']);
    done();
    await Promise.all(waiting);
    assert.deepEqual(process.heard.slice(2), ['submit 1', 'submit 2']);
  });

  test("that can't be made refuses that request only, and is tried again", async () => {
    const process = new FakeProcess();
    process.prepareBeams = () => Promise.reject(new Error('no memory'));
    const refused = process.submission(1, { numBeams: 2 });
    await assert.rejects(refused, (error: Error) => {
      assert.equal(error.message, 'numBeams: there is no memory for beams; expected 1');
      return hasCode('OUT_OF_MEMORY', 'numBeams')(error);
    });
    process.prepareBeams = () => Promise.resolve();
    await process.submission(2, {});
    await process.submission(3, { numBeams: 2 });
    assert.deepEqual(process.heard, ['prepare', 'submit 2', 'prepare', 'submit 3']);
  });

  test('is not made for a request that is refused anyway', async () => {
    const process = new FakeProcess();
    await assert.rejects(process.submission(1, { numBeams: 2, maxLength: 3 }), /^GlossaError: maxLength: /);
    assert.deepEqual(process.heard, []);
  });

  test('leaves what is cancelled meanwhile cancelled', async () => {
    const process = new FakeProcess();
    let done = (): void => undefined;
    process.prepareBeams = () => new Promise((resolve) => (done = resolve));
    const waiting = process.submission(1, { numBeams: 2, numReturnSequences: 2 });
    await eventually(() => Promise.resolve(process.heard.includes('prepare')));
    await process.cancel(1, 1);
    await process.cancel(1, -1);
    assert.deepEqual(process.heard, ['prepare']);
    done();
    await waiting;
    await process.cancel(1, 0);
    assert.deepEqual(process.heard, ['prepare', 'submit 1', 'cancel 1 1', 'cancel 1 -1', 'cancel 1 0']);
  });
});

/** Tokenizers that give nothing before they are told to. */
function heldTokenizer(process: FakeProcess): { texts: string[]; release: () => Promise<void> } {
  const texts: string[] = [];
  const held: (() => void)[] = [];
  process.tokenize = (text) => {
    texts.push(text);
    return new Promise((resolve) =>
      held.push(() => {
        resolve([1]);
      }),
    );
  };
  const release = async (): Promise<void> => {
    held.shift()?.();
    await setImmediate();
  };
  return { texts, release };
}

describe('tokenization', () => {
  test('is of two texts at a time, whatever they are for', async () => {
    const process = new FakeProcess();
    const { texts, release } = heldTokenizer(process);
    const model = await process.loaded;
    const given: Promise<unknown>[] = [model.tokenize('a'), process.submission(1, { prompt: 'b' })];
    await setImmediate();
    given.push(model.tokenize('c'), process.submission(2, { prompt: 'd' }));
    await setImmediate();
    assert.deepEqual(texts, ['a', 'b']);
    await release();
    assert.deepEqual(texts, ['a', 'b', 'c']);
    for (let i = 0; i < 3; i += 1) await release();
    await Promise.all(given);
    assert.deepEqual(process.heard, ['submit 1', 'submit 2']);
  });

  test('is not begun for a request that was cancelled meanwhile, which ends', async () => {
    const process = new FakeProcess();
    const { texts, release } = heldTokenizer(process);
    const given = ['a', 'b', 'c', 'd'].map((prompt, id) =>
      process.submission(id, { prompt, numReturnSequences: 2, doSample: true }),
    );
    await setImmediate();
    await process.cancel(2, -1);
    await given[2];
    assert.deepEqual(process.events, [
      ['finish', 2, 0, 'cancelled', '', 0, null, false],
      ['finish', 2, 1, 'cancelled', '', 0, null, false],
    ]);
    // One sequence of two: the other one is wanted.
    await process.cancel(3, 1);
    for (let i = 0; i < 3; i += 1) await release();
    await Promise.all(given);
    assert.deepEqual(texts, ['a', 'b', 'd']);
    assert.deepEqual(process.heard, ['submit 0', 'submit 1', 'submit 3', 'cancel 3 1']);
    assert.equal(process.events.length, 2);
  });

  test('is not begun for a call that was cancelled meanwhile', async () => {
    const process = new FakeProcess();
    const { texts, release } = heldTokenizer(process);
    const model = await process.loaded;
    const controller = new AbortController();
    const { signal } = controller;
    const given = ['a', 'b'].map((text) => model.tokenize(text));
    const dropped = [
      assert.rejects(model.tokenize('c', { signal }), hasCode('CANCELLED')),
      assert.rejects(model.embed(['d'], 0, signal), hasCode('CANCELLED')),
    ];
    controller.abort();
    await Promise.all(dropped);
    await release();
    await release();
    await Promise.all(given);
    assert.deepEqual(texts, ['a', 'b']);
  });
});

test("what the scheduler says of a grammar is the request's fault, anything else is not", async () => {
  const process = new FakeProcess();
  process.submit = () => {
    throw new Error('grammar: line 1: expected a rule');
  };
  await assert.rejects(process.submission(1, { grammar: 'root ::= "x"' }), (error: Error) => {
    assert.equal(error.message, 'grammar: line 1: expected a rule');
    return hasCode('INVALID_REQUEST', 'grammar')(error);
  });
  process.submit = () => {
    throw new Error('the engine was stopped');
  };
  await assert.rejects(process.submission(2, {}), { name: 'Error', message: 'the engine was stopped' });
});
