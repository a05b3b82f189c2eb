import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { prepareModel, type WantedModel } from '../../src/cli/compat-model.js';
import { packageRoot } from '../../src/package-root.js';
import { GlossaError } from '../../src/errors.js';
import { startHub } from '../convert/hub/fake-hub.js';
import { scratchFolder } from '../convert/scratch.js';

const BASE = join(packageRoot(), 'models', 'glossa-sprout');
const ADAPTER = join(packageRoot(), 'models', 'glossa-sprout-alpaca');
const SHIPPED = join(ADAPTER, 'glossa-sprout-alpaca-q8_0.gguf');

interface Setup {
  readonly folder: string;
  /** What was written to standard error. */
  readonly said: string[];
  readonly prepare: (wanted?: Partial<WantedModel>) => Promise<string>;
}

/** Prepares the shipped pair, in 8 bits, with a cache in a folder of the test. */
async function setUp(context: TestContext): Promise<Setup> {
  const folder = await scratchFolder(context);
  const said: string[] = [];
  const err = { write: (text: string) => said.push(text) };
  const env = { GLOSSA_CACHE: join(folder, 'cache') };
  const pair = { baseModel: BASE, loraModel: ADAPTER, in8Bit: true, env, err };
  return { folder, said, prepare: (wanted = {}) => prepareModel({ ...pair, ...wanted }) };
}

async function refuses(result: Promise<string>, message: RegExp): Promise<void> {
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

describe('the model of --compat alpaca', () => {
  test('is converted once, into the cache, and used again', async (context) => {
    const { folder, said, prepare } = await setUp(context);
    const path = await prepare();
    assert.equal(basename(path), 'glossa-sprout-alpaca-q8_0.gguf');
    assert.equal(dirname(dirname(path)), join(folder, 'cache', 'compat'));
    assert.ok((await readFile(path)).equals(await readFile(SHIPPED)), 'base and adapter are merged');
    assert.equal(said[0], 'converting glossa-sprout-alpaca to q8_0, once\n');
    assert.ok(said.includes('converting: 100%\n'), said.join(''));
    // Nothing but the file.
    assert.deepEqual(await readdir(dirname(path)), [basename(path)]);

    const { mtimeMs, ino } = await stat(path);
    said.length = 0;
    assert.equal(await prepare(), path);
    const again = await stat(path);
    assert.deepEqual([again.mtimeMs, again.ino], [mtimeMs, ino]);
    assert.deepEqual(said, ['glossa-sprout-alpaca was converted before; using the file in the cache\n']);
  });

  test('is converted again if a file of its sources changed', async (context) => {
    const { folder, prepare } = await setUp(context);
    const base = join(folder, 'base');
    await cp(BASE, base, { recursive: true });
    const first = await prepare({ baseModel: base });
    await utimes(join(base, 'model.safetensors'), new Date(0), new Date(0));
    const second = await prepare({ baseModel: base });
    assert.notEqual(second, first);
    assert.ok((await readFile(second)).equals(await readFile(first)));
    // Somebody else's result in the same folder changes nothing.
    await writeFile(join(base, 'other.gguf'), 'x');
    assert.equal(await prepare({ baseModel: base }), second);
  });

  test('is the checkpoint alone without --lora_model, in 16 bits without --load_in_8bit', async (context) => {
    const { folder, prepare } = await setUp(context);
    const path = await prepare({ loraModel: undefined, in8Bit: false });
    assert.equal(basename(path), 'glossa-sprout-f16.gguf');
    const expected = join(folder, 'expected.gguf');
    await convertCheckpoint({ source: BASE, outtype: 'f16', outfile: expected });
    assert.ok((await readFile(path)).equals(await readFile(expected)));
  });

  test("has the tokenizer of --tokenizer_path, else the adapter's, else the checkpoint's", async (context) => {
    const { folder, prepare } = await setUp(context);
    const bare = join(folder, 'bare');
    const tokenizer = join(folder, 'tokenizer');
    await cp(BASE, bare, { recursive: true });
    await cp(BASE, tokenizer, { recursive: true });
    for (const name of await readdir(bare)) if (name.startsWith('tokenizer')) await rm(join(bare, name));
    // None of the sources has one.
    await refuses(prepare({ baseModel: bare }), /tokenizer/);
    const named = await prepare({ baseModel: bare, tokenizerPath: tokenizer });
    assert.ok((await readFile(named)).equals(await readFile(SHIPPED)));

    const adapter = join(folder, 'glossa-sprout-alpaca');
    await cp(ADAPTER, adapter, { recursive: true });
    for (const name of ['tokenizer.model', 'tokenizer_config.json', 'special_tokens_map.json'])
      await cp(join(BASE, name), join(adapter, name));
    const adapted = await prepare({ baseModel: bare, loraModel: adapter });
    assert.ok((await readFile(adapted)).equals(await readFile(SHIPPED)));
  });

  test('may be a GGUF file, which is served as it is', async (context) => {
    const { said, prepare } = await setUp(context);
    const gguf = { baseModel: SHIPPED, loraModel: undefined };
    assert.equal(await prepare({ ...gguf, in8Bit: false }), SHIPPED);
    assert.deepEqual(said, []);
    assert.equal(await prepare(gguf), SHIPPED);
    assert.match(said.join(''), /^warning: --load_in_8bit changes nothing/);
    await refuses(
      prepare({ baseModel: SHIPPED }),
      /^--lora_model: a GGUF file .* glossa convert --lora-only/,
    );
    await refuses(prepare({ ...gguf, tokenizerPath: BASE }), /^--tokenizer_path: a GGUF file/);
  });

  test('may be on the hub, the adapter by its plain name', async (context) => {
    const { folder, prepare } = await setUp(context);
    const files: Record<string, Buffer> = {};
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'chat_template.jinja'])
      files[name] = await readFile(join(ADAPTER, name));
    const hub = await startHub(context, files);
    const env = { GLOSSA_CACHE: join(folder, 'cache'), HF_ENDPOINT: hub.endpoint };
    const path = await prepare({ loraModel: 'owner/name', env });
    assert.equal(basename(path), 'name-q8_0.gguf');
    assert.ok((await stat(path)).size > 1_000_000);
    assert.equal(await prepare({ loraModel: 'hf:owner/name', env }), path);
  });

  test('must be there: the flag that is wrong is named, and nothing is left', async (context) => {
    const { folder, prepare } = await setUp(context);
    await refuses(
      prepare({ baseModel: '/nowhere/base' }),
      /^--base_model: expected .* received neither: base$/,
    );
    await refuses(prepare({ loraModel: '/nowhere/lora' }), /^--lora_model: expected .*: lora$/);
    await refuses(prepare({ tokenizerPath: './nowhere' }), /^--tokenizer_path: expected .*: nowhere$/);
    await refuses(prepare({ loraModel: BASE }), /adapter_config\.json/);
    await refuses(prepare({ baseModel: ADAPTER }), /config\.json/);
    const left = await readdir(join(folder, 'cache', 'compat'), { recursive: true }).catch(() => []);
    assert.deepEqual(
      left.filter((name) => name.includes('.gguf')),
      [],
    );
  });
});
