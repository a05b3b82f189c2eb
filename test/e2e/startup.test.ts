import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type ServeOptions, ServedGlossa } from './server.js';

describe('a start that is refused says why in one line', () => {
  const refusals: readonly [string, ServeOptions, RegExp][] = [
    [
      'an unknown variable',
      { env: { GLOSSA_CASHE_RAM: '1' } },
      /^glossa: unknown environment variable GLOSSA_CASHE_RAM; did you mean GLOSSA_CACHE_RAM\?$/,
    ],
    [
      'an unknown key',
      { config: { prot: 8080 } },
      /^glossa: unknown key prot in glossa\.json; did you mean port\?$/,
    ],
    [
      'an unknown key of a model',
      { config: { models: { a: { path: 'a.gguf', contextSise: 5 } } } },
      /^glossa: models in glossa\.json \(a\): unknown key contextSise; did you mean contextSize\?$/,
    ],
    [
      'an unknown flag',
      { args: ['--paralel-sequences', '2'] },
      /^glossa: unknown option '--paralel-sequences'\n\(Did you mean --parallel-sequences\?\)$/,
    ],
    [
      'a value of the wrong kind',
      { env: { GLOSSA_THREADS: 'all' }, threads: 'default' },
      /^glossa: GLOSSA_THREADS: /,
    ],
    ['an unknown model', { args: ['--default-model', 'glossa-tails'] }, /did you mean glossa-tales\?$/],
    [
      'an address of others without keys',
      { args: ['--host', '0.0.0.0'] },
      /^glossa: listening on 0\.0\.0\.0 lets other machines in: configure apiKeys or apiKeyFile, or allow it with --no-auth$/,
    ],
  ];
  for (const [what, options, message] of refusals) {
    test(what, async () => {
      const { code, log } = await ServedGlossa.fail(options);
      assert.equal(code, 1);
      assert.match(log, message);
    });
  }

  test('a port that is taken', async () => {
    const first = await ServedGlossa.start({ awaitReady: false });
    const { port } = new URL(first.url);
    const { code, log } = await ServedGlossa.fail({ args: ['--port', port] });
    assert.equal(code, 1);
    assert.equal(
      log,
      `glossa: port ${port} on 127.0.0.1 is taken by another program; choose another one with --port`,
    );
    // The one that has the port goes on.
    assert.ok([200, 503].includes((await first.get('/health')).status));
    await first.stop();
  });
});

test('with its own choice of threads it serves as well', async () => {
  const glossa = await ServedGlossa.start({ threads: 'default' });
  const response = await glossa.post('/glossa/generate', { prompt: 'A', max_new_tokens: 1 });
  assert.equal(response.status, 200);
  await response.text();
  await glossa.stop();
});

test('with keys it answers only those who have one', async () => {
  const glossa = await ServedGlossa.start({ config: { apiKeys: ['k-first', 'k-second'], host: '0.0.0.0' } });
  glossa.url = glossa.url.replace('0.0.0.0', '127.0.0.1');
  const ask = async (headers: Record<string, string>): Promise<[number, string]> => {
    const body = { context: 'A', length: 2 };
    const response = await glossa.post('/autocomplete', body, { headers });
    return [response.status, await response.text()];
  };
  const [status, text] = await ask({});
  assert.deepEqual([status, text], [401, 'an API key is required']);
  assert.deepEqual(await ask({ authorization: 'Bearer k-third' }), [401, 'the API key is not valid']);
  for (const headers of [
    { authorization: 'Bearer k-first' },
    { 'x-api-key': 'k-second' },
    { 'api-key': 'k-second' },
  ]) {
    assert.equal((await ask(headers))[0], 200);
  }
  const json = await glossa.post('/glossa/generate', { prompt: 'A' });
  assert.equal(json.status, 401);
  assert.equal(((await json.json()) as { error: { code: string } }).error.code, 'UNAUTHORIZED');
  assert.equal((await glossa.get('/health')).status, 200);
  assert.ok(!glossa.log.join('\n').includes('k-'));
  await glossa.kill();
});
