import assert from 'node:assert/strict';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { scratchFolder } from '../scratch.js';
import { writeTinyGpt2 } from '../tiny-gpt2.js';
import { snapshot } from './folder-snapshot.js';

/** Of the methods that a conversion writes through. */
type Method = 'write' | 'sync';

/** Where no device can be filled up, the system's answer is put in place of the call's. */
describe('a device without space, as the file system tells it', () => {
  const cases: readonly (readonly [method: Method, call: number])[] = [
    ['write', 0],
    ['write', 5],
    ['sync', 0],
  ];
  for (const [method, call] of cases) {
    test(`at call ${call} of ${method}`, async (context) => {
      const folder = await scratchFolder(context);
      const source = await writeTinyGpt2(folder);
      await mkdir(join(folder, 'out'));
      const before = await snapshot(folder);
      const handle = await open(join(source, 'config.json'));
      const prototype = Object.getPrototypeOf(handle) as typeof handle;
      await handle.close();
      const full = Object.assign(new Error('full'), { code: 'ENOSPC', syscall: method });
      const { mock } = context.mock.method(prototype, method);
      mock.mockImplementationOnce(() => Promise.reject(full), call);
      await assert.rejects(
        convertCheckpoint({ source, outtype: 'f32', outfile: join(folder, 'out', 'result.gguf') }),
        { code: 'CONVERSION_FAILED', message: `no space is left on the device (${method}, ENOSPC)` },
      );
      assert.equal(mock.callCount(), call + 1, 'the failure is the end');
      assert.deepEqual(await readdir(join(folder, 'out')), []);
      assert.deepEqual(await snapshot(folder), before);
    });
  }
});
