import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Addon, NativeModel } from '../../src/engine/addon.js';
import type { NativeEngine, NativeRequest } from '../../src/engine/native-engine.js';
import { LoadedModel } from '../../src/engine/loaded-model.js';
import { parseGenerationRequest, type GenerationRequestInput } from '../../src/generation/request.js';
import { FAKE_INFO, PLAIN_TERMS } from '../fakes/engine.js';
import { eventually, hasCode } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

/** A model's process without an addon: what its scheduler hears, and rooms for beams as a test makes them. */
class FakeProcess {
  readonly heard: string[] = [];
  prepareBeams: () => Promise<void> = () => Promise.resolve();
  submit: (request: NativeRequest) => void = ({ id }) => this.heard.push(`submit ${id}`);
  readonly #loaded: Promise<LoadedModel>;

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
      tokenize: () => Promise.resolve([1, 2, 3]),
    };
    const addon: Partial<Addon> = {
      openBackend: () => ({ devices: [], systemInfo: '' }),
      loadModel: () => Promise.resolve(model as NativeModel),
      createEngine: () => Promise.resolve(engine as NativeEngine),
    };
    const events = { onProgress: () => undefined, onStep: () => undefined };
    this.#loaded = LoadedModel.load(addon as Addon, shippedEngineOptions(), events);
  }

  async submission(id: number, input: Omit<GenerationRequestInput, 'prompt'>): Promise<void> {
    const request = parseGenerationRequest({ prompt: 'a', ...input });
    await (await this.#loaded).submit(id, { ...request, seed: 0, ...PLAIN_TERMS });
  }

  async cancel(id: number, sequence: number): Promise<void> {
    (await this.#loaded).cancel(id, sequence);
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
