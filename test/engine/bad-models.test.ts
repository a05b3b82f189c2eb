import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import { GlossaError } from '../../src/errors.js';
import { badModels } from './bad-models.js';
import { collect, eventually } from './conformance.js';
import { GoodModel } from './damage.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

let folder = '';
let good: GoodModel;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-bad-models-'));
  good = await GoodModel.read(shippedModel);
});
after(() => rm(folder, { recursive: true, force: true }));

/** Processes that this one has started and that have not ended. */
function childCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
}

/** Loading must fail for the reason given, tell nobody where the file lies, and leave no process. */
async function assertRefused(modelPath: string, says: RegExp): Promise<void> {
  const crashes: Error[] = [];
  const starting = EngineProcess.start(shippedEngineOptions({ modelPath }), {
    onCrash: (error) => crashes.push(error),
  });
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, 'MODEL_LOAD_FAILED');
    const prefix = "the model can't be loaded: ";
    assert.ok(error.message.startsWith(prefix), error.message);
    assert.match(error.message.slice(prefix.length), says);
    assert.ok(!error.message.includes('/') && !error.message.includes('\\'), error.message);
    return true;
  });
  await eventually(() => childCount() === 0);
  assert.deepEqual(crashes, []);
}

describe('refused as a model: a file with', () => {
  for (const { what, make, says } of badModels) {
    test(what, async () => {
      const path = join(folder, 'bad model.gguf');
      await writeFile(path, await make(good, folder));
      await assertRefused(path, says);
    });
  }
});

describe('refused in place of a model', () => {
  test('no file', () => assertRefused(join(folder, 'none.gguf'), /'none.gguf' \(No such file/));

  test('a folder', async () => {
    const path = join(folder, 'folder.gguf');
    await mkdir(path);
    await assertRefused(path, /^it is a folder, not a GGUF file$/);
  });

  const isRoot = process.getuid?.() === 0;
  const reason = isRoot ? 'root may read every file' : 'files are hidden otherwise on Windows';
  test(
    'a file that may not be read',
    { skip: isRoot || process.platform === 'win32' ? reason : false },
    async () => {
      const path = join(folder, 'secret.gguf');
      await writeFile(path, good.bytes);
      await chmod(path, 0);
      await assertRefused(path, /'secret.gguf' \(Permission denied\)/);
    },
  );
});

test('after all of them a good file loads and answers', async () => {
  const engine = await EngineProcess.start(shippedEngineOptions());
  const events = await collect(
    engine.generate({ prompt: 'The little dog', maxNewTokens: 5, eosTokenId: [] }),
  );
  assert.equal(events.filter((event) => event.type === 'token').length, 5);
  await engine.close();
  await eventually(() => childCount() === 0);
});
