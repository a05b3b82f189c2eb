import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import type { ModelConfig } from '../../../scripts/convert/architectures/architecture.js';
import type { GgufValue } from '../../../scripts/convert/gguf/values.js';
import { generalMetadata } from '../../../scripts/convert/metadata/general.js';
import { scratchFolder } from '../scratch.js';
import { readStored } from './recipes.js';

/** What gguf-py made of a folder: scripts/goldens/make_metadata.py. */
interface MetadataGolden {
  readonly title: string;
  readonly folder: string;
  readonly parameters: number;
  readonly files: Readonly<Record<string, string>>;
  readonly expected: readonly (readonly [key: string, type: string, value: unknown])[];
}

/**
 * Cases in which the reference writes no name at all, because config.json says the empty one; we take the folder's. Old
 * versions of transformers write such an entry into every checkpoint.
 */
const NAMELESS: readonly string[] = ["id ''", "id 'me/'"];

function plain(key: string, value: GgufValue): readonly [string, string, unknown] {
  if (value.type === 'array')
    return [key, `array:${value.elementType}`, Array.from<unknown>(value.value as ArrayLike<unknown>)];
  return [key, value.type, value.value];
}

describe("general metadata: the same as llama.cpp's converter's", () => {
  for (const { title, folder: name, parameters, files, expected } of readStored(
    '.',
    'metadata',
  ) as MetadataGolden[]) {
    test(title, async (context) => {
      const folder = join(await scratchFolder(context), name);
      await mkdir(folder);
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
      const config = JSON.parse(files['config.json'] ?? '{}') as ModelConfig;
      const metadata = await generalMetadata(folder, config, parameters);
      if (NAMELESS.includes(title)) {
        assert.ok(!expected.some(([key]) => key === 'general.name'));
        assert.equal(metadata.get('general.name')?.value, 'My Folder');
        metadata.delete('general.name');
      }
      assert.deepEqual(
        [...metadata].map(([key, value]) => plain(key, value)),
        expected,
      );
    });
  }
});
