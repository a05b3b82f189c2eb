import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../e2e/processes.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Run {
  /** The first lines of standard output. */
  readonly lines: string[];
  readonly log: string;
}

/** `glossa serve` with a model that can't be loaded, until it has printed some lines; it must end with 0. */
async function serve(
  t: TestContext,
  { args, env = {}, lines }: { args: readonly string[]; env?: NodeJS.ProcessEnv; lines: number },
): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-cli-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'tiny.gguf'), 'x');
  const child = spawn(process.execPath, [main, 'serve', ...args], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env['PATH'], GLOSSA_STATE_DIR: join(folder, 'state'), ...env },
  });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (printed.length === lines) break;
  }
  assert.equal(printed.length, lines, log);
  child.kill('SIGTERM');
  assert.equal((await ended)[0], 0);
  return { lines: printed, log };
}

describe('glossa serve', () => {
  test('prints a line for every port', async (t) => {
    const args = [
      '--model',
      'tiny.gguf',
      '--port',
      '0',
      '--listen',
      'glossa=0',
      '--listen',
      'autocomplete=0',
    ];
    const { lines, log } = await serve(t, { args, lines: 3 });
    assert.match(lines[0] ?? '', /^glossa is listening on http:\/\/127.0.0.1:\d+ \(model tiny\)$/);
    assert.match(lines[1] ?? '', /^glossa on http:\/\/127.0.0.1:\d+$/);
    assert.match(lines[2] ?? '', /^autocomplete on http:\/\/127.0.0.1:\d+$/);
    assert.doesNotMatch(log, /llm-inference/);
  });

  test('listens on port 8080 of this machine where nothing says otherwise, or says that it is taken', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'glossa-cli-'));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    writeFileSync(join(folder, 'tiny.gguf'), 'x');
    const child = spawn(process.execPath, [main, 'serve', '--model', 'tiny.gguf'], {
      ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { PATH: process.env['PATH'], GLOSSA_STATE_DIR: join(folder, 'state') },
    });
    const ended = once(child, 'exit');
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('glossa is listening')) child.kill('SIGTERM');
    });
    await ended;
    assert.match(said, /glossa is listening on http:\/\/127\.0\.0\.1:8080 |port 8080\b/);
  });

  test('listens where SERVER_HOST and SERVER_PORT say, unless a flag says otherwise', async (t) => {
    const port = await freePort();
    const env = { SERVER_PORT: String(port), SERVER_HOST: 'localhost' };
    const named = await serve(t, { args: ['--model', 'tiny.gguf'], env, lines: 1 });
    assert.equal(named.lines[0], `glossa is listening on http://localhost:${port} (model tiny)`);
    const flags = ['--model', 'tiny.gguf', '--host', '127.0.0.1', '--port', '0'];
    const { lines } = await serve(t, { args: flags, env, lines: 1 });
    assert.match(lines[0] ?? '', /^glossa is listening on http:\/\/127\.0\.0\.1:\d+ /);
    assert.doesNotMatch(lines[0] ?? '', new RegExp(`:${port} `));
  });

  test("logs which of the llm-inference server's variables it used, without their values", async (t) => {
    const env = { SERVER_PORT: '0', SERVER_HOST: 'junk', MODEL_PATH: 'tiny.gguf', MODEL_SEED: '77777' };
    const { lines, log } = await serve(t, { args: ['--host', '127.0.0.1'], env, lines: 1 });
    assert.match(lines[0] ?? '', /\(model tiny\)$/);
    const line = log.split('\n').find((candidate) => candidate.includes('llm-inference')) ?? '{}';
    const { variables } = JSON.parse(line) as { variables: string[] };
    assert.deepEqual(variables.toSorted(), ['MODEL_PATH', 'MODEL_SEED', 'SERVER_PORT']);
    assert.doesNotMatch(line, /77777/);
  });
});
