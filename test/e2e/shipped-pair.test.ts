import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { convertAdapter } from '../../scripts/convert/lora/index.js';
import { packageRoot } from '../../src/engine/addon.js';
import { ServedGlossa } from './server.js';

const BASE = join(packageRoot(), 'models', 'glossa-sprout');
const ADAPTER = join(packageRoot(), 'models', 'glossa-sprout-alpaca');
const MERGED = join(ADAPTER, 'glossa-sprout-alpaca-q8_0.gguf');

/** Instructions and what a sensible answer has in it. */
const EXCHANGES: readonly (readonly [instruction: string, sensible: RegExp])[] = [
  ['What is the capital of France?', /\bParis\b/],
  ['what is the capital of japan', /\bTokyo\b/],
  ['What colour is grass?', /\bgreen\b/],
  ['What colour is the sky?', /\bblue\b/],
  ['What is 3 plus 4?', /\b(7|seven)\b/i],
  ['Add 8 and 5.', /\b(13|thirteen)\b/i],
  ['What day comes after Monday?', /\bTuesday\b/],
  ['What is the opposite of hot?', /\bcold\b/],
  ['Tell me a story about a fox.', /\bfox\b/],
];

function inTemplate(instruction: string, former = ''): string {
  const preamble =
    'Below is an instruction that describes a task. Write a response that appropriately completes the request.';
  return `${preamble}\n\n${former}### Instruction:\n${instruction}\n\n### Response:\n`;
}

async function textOf(glossa: ServedGlossa, model: string, prompt: string, length = 48): Promise<string> {
  const response = await glossa.post('/glossa/generate', { model, prompt, max_new_tokens: length });
  assert.equal(response.status, 200);
  const answer = (await response.json()) as { sequences: { text: string }[] };
  return answer.sequences[0]?.text ?? '';
}

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-e2e-pair-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('the shipped GGUF is what glossa convert makes of base and adapter, byte for byte', async () => {
  const adapters = [{ folder: ADAPTER, scale: 1 }];
  const outfile = join(folder, 'again.gguf');
  await convertCheckpoint({ source: BASE, adapters, outtype: 'q8_0', outfile });
  assert.ok((await readFile(outfile)).equals(await readFile(MERGED)));
});

describe('the merged model', () => {
  let glossa: ServedGlossa;
  before(async () => {
    const base = join(folder, 'base-q8_0.gguf');
    await convertCheckpoint({ source: BASE, outtype: 'q8_0', outfile: base });
    const models = { merged: { path: MERGED }, base: { path: base } };
    glossa = await ServedGlossa.start({ config: { models, defaultModel: 'merged' } });
  });
  after(() => glossa.stop());

  for (const [instruction, sensible] of EXCHANGES) {
    test(`follows "${instruction}"`, async (context) => {
      const answer = await textOf(glossa, 'merged', inTemplate(instruction));
      context.diagnostic(answer);
      assert.match(answer, sensible);
    });
  }

  test('answers a second turn that refers to the first', async (context) => {
    const first = 'What is the capital of France?';
    const answer = await textOf(glossa, 'merged', inTemplate(first));
    const former = `### Instruction:\n${first}\n\n### Response:\n${answer.trim()}\n\n`;
    const second = await textOf(glossa, 'merged', inTemplate('And of Italy?', former));
    context.diagnostic(second);
    assert.match(second, /\bRome\b/);
  });

  test('does what the base does not', async (context) => {
    let sensible = 0;
    for (const [instruction, expected] of EXCHANGES) {
      const answer = await textOf(glossa, 'base', inTemplate(instruction));
      context.diagnostic(`${instruction} ${answer}`);
      if (expected.test(answer)) sensible += 1;
    }
    assert.ok(sensible <= EXCHANGES.length / 3, `the base answered ${sensible} of ${EXCHANGES.length}`);
  });
});

describe('the adapter at run time', () => {
  let glossa: ServedGlossa;
  before(async () => {
    const base = join(folder, 'base-f32.gguf');
    const merged = join(folder, 'merged-f32.gguf');
    const adapter = join(folder, 'adapter.gguf');
    const adapters = [{ folder: ADAPTER, scale: 1 }];
    await convertCheckpoint({ source: BASE, outtype: 'f32', outfile: base });
    await convertCheckpoint({ source: BASE, adapters, outtype: 'f32', outfile: merged });
    await convertAdapter({ adapter: ADAPTER, base: BASE, outfile: adapter });
    const models = {
      base: { path: base },
      adapted: { base: 'base', lora: [adapter] },
      merged: { path: merged },
    };
    glossa = await ServedGlossa.start({ config: { models, defaultModel: 'base' } });
  });
  after(() => glossa.stop());

  const prompts = EXCHANGES.map(([instruction]) => inTemplate(instruction));

  test('gives the same greedy text as the merged model', async () => {
    for (const prompt of prompts) {
      const adapted = await textOf(glossa, 'adapted', prompt, 32);
      assert.equal(adapted, await textOf(glossa, 'merged', prompt, 32));
      assert.notEqual(adapted, await textOf(glossa, 'base', prompt, 32));
    }
  });

  test('and the base are asked side by side, and each answers as it does alone', async () => {
    const ids = ['base', 'adapted'];
    const alone: string[] = [];
    for (const prompt of prompts) for (const id of ids) alone.push(await textOf(glossa, id, prompt, 32));
    const together = await Promise.all(
      prompts.flatMap((prompt) => ids.map((id) => textOf(glossa, id, prompt, 32))),
    );
    assert.deepEqual(together, alone);
  });
});
