import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { packageRoot } from '../../src/engine/addon.js';
import type { Vocabulary } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { ODD_VOCABULARY, writeAlignedGpt2 } from '../convert/aligned-gpt2.js';
import { randomNumbers } from '../e2e/random.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

const MODELS: Readonly<Record<string, string>> = {
  gpt2: shippedModel,
  llama: path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf'),
};

async function start(t: TestContext, modelPath: string, onCrash?: () => void): Promise<EngineProcess> {
  const engine = await EngineProcess.start(
    shippedEngineOptions({ modelPath, parallelSequences: 1 }),
    onCrash === undefined ? {} : { onCrash },
  );
  t.after(() => engine.close());
  return engine;
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'glossa-vocabulary-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
const idsOf = ({ size }: Vocabulary): number[] => Array.from({ length: size }, (_, id) => id);
const names = (vocabulary: Vocabulary): string[] => idsOf(vocabulary).map((id) => text(vocabulary.bytes(id)));

describe('the vocabulary', () => {
  for (const [name, modelPath] of Object.entries(MODELS)) {
    test(`has the bytes that detokenized ids are made of: ${name}`, async (t) => {
      const engine = await start(t, modelPath);
      const vocabulary = await engine.vocabulary();
      assert.equal(vocabulary.size, engine.info.vocabularySize);
      const shown = idsOf(vocabulary).filter((id) => !['control', 'unknown'].includes(vocabulary.kind(id)));
      const next = randomNumbers(7);
      for (let round = 0; round < 20; round += 1) {
        const ids = Array.from({ length: 200 }, () => shown[Math.floor(next() * shown.length)] ?? 0);
        const bytes = Buffer.concat(ids.map((id) => vocabulary.bytes(id)));
        assert.equal(text(bytes), await engine.detokenize(ids));
      }
    });
  }

  test('names what ends a text, which is control', async (t) => {
    const engine = await start(t, shippedModel);
    const vocabulary = await engine.vocabulary();
    const controls = idsOf(vocabulary).filter((id) => vocabulary.kind(id) === 'control');
    assert.deepEqual(controls, engine.info.eosTokenIds);
    assert.deepEqual(
      controls.map((id) => text(vocabulary.bytes(id))),
      ['<|endoftext|>'],
    );
  });

  test('of SentencePiece has each byte once, its special tokens by their names, and spaces', async (t) => {
    const engine = await start(t, MODELS['llama'] ?? '');
    const vocabulary = await engine.vocabulary();
    const byteTokens = idsOf(vocabulary).filter((id) => vocabulary.kind(id) === 'byte');
    assert.deepEqual(
      byteTokens.map((id) => [...vocabulary.bytes(id)]),
      Array.from({ length: 256 }, (_, byte) => [byte]),
    );
    const special = [0, 1, 2].map((id) => [vocabulary.kind(id), text(vocabulary.bytes(id))]);
    assert.deepEqual(special, [
      ['unknown', '<unk>'],
      ['control', '<s>'],
      ['control', '</s>'],
    ]);
    const dog = (await engine.tokenize('the dog')).map((id) => text(vocabulary.bytes(id))).join('');
    assert.equal(dog, ' the dog');
    assert.equal(names(vocabulary).filter((name) => name.includes('▁')).length, 0);
  });

  test('of an aligned file has its tokens alone', async (t) => {
    const { plain, aligned } = await writeAlignedGpt2(await folderOf(t));
    const [one, other] = [await start(t, plain), await start(t, aligned)];
    const vocabulary = await other.vocabulary();
    assert.equal(vocabulary.size, ODD_VOCABULARY);
    assert.deepEqual(names(vocabulary), names(await one.vocabulary()));
    assert.equal(vocabulary.bytes(ODD_VOCABULARY).length, 0);
  });

  test('is asked for once', async (t) => {
    const engine = await start(t, shippedModel);
    assert.equal(await engine.vocabulary(), await engine.vocabulary());
  });

  test('is that of the process that runs, after another one has died', async (t) => {
    const folder = await folderOf(t);
    const { plain } = await writeAlignedGpt2(folder);
    const file = path.join(folder, 'model.gguf');
    await copyFile(plain, file);
    const crash = new EventEmitter();
    const crashed = once(crash, 'crash');
    const engine = await start(t, file, () => crash.emit('crash'));
    assert.equal((await engine.vocabulary()).size, ODD_VOCABULARY);
    // The model is exchanged while it runs.
    await copyFile(MODELS['llama'] ?? '', `${file}.new`);
    await rename(`${file}.new`, file);
    process.kill((await engine.stats()).pid, 'SIGKILL');
    await crashed;
    // Queued until the next process is there.
    for await (const _ of engine.generate({ prompt: [5], maxNewTokens: 1 }));
    assert.equal((await engine.vocabulary()).size, engine.info.vocabularySize);
    assert.ok(engine.info.vocabularySize > ODD_VOCABULARY);
  });
});
