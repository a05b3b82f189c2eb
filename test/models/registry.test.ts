import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { ANYBODY } from '../../src/models/caller.js';
import type { EngineOptions } from '../../src/engine/engine.js';
import { GlossaError } from '../../src/errors.js';
import { ModelRegistry, type RegistryOptions } from '../../src/models/registry.js';
import { eventually, hasCode } from '../engine/conformance.js';
import { FakeEngine, fakeEngineFactory } from '../fakes/engine.js';
import { silent, SOME_FILE, testConfiguration } from '../fakes/server.js';

/** A promise that a test resolves when it likes. */
function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

/** Models a, b and c, of 1000 bytes each once loaded. */
function makeRegistry(
  options: Partial<RegistryOptions> & { make?: (options: EngineOptions) => Promise<FakeEngine> } = {},
): { registry: ModelRegistry; started: () => number } {
  const { catalogue } = testConfiguration();
  const [model] = catalogue.models;
  assert.ok(model !== undefined);
  const models = ['a', 'b', 'c'].map((id) => ({ ...model, id, aliases: [`${id}-alias`] }));
  const make = options.make ?? (() => Promise.resolve(new FakeEngine({ info: { memoryBytes: 10_000 } })));
  const startEngine = fakeEngineFactory(make);
  const registry = new ModelRegistry({
    catalogue: { models, defaultModel: 'a' },
    startEngine,
    memoryBudget: 0,
    log: silent,
    ...options,
  });
  return { registry, started: () => startEngine.started.length };
}

function stateOf(registry: ModelRegistry, name: string): string {
  return registry.status(name).state.name;
}

describe('finding models', () => {
  test('by id and by alias', () => {
    const { registry } = makeRegistry();
    assert.deepEqual(
      [registry.find('b', ANYBODY), registry.find('b-alias', ANYBODY), registry.find('x', ANYBODY)],
      ['b', 'b', undefined],
    );
    assert.equal(registry.status().definition.id, 'a');
  });

  test('an unknown name is MODEL_NOT_FOUND, with the nearest one', async () => {
    const { registry } = makeRegistry();
    await assert.rejects(registry.acquire('b-alais', { caller: ANYBODY }), (error) => {
      assert.ok(error instanceof GlossaError);
      assert.equal(error.code, 'MODEL_NOT_FOUND');
      assert.equal(error.message, 'no model is called b-alais; did you mean b-alias?');
      return true;
    });
  });

  test('a name that is none is not repeated', async () => {
    const { registry } = makeRegistry();
    for (const name of ['once upon a time\n', '', '\0', 'b-alais ', 'x'.repeat(129)])
      await assert.rejects(registry.acquire(name, { caller: ANYBODY }), {
        code: 'MODEL_NOT_FOUND',
        message: 'model: expected the id or alias of a model',
      });
  });
});

