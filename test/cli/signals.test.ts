import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../fakes/serve-fake.js', import.meta.url));

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** Exit code, or the signal that ended the process. */
  readonly ended: Promise<number | string | null>;
}

async function serveFake(...args: string[]): Promise<Served> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string | null);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^glossa is listening on (http:\S+) \(model package\.json\)$/.exec(line)?.[1];
    if (url !== undefined) return { child, url, ended };
  }
  throw new Error('the server ended before it listened');
}

/** The first bytes of a stream of that many tokens, and a way to read the rest. */
async function beginStream(url: string, tokens: number): Promise<() => Promise<string>> {
  const body = JSON.stringify({ prompt: 'A', max_new_tokens: tokens, stream: true });
  const response = await fetch(`${url}/glossa/generate`, { method: 'POST', body });
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  return async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
    }
  };
}

describe('the server process', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`lets running requests finish after ${signal}, then ends with 0`, async () => {
      const { child, url, ended } = await serveFake('5', '10');
      const rest = await beginStream(url, 40);
      child.kill(signal);
      assert.ok((await rest()).endsWith('data: [DONE]\n\n'));
      assert.equal(await ended, 0);
    });
  }

  test('ends at once without running requests', async () => {
    const { child, ended } = await serveFake();
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });

  test('cancels what runs longer than it may', async () => {
    const { child, url, ended } = await serveFake('5', '0.2');
    const rest = await beginStream(url, 1_000_000);
    child.kill('SIGTERM');
    assert.match(await rest(), /"finish_reason":"cancelled"/);
    assert.equal(await ended, 0);
  });

  test('ends at once at the second signal', async () => {
    const { child, url, ended } = await serveFake('5', '60');
    const rest = await beginStream(url, 1_000_000);
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    await assert.rejects(rest());
  });
});
