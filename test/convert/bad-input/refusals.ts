import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, test, type TestContext } from 'node:test';

import { packageRoot } from '../../../src/engine/addon.js';
import { scratchFolder } from '../scratch.js';
import { runGlossa } from './command-line.js';
import { snapshot } from './folder-snapshot.js';

const PROGRESS = /^(downloading|converting|quantising|verifying): \d+%$/;
const WARNING = 'warning: ';
/** Of "Error: ..." and of a stack's lines. */
const STACK = /\bError\b|^\s+at |node:internal|\.js:\d+/;

/** A command that has to be refused. */
export interface BadInput {
  /** What follows `glossa convert`. Default: the tiny model as F32 into the folder "out". */
  readonly args?: readonly string[];
  /** Makes the input in a new folder, which is the command's current one and holds an empty folder "out". */
  readonly prepare: (folder: string) => Promise<unknown>;
  /** What the one line has to say. */
  readonly message: RegExp;
  readonly env?: NodeJS.ProcessEnv;
  /** A program that runs the command. */
  readonly through?: readonly string[];
  /** Why it cannot be tested here. */
  readonly skip?: string | undefined;
}

/** Of a conversion of the folder "tiny-model" into the folder "out". */
export const DEFAULT_ARGS = ['tiny-model', '--outtype', 'f32', '--outfile', 'out/result.gguf'];

/** The same with the adapter in "tiny-lora". */
export const LORA_ARGS = [...DEFAULT_ARGS, '--lora', 'tiny-lora'];

/**
 * Tests that every command ends with an exit code, one line on stderr, nothing on stdout, and every file and
 * folder as it was before: inputs unchanged, no output and nothing temporary.
 */
export function describeRefusals(title: string, cases: Readonly<Record<string, BadInput>>): void {
  describe(title, { concurrency: 2 }, () => {
    for (const [kind, bad] of Object.entries(cases))
      test(kind, { skip: bad.skip ?? false }, (context) => isRefused(context, bad));
  });
}

async function isRefused(context: TestContext, bad: BadInput): Promise<void> {
  const folder = await scratchFolder(context);
  await mkdir(`${folder}/out`);
  await bad.prepare(folder);
  const before = await snapshot(folder);
  const { code, signal, out, err } = await runGlossa(['convert', ...(bad.args ?? DEFAULT_ARGS)], {
    folder,
    env: bad.env,
    through: bad.through,
  });
  const lines = err
    .split('\n')
    .filter((line) => line !== '' && !PROGRESS.test(line) && !line.startsWith(WARNING));
  assert.equal(lines.length, 1, `one line, received ${JSON.stringify(err)}`);
  const [line = ''] = lines;
  assert.match(line, /^glossa: /);
  assert.match(line, bad.message);
  assert.doesNotMatch(err, STACK);
  for (const path of [folder, tmpdir(), packageRoot()]) assert.ok(!err.includes(path), err);
  assert.deepEqual({ code, signal, out }, { code: 1, signal: null, out: '' });
  assert.deepEqual(await snapshot(folder), before, 'every file and folder is as it was');
}