describe('loading', () => {
  test('happens once for all who ask at the same time', async () => {
    const { registry, started } = makeRegistry();
    const leases = await Promise.all(
      Array.from({ length: 8 }, () => registry.acquire('a', { caller: ANYBODY })),
    );
    assert.equal(started(), 1);
    assert.equal(new Set(leases.map((lease) => lease.engine)).size, 1);
    assert.equal(stateOf(registry, 'a'), 'ready');
    assert.equal(stateOf(registry, 'b'), 'unloaded');
  });

  test('shows its progress', async () => {
    const { open, passed } = gate();
    const { catalogue } = testConfiguration();
    const registry = new ModelRegistry({
      catalogue,
      memoryBudget: 0,
      log: silent,
      startEngine: async (_options, { onProgress }) => {
        onProgress?.(0.5);
        await passed;
        return new FakeEngine();
      },
    });
    registry.preload();
    await eventually(() => {
      const { state } = registry.status();
      return state.name === 'loading' && state.progress === 0.5;
    });
    open();
    await eventually(() => registry.status().state.name === 'ready');
  });

  test('that fails is reported with its reason to all who wait', async () => {
    const make = (): Promise<never> =>
      Promise.reject(new GlossaError('MODEL_LOAD_FAILED', 'the file is truncated'));
    const { registry } = makeRegistry({ make });
    const outcomes = await Promise.allSettled([
      registry.acquire('a', { caller: ANYBODY }),
      registry.acquire('a', { caller: ANYBODY }),
    ]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected');
      assert.equal(String(outcome.reason), "GlossaError: model a can't be loaded: the file is truncated");
    }
  });

  test('that fails for an unknown reason keeps that reason from clients', async () => {
    const { registry } = makeRegistry({ make: () => Promise.reject(new Error('/home/me/secret.gguf')) });
    await assert.rejects(registry.acquire('a', { caller: ANYBODY }), {
      message: "model a can't be loaded",
      code: 'MODEL_LOAD_FAILED',
    });
  });

  test('a missing file is MODEL_LOAD_FAILED without its path', async () => {
    const { catalogue } = testConfiguration({ model: ['/nowhere/none.gguf'] });
    const registry = new ModelRegistry({
      catalogue,
      startEngine: fakeEngineFactory(),
      memoryBudget: 0,
      log: silent,
    });
    await assert.rejects(registry.acquire(undefined, { caller: ANYBODY }), {
      code: 'MODEL_LOAD_FAILED',
      message: "model none can't be loaded: its file is missing or can't be read",
    });
  });

  test('is tried again after a back-off that grows', async () => {
    let now = 0;
    let tries = 0;
    const make = (): Promise<FakeEngine> => {
      tries += 1;
      return tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(new FakeEngine());
    };
    const { registry } = makeRegistry({ make, now: () => now });
    const attempt = (): Promise<string> =>
      registry.acquire('a', { caller: ANYBODY }).then(
        () => 'ready',
        () => 'failed',
      );
    assert.deepEqual([await attempt(), tries], ['failed', 1]);
    now = 999;
    assert.deepEqual([await attempt(), tries], ['failed', 1]);
    now = 1000;
    assert.deepEqual([await attempt(), tries], ['failed', 2]);
    now = 2999;
    assert.deepEqual([await attempt(), tries], ['failed', 2]);
    now = 3000;
    assert.deepEqual([await attempt(), tries], ['ready', 3]);
  });

  test('goes on when one who waits for it leaves', async () => {
    const { open, passed } = gate();
    const make = async (): Promise<FakeEngine> => {
      await passed;
      return new FakeEngine();
    };
    const { registry } = makeRegistry({ make });
    const controller = new AbortController();
    const left = registry.acquire('a', { signal: controller.signal, caller: ANYBODY });
    const stayed = registry.acquire('a', { caller: ANYBODY });
    await turn();
    controller.abort();
    await assert.rejects(left, hasCode('CANCELLED'));
    open();
    assert.equal((await stayed).id, 'a');
  });

  test('lets only so many wait', async () => {
    const { catalogue } = testConfiguration({ queueLimit: '2' });
    const startEngine = (): Promise<never> => new Promise(() => undefined);
    const registry = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent });
    void registry.acquire(undefined, { caller: ANYBODY }).catch(() => undefined);
    void registry.acquire(undefined, { caller: ANYBODY }).catch(() => undefined);
    await assert.rejects(registry.acquire(undefined, { caller: ANYBODY }), hasCode('MODEL_LOADING'));
  });
});

describe('models that share an engine', () => {
  /** A registry of one engine, which three ids share, with different adapters. */
  function makeSharing(options: Partial<RegistryOptions> = {}): {
    registry: ModelRegistry;
    engines: () => FakeEngine[];
  } {
    const { catalogue } = testConfiguration({ lora: ['one:../LICENSE', 'two:../README.md'] });
    const startEngine = fakeEngineFactory();
    const registry = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent, ...options });
    return { registry, engines: () => startEngine.started.map(({ engine }) => engine) };
  }

  test('load it once, and each request goes with the adapters of its id', async () => {
    const { registry, engines } = makeSharing();
    const leases = await Promise.all(
      ['two', 'package.json', 'one'].map((name) => registry.acquire(name, { caller: ANYBODY })),
    );
    assert.deepEqual(
      leases.map(({ id }) => id),
      ['two', 'package.json', 'one'],
    );
    for (const { engine } of leases) engine.generate({ prompt: 'A' }).cancel();
    const [engine, ...others] = engines();
    assert.deepEqual(
      engine?.options.map(({ adapterSet = 0 }) => adapterSet),
      [2, 0, 1],
    );
    assert.deepEqual(others, []);
  });

  test('pass a signal on beside the adapters', async () => {
    const { registry } = makeSharing();
    const { engine } = await registry.acquire('one', { caller: ANYBODY });
    const reasons: string[] = [];
    for await (const event of engine.generate({ prompt: 'A' }, { signal: AbortSignal.abort() })) {
      if (event.type === 'finish') reasons.push(event.finishReason);
    }
    assert.deepEqual(reasons, ['cancelled']);
  });

  test('have one state', async () => {
    const { registry } = makeSharing();
    await registry.acquire('one', { caller: ANYBODY });
    assert.deepEqual(
      registry.list(ANYBODY).map(({ definition, state }) => [definition.id, state.name]),
      [
        ['package.json', 'ready'],
        ['one', 'ready'],
        ['two', 'ready'],
      ],
    );
  });

  test('keep it loaded while any of them is in use', async () => {
    const memoryBudget = 1e6;
    const { catalogue } = testConfiguration({
      model: [SOME_FILE, '../LICENSE'],
      lora: ['one:../README.md', 'two:../README.md=2'],
    });
    const engine = { info: { memoryBytes: memoryBudget } };
    const startEngine = fakeEngineFactory(() => Promise.resolve(new FakeEngine(engine)));
    const { registry } = makeSharing({ catalogue, memoryBudget, startEngine });
    const [first, second] = [
      await registry.acquire('one', { caller: ANYBODY }),
      await registry.acquire('two', { caller: ANYBODY }),
    ];
    first.release();
    const waiting = registry.acquire('LICENSE', { caller: ANYBODY });
    await turn();
    assert.deepEqual([stateOf(registry, 'one'), stateOf(registry, 'LICENSE')], ['ready', 'loading']);
    second.release();
    await waiting;
    assert.equal(stateOf(registry, 'one'), 'unloaded');
  });

  test('need room for all adapters', async () => {
    const bytes = async (path: string): Promise<number> => (await stat(path)).size;
    const files = (await bytes(SOME_FILE)) + (await bytes('LICENSE')) + (await bytes('README.md'));
    const enough = makeSharing({ memoryBudget: Math.ceil(files * 1.2) });
    assert.equal((await enough.registry.acquire(undefined, { caller: ANYBODY })).id, 'package.json');
    const tooLittle = makeSharing({ memoryBudget: Math.ceil(files * 1.2) - 1 });
    await assert.rejects(tooLittle.registry.acquire(undefined, { caller: ANYBODY }), /memoryBudget is/);
  });

  test('fail to load with the name of the adapter that is missing', async () => {
    const { catalogue } = testConfiguration({ lora: ['one:/nowhere/none.gguf'] });
    const { registry } = makeSharing({ catalogue });
    await assert.rejects(registry.acquire('one', { caller: ANYBODY }), {
      code: 'MODEL_LOAD_FAILED',
      message: "model package.json can't be loaded: adapter none.gguf is missing or can't be read",
    });
  });
});

