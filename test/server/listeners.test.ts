import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';

import { ANYBODY } from '../../src/models/caller.js';
import type { FlagValues } from '../../src/config/sources.js';
import { autocompleteDialect } from '../../src/dialects/autocomplete/index.js';
import { glossaDialect } from '../../src/dialects/glossa/index.js';
import type { DialectServices } from '../../src/server/dialect.js';
import { startServer, type GlossaServer } from '../../src/server/glossa-server.js';
import { eventually } from '../engine/conformance.js';
import { FakeEngine, fakeEngineFactory } from '../fakes/engine.js';
import { silent, testConfiguration } from '../fakes/server.js';
import { temporaryStateFolder } from '../fakes/state-folder.js';
import { echoDialect } from './echo-dialect.js';
import { closeCode, exchange, openClient } from './echo-server.js';

type Factory = ReturnType<typeof fakeEngineFactory>;

async function start(
  flags: FlagValues,
  startEngine: Factory = fakeEngineFactory(() => new FakeEngine({ tokenDelayMs: 5 })),
): Promise<GlossaServer> {
  return await startServer({
    configuration: testConfiguration({ port: '0', stateDir: temporaryStateFolder(), ...flags }),
    dialects: [autocompleteDialect, glossaDialect, echoDialect().factory],
    ...{ startEngine, log: silent },
  });
}

async function twoPorts(
  t: TestContext,
  flags: FlagValues = {},
): Promise<{ server: GlossaServer; own: string; startEngine: Factory }> {
  const startEngine = fakeEngineFactory(() => new FakeEngine({ tokenDelayMs: 5 }));
  const server = await start({ listen: ['glossa=0'], ...flags }, startEngine);
  t.after(() => server.stop());
  await eventually(() => server.models.status().state.name === 'ready');
  return { server, own: server.listeners[0]?.url ?? '', startEngine };
}

function generate(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/glossa/generate`, { method: 'POST', body: JSON.stringify(body), headers });
}

/** A port that another program has. */
async function takenPort(t: TestContext): Promise<number> {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.after(() => blocker.close());
  return (blocker.address() as AddressInfo).port;
}

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

test('a start that fails leaves neither tasks nor models behind', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const { port } = blocker.address() as AddressInfo;
  let services: DialectServices | undefined;
  const startEngine = fakeEngineFactory(() => new FakeEngine());
  const starting = startServer({
    configuration: testConfiguration({ port: String(port), stateDir: temporaryStateFolder() }),
    dialects: [
      (given) => {
        services = given;
        return glossaDialect(given);
      },
    ],
    ...{ startEngine, log: silent },
  });
  await assert.rejects(starting, { code: 'CONFIG_INVALID' });
  blocker.close();
  await assert.rejects(async () => await services?.models.acquire(undefined, { caller: ANYBODY }), {
    code: 'CLOSED',
  });
  assert.throws(() => services?.tasks.start('none', '', null), { code: 'CLOSED' });
});

describe('a port of its own', () => {
  test('has its API and /health, and no other API', async (t) => {
    const { server, own } = await twoPorts(t);
    assert.deepEqual(
      server.listeners.map(({ name }) => name),
      ['glossa'],
    );
    assert.notEqual(own, server.url);
    const autocomplete = { method: 'POST', body: '{"context":"A","length":2}' };
    for (const [url, status] of [
      [server.url, 200],
      [own, 404],
    ] as const) {
      assert.equal((await fetch(`${url}/health`)).status, 200);
      assert.equal((await generate(url, { prompt: 'A', max_new_tokens: 2 })).status, 200);
      assert.equal((await fetch(`${url}/autocomplete`, autocomplete)).status, status);
    }
  });

  test('shares the models: one engine answers at all ports', async (t) => {
    const { server, own, startEngine } = await twoPorts(t);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        generate(index % 2 === 0 ? server.url : own, { prompt: `text ${index}`, max_new_tokens: 3 }),
      ),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(startEngine.started.length, 1);
    assert.equal(startEngine.started[0]?.engine.requests.length, 20);
  });

  test('is guarded like the common one', async (t) => {
    const { own } = await twoPorts(t, { apiKeys: 'secret', corsOrigins: 'http://app.example' });
    assert.equal((await generate(own, { prompt: 'A' })).status, 401);
    assert.equal((await fetch(`${own}/health`)).status, 200);
    const key = { 'x-api-key': 'secret' };
    assert.equal((await generate(own, { prompt: 'A', max_new_tokens: 1 }, key)).status, 200);
    const preflight = await fetch(`${own}/glossa/generate`, {
      method: 'OPTIONS',
      headers: { origin: 'http://app.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'http://app.example');
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /X-Api-Key/);
  });

  test('must be one of an API that the server has', async () => {
    await assert.rejects(start({ listen: ['booste=0'] }), {
      code: 'CONFIG_INVALID',
      message: '--listen booste=0: this server does not have the API booste',
    });
  });
});

describe('a port that is taken', () => {
  test('is named with its API and flag, and nothing is left listening', async (t) => {
    const [taken, common, first] = [await takenPort(t), await freePort(), await freePort()];
    const listen = [`glossa=${first}`, `autocomplete=${taken}`];
    const startEngine = fakeEngineFactory();
    await assert.rejects(start({ port: String(common), listen }, startEngine), {
      code: 'CONFIG_INVALID',
      message: `port ${taken} (autocomplete) on 127.0.0.1 is taken by another program; choose another one with --listen autocomplete=PORT`,
    });
    for (const port of [common, first]) await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
    assert.equal(startEngine.started.length, 0);
  });

  test('twice is refused before any is opened', async () => {
    const port = String(await freePort());
    await assert.rejects(start({ port, listen: [`glossa=${port}`] }), {
      code: 'CONFIG_INVALID',
      message: `port ${port} is asked for twice: by --port (all APIs) and by --listen glossa=${port} (glossa)`,
    });
    await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
  });
});

describe('stopping', () => {
  test('lets requests at all ports finish, and closes all of them', async (t) => {
    const { server, own } = await twoPorts(t, { listen: ['glossa=0', 'generate=0'] });
    const sockets = `${server.listeners[1]?.url.replace('http', 'ws') ?? ''}/api/ws`;
    const client = await openClient(sockets);
    const running = [server.url, own].map(async (url) => {
      const response = await generate(url, { prompt: 'A', max_new_tokens: 40 });
      return [response.status, await response.text()] as const;
    });
    await exchange(client, 'A');
    await eventually(() => server.activeRequests === 3);
    const code = closeCode(client);
    const stopped = Promise.all([server.stop(), server.stop()]);
    assert.equal(await code, 1001);
    for (const [status, text] of await Promise.all(running)) {
      assert.equal(status, 200);
      assert.match(text, /"generated_tokens":40/);
    }
    await stopped;
    for (const url of [server.url, own]) await assert.rejects(fetch(`${url}/health`));
    await assert.rejects(openClient(sockets));
  });

  test('has one deadline for all ports', async (t) => {
    const { server, own } = await twoPorts(t, { shutdownTimeout: '0.5' });
    const running = [server.url, own, own].map(async (url) =>
      (await generate(url, { prompt: 'A', max_new_tokens: 1_000_000 })).text(),
    );
    await eventually(() => server.activeRequests === 3);
    await server.stop();
    for (const text of await Promise.all(running)) assert.match(text, /"finish_reason":"cancelled"/);
  });
});
