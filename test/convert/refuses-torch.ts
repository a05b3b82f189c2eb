import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { FormatError } from '../../scripts/convert/format-error.js';
import { openPytorch } from '../../scripts/convert/pytorch/reader.js';
import { type Pickle, torchEntries } from './raw-torch.js';
import { rawZip } from './raw-zip.js';
import { scratchFolder } from './scratch.js';

/** A file must be refused, in one line. */
export async function refuses(context: TestContext, file: Uint8Array, message: RegExp): Promise<void> {
  const path = join(await scratchFolder(context), 'pytorch_model.bin');
  await writeFile(path, file);
  await assert.rejects(openPytorch(path), (error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

/** What is wrong, the pickle, and what the message must say. */
export type Case = readonly [kind: string, pickle: Pickle, message: RegExp];

/** A test for every pickle in an archive that is sound otherwise. */
export function refusesPickles(cases: readonly Case[]): void {
  for (const [kind, pickle, message] of cases) {
    test(kind, (context) => refuses(context, rawZip(torchEntries(pickle)), message));
  }
}

/** What the message about a global must say. */
export const notAllowed = (name: string): RegExp =>
  new RegExp(`the global "${name.replaceAll('.', '\\.')}" is not allowed`);