describe('the memory budget', () => {
  test('unloads the least recently used idle model', async () => {
    let now = 0;
    const { registry } = makeRegistry({ memoryBudget: 25_000, now: () => (now += 1) });
    for (const name of ['a', 'b', 'a', 'c']) (await registry.acquire(name, { caller: ANYBODY })).release();
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => stateOf(registry, name)),
      ['ready', 'unloaded', 'ready'],
    );
  });

  test('never unloads a model in use; the load waits for its release', async () => {
    const { registry } = makeRegistry({ memoryBudget: 15_000 });
    const inUse = await registry.acquire('a', { caller: ANYBODY });
    const waiting = registry.acquire('b', { caller: ANYBODY });
    await turn();
    assert.deepEqual([stateOf(registry, 'a'), stateOf(registry, 'b')], ['ready', 'loading']);
    inUse.release();
    inUse.release();
    const lease = await waiting;
    assert.deepEqual([lease.id, stateOf(registry, 'a')], ['b', 'unloaded']);
  });

  test('a model that alone exceeds it is refused', async () => {
    const { registry } = makeRegistry({ memoryBudget: 100 });
    await assert.rejects(
      registry.acquire('a', { caller: ANYBODY }),
      /needs about .* kB, memoryBudget is 100 B$/,
    );
  });

  test('is kept when a model takes more than its file promised', async () => {
    const make = (): Promise<FakeEngine> =>
      Promise.resolve(new FakeEngine({ info: { memoryBytes: 20_000 } }));
    const { registry } = makeRegistry({ memoryBudget: 25_000, make });
    (await registry.acquire('a', { caller: ANYBODY })).release();
    (await registry.acquire('b', { caller: ANYBODY })).release();
    await eventually(() => stateOf(registry, 'a') === 'unloaded');
    assert.equal(stateOf(registry, 'b'), 'ready');
  });

  test('many users of three models under a budget for one all get theirs', async () => {
    const { registry } = makeRegistry({ memoryBudget: 15_000 });
    const names = Array.from({ length: 60 }, (_, index) => ['a', 'b', 'c'][index % 3] ?? 'a');
    await Promise.all(
      names.map(async (name) => {
        const lease = await registry.acquire(name, { caller: ANYBODY });
        await turn();
        lease.release();
      }),
    );
    await eventually(
      () => registry.list(ANYBODY).filter((status) => status.state.name === 'ready').length === 1,
    );
  });
});

describe('close', () => {
  test('closes every engine, twice without harm', async () => {
    const { registry } = makeRegistry();
    const lease = await registry.acquire('a', { caller: ANYBODY });
    await Promise.all([registry.close(), registry.close()]);
    await assert.rejects(lease.engine.stats(), hasCode('CLOSED'));
    await assert.rejects(registry.acquire('a', { caller: ANYBODY }), hasCode('CLOSED'));
    await assert.rejects(registry.acquire('b', { caller: ANYBODY }), hasCode('CLOSED'));
    lease.release();
  });

  test('ends the waiting for a load, and the engine it gives', async () => {
    const { open, passed } = gate();
    const engine = new FakeEngine();
    let isLoading = false;
    const make = async (): Promise<FakeEngine> => {
      isLoading = true;
      await passed;
      return engine;
    };
    const { registry } = makeRegistry({ make });
    const waiting = registry.acquire('a', { caller: ANYBODY });
    await eventually(() => isLoading);
    const closed = registry.close();
    await assert.rejects(waiting, hasCode('CLOSED'));
    open();
    await closed;
    assert.throws(() => engine.generate({ prompt: 'x' }), hasCode('CLOSED'));
  });
});
