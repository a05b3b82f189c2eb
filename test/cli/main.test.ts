import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { OPTIONS } from '../../src/config/options.js';
import { listeningServer } from '../fakes/server.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-cli-'));
});
after(() => {
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in an empty folder. */
async function glossa(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return await new Promise((resolve) => {
    const own = { PATH: process.env['PATH'], GLOSSA_STATE_DIR: join(folder, 'state') };
    const options = { cwd: folder, env: { ...own, ...env }, timeout: 20_000 };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe('glossa', () => {
  test('--version tells the version', async () => {
    const { code, stdout } = await glossa(['--version']);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test('--help lists the commands', async () => {
    const { code, stdout } = await glossa(['--help']);
    assert.equal(code, 0);
    for (const command of ['serve', 'models', 'convert'])
      assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
    assert.doesNotMatch(stdout, /config-table/);
  });

  test('serve --help lists every option once', async () => {
    const { stdout } = await glossa(['serve', '--help']);
    for (const { name, flag, meta, kind } of OPTIONS) {
      const pattern =
        kind === 'boolean'
          ? new RegExp(`^  --(no-)?${flag.slice(2)} `, 'gm')
          : new RegExp(`^  ${flag} `, 'gm');
      assert.equal(stdout.match(pattern)?.length ?? 0, meta.fileOnly === true ? 0 : 1, name);
    }
  });

  const failures: readonly [string, readonly string[], NodeJS.ProcessEnv, RegExp][] = [
    [
      'an unknown flag',
      ['serve', '--prot', '1'],
      {},
      /^glossa: unknown option '--prot'\n\(Did you mean --port\?\)\n$/,
    ],
    ['an unknown command', ['sevre'], {}, /^glossa: unknown command 'sevre'\n\(Did you mean serve\?\)\n$/],
    [
      'an unknown variable',
      ['serve'],
      { GLOSSA_PROT: '1' },
      /^glossa: unknown environment variable GLOSSA_PROT; did/,
    ],
    ['a bad value', ['serve', '--port', 'http'], {}, /^glossa: --port: expected number, received string\n$/],
    [
      'a missing file',
      ['serve', '--config', 'no.json'],
      {},
      /^glossa: configuration file no.json does not exist\n$/,
    ],
    [
      'an open door',
      ['serve', '--host', '0.0.0.0'],
      {},
      /^glossa: listening on 0.0.0.0 lets other machines in: .*\n$/,
    ],
  ];
  for (const [what, args, env, message] of failures) {
    test(`${what} is one line and exit code 1`, async () => {
      const { code, stdout, stderr } = await glossa(args, env);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    });
  }

  test('the cause of an error is shown for --log-level debug only', async () => {
    for (const flags of [['--log-level', 'debug'], ['--log-level=debug'], []]) {
      const { stderr } = await glossa(['serve', '--config', 'no.json', ...flags]);
      assert.equal(stderr.includes('ENOENT'), flags.length > 0);
    }
  });

  test('a taken port is one line and exit code 1', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { code, stderr } = await glossa(['serve', '--port', String(port)]);
    blocker.close();
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `glossa: port ${port} on 127.0.0.1 is taken by another program; choose another one with --port\n`,
    );
  });
});

describe('glossa models', () => {
  test('lists what is configured without a server', async () => {
    writeFileSync(join(folder, 'tiny.gguf'), 'x'.repeat(1500));
    const models = { big: { path: 'none.gguf', aliases: ['xl', 'gpt2-xl'] } };
    writeFileSync(join(folder, 'list.json'), JSON.stringify({ port: 1, models }));
    const { code, stdout } = await glossa(['models', '--config', 'list.json', '--model', 'tiny.gguf']);
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n'), [
      'MODEL           FILE     STATE  ALIASES',
      'tiny (default)  1.5 kB   -',
      'big             missing  -      xl, gpt2-xl',
      '(no server is running at the configured address)',
      '',
    ]);
  });

  test('lists models that share their base, and adapters that are missing', async () => {
    writeFileSync(join(folder, 'tiny.gguf'), 'x'.repeat(1500));
    writeFileSync(join(folder, 'a.gguf'), 'x');
    const adapters = ['--lora', 'alpaca:a.gguf', '--lora', 'poet:none.gguf'];
    const { stdout } = await glossa(['models', '--port', '1', '--model', 'tiny.gguf', ...adapters]);
    assert.deepEqual(stdout.split('\n').slice(0, 4), [
      'MODEL           FILE     STATE  ALIASES',
      'tiny (default)  1.5 kB   -',
      'alpaca          on tiny  -',
      'poet            missing  -',
    ]);
  });

  test('asks a running server what is loaded', async () => {
    const { server } = await listeningServer();
    const { port } = new URL(server.url);
    writeFileSync(join(folder, 'package.json'), '{}');
    const { stdout } = await glossa(['models', '--model', 'package.json', '--port', port]);
    await server.stop();
    assert.match(stdout, /^package.json \(default\) {2}2 B {3}(ready|loading)\n$/m);
  });

  test('says so if that server wants another key', async () => {
    const { server } = await listeningServer({ flags: { apiKeys: 'k1' } });
    const { port } = new URL(server.url);
    writeFileSync(join(folder, 'package.json'), '{}');
    const { stdout } = await glossa(['models', '--model', 'package.json', '--port', port]);
    await server.stop();
    assert.match(stdout, /\n\(a server is running, but wants another API key\)\n$/);
  });
});
