import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import {
  type DownloadProgress,
  downloadSnapshot,
  type SnapshotOptions,
} from '../../../scripts/convert/hub/snapshot.js';
import { GlossaError } from '../../../src/errors.js';
import { type FakeHub, startHub } from './fake-hub.js';
import { scratchFolder } from '../scratch.js';

/** Not compressible, and not the same at two places. */
export function noise(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(Array.from({ length }, () => (state = Math.imul(state, 69_069) + 1) >>> 24));
}

export const WEIGHTS = noise(100_000);
export const MODEL = {
  'config.json': Buffer.from('{"model_type":"gpt2"}'),
  'tokenizer.json': Buffer.from('{}'),
  'model.safetensors': WEIGHTS,
};

export interface Setup {
  readonly hub: FakeHub;
  readonly folder: string;
  readonly progress: DownloadProgress[];
  readonly fetch: (options?: Partial<SnapshotOptions>) => Promise<string>;
  readonly refuses: (message: RegExp, options?: Partial<SnapshotOptions>) => Promise<void>;
}

export async function setUp(context: TestContext, files: Record<string, Buffer> = MODEL): Promise<Setup> {
  const hub = await startHub(context, { ...files });
  const folder = join(await scratchFolder(context), 'snapshot');
  const progress: DownloadProgress[] = [];
  const fetch = (options: Partial<SnapshotOptions> = {}): Promise<string> =>
    downloadSnapshot({
      id: 'owner/name',
      revision: 'main',
      folder,
      endpoint: hub.endpoint,
      onProgress: (state) => progress.push(state),
      ...options,
    });
  const refuses = (message: RegExp, options: Partial<SnapshotOptions> = {}): Promise<void> =>
    assert.rejects(fetch(options), (error) => {
      assert.ok(error instanceof GlossaError, String(error));
      assert.equal(error.code, 'CONVERSION_FAILED');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n|hf_secret/);
      return true;
    });
  return { hub, folder, progress, fetch, refuses };
}
