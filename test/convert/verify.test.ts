import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { strings, uint32 } from '../../scripts/convert/gguf/values.js';
import type { OutputTypeName } from '../../scripts/convert/output-types.js';
import { formatReport } from '../../scripts/convert/verify/report.js';
import {
  requireVerified,
  type VerificationReport,
  verifyConversion,
} from '../../scripts/convert/verify/verify.js';
import { GlossaError } from '../../src/errors.js';
import { GoodModel } from '../engine/damage.js';
import { shippedModel } from '../engine/shipped-model.js';
import { scratchFolder } from './scratch.js';
import { writeTinyGpt2 } from './tiny-gpt2.js';

const checkpoint = dirname(shippedModel);
let shippedAsF32 = '';
before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'glossa-verify-'));
  shippedAsF32 = join(folder, 'f32.gguf');
  await convertCheckpoint({ source: checkpoint, outtype: 'f32', outfile: shippedAsF32 });
});
after(() => rm(dirname(shippedAsF32), { recursive: true, force: true }));

interface Verified {
  readonly report: VerificationReport;
  readonly left: string[];
}

/** Verifies a file against a checkpoint in a folder of its own; `left` is what is in that folder afterwards. */
async function verify(
  context: TestContext,
  file: Buffer,
  { source = checkpoint, outtype = 'q8_0' }: { source?: string; outtype?: OutputTypeName } = {},
): Promise<Verified> {
  const folder = await scratchFolder(context);
  const ggufPath = join(folder, 'result.gguf');
  await writeFile(ggufPath, file);
  const report = await verifyConversion({
    ggufPath,
    outtype,
    tokenizerFolder: source,
    threads: 1,
    writeReference: async ({ path }) => {
      if (source === checkpoint) await cp(shippedAsF32, path);
      else await convertCheckpoint({ source, outtype: 'f32', outfile: path });
    },
  });
  return { report, left: await readdir(folder) };
}

function assertFails({ failures }: VerificationReport, ...messages: RegExp[]): void {
  assert.equal(failures.length, messages.length, failures.join('\n'));
  for (const [index, message] of messages.entries()) assert.match(failures[index] ?? '', message);
}

describe('the shipped model', () => {
  let shipped: GoodModel;
  before(async () => {
    shipped = await GoodModel.read(shippedModel);
  });

  test('passes, is compared in full, and leaves nothing behind', async (context) => {
    const { report, left } = await verify(context, shipped.bytes);
    assert.deepEqual(report.failures, []);
    const { logits, tokenizer, vocabularySize } = report;
    assert.deepEqual([logits.positions, logits.predicted, vocabularySize], [512, 511, 2816]);
    assert.ok(logits.maxDifference > 0 && logits.maxDifference < logits.spread / 20);
    assert.ok(logits.sameArgmax > 0.8 && logits.sameArgmax <= 1);
    assert.ok(tokenizer.strings >= 60 && tokenizer.roundTrips === tokenizer.decoded);
    assert.deepEqual(left, ['result.gguf']);
    assert.match(
      formatReport(report),
      /\n {2}start and end token {7}\d+ and \d+, as in the tokenizer's files\n/,
    );
    requireVerified(report);
    assert.match(
      formatReport(report),
      /^compared with an F32 conversion, on 512 positions of a built-in text, 2816 logits each:\n(.*\n)+verified\n$/,
    );
  });

  test('with a layer of twice the size fails', async (context) => {
    const file = shipped.withData('blk.1.ffn_down.weight', (data) => {
      // Q8_0: a binary16 scale before 32 bytes; one more in its exponent doubles the block.
      for (let at = 0; at < data.length; at += 34) data.writeUInt16LE(data.readUInt16LE(at) + 0x400, at);
    });
    const { report } = await verify(context, file);
    assertFails(
      report,
      ...(report.failures.length > 1 ? [/for the ratio of q8_0 and F32 perplexities, received/] : []),
      /^expected at most 0\.02 for the divergence in nats a token, received \d/,
    );
    assert.throws(
      () => {
        requireVerified(report);
      },
      (error) => error instanceof GlossaError && error.code === 'CONVERSION_FAILED',
    );
  });

  test('with another end token fails and names both', async (context) => {
    const metadata = { 'tokenizer.ggml.eos_token_id': uint32(5) };
    const { report } = await verify(
      context,
      await shipped.altered(await scratchFolder(context), { metadata }),
    );
    const end = report.specialTokens.find(({ name }) => name === 'eos')?.expected;
    assert.equal(end, shipped.strings('tokenizer.ggml.tokens').indexOf('<|endoftext|>'));
    assertFails(report, new RegExp(`^expected the tokenizer's ${end} for eos_token_id, received 5$`));
    assert.match(
      formatReport(report),
      new RegExp(
        `\n  start and end token {7}\\d+ and 5, by the tokenizer's files: end token expected: ${end}\n`,
      ),
    );
  });

  test('with two tokens swapped fails and names the strings', async (context) => {
    const tokens = [...shipped.strings('tokenizer.ggml.tokens')];
    const [one, two] = [tokens.indexOf('a'), tokens.indexOf('h')];
    [tokens[one], tokens[two]] = ['h', 'a'];
    const metadata = { 'tokenizer.ggml.tokens': strings(tokens) };
    const file = await shipped.altered(await scratchFolder(context), { metadata });
    const { report } = await verify(context, file);
    const message = report.failures.find((failure) => failure.includes('tokens for'));
    assert.match(message ?? '', /received others for \d+: "a letter", /);
    const text = formatReport(report);
    assert.match(
      text,
      new RegExp(
        `  a letter: "a"\n    ids in the file: {2}\\[${two}\\]\n    ids expected: {5}\\[${one}\\]\n`,
      ),
    );
    assert.match(text, /\nNOT verified: /);
  });
});

test('a model with a context of 8 tokens and 14 of vocabulary is compared as far as it goes', async (context) => {
  const source = await writeTinyGpt2(await scratchFolder(context));
  const outfile = join(source, 'f16.gguf');
  await convertCheckpoint({ source, outtype: 'f16', outfile });
  const { report } = await verify(context, await readFile(outfile), { source, outtype: 'f16' });
  assert.deepEqual(report.failures, []);
  assert.equal(report.logits.positions, 8);
});

test('vocab.json and merges.txt serve as well as tokenizer.json', async (context) => {
  const source = join(await scratchFolder(context), 'model');
  await mkdir(source);
  for (const name of [
    'config.json',
    'model.safetensors',
    'tokenizer_config.json',
    'vocab.json',
    'merges.txt',
  ])
    await cp(join(checkpoint, name), join(source, name));
  const { report } = await verify(context, await readFile(shippedModel), { source });
  assert.deepEqual(report.failures, []);
});

describe('what cannot be compared is an error:', () => {
  const cases: readonly { what: string; file: () => Promise<Buffer>; says: RegExp }[] = [
    {
      what: 'a file that is no model',
      file: () => Promise.resolve(Buffer.from('Once upon a time')),
      says: /the file: the model can't be loaded: .*magic/,
    },
    {
      what: 'a file on which llama.cpp aborts',
      file: async () => {
        const model = await GoodModel.read(shippedModel);
        return model.altered(folder, { metadata: { 'gpt2.block_count': uint32(0xffffffff) } });
      },
      says: /the engine ended by SIGABRT: GGML_ASSERT\(.*n_layer.*\) failed$/,
    },
    {
      what: 'a file of another vocabulary',
      file: async () => readFile(await tinyFile()),
      says: /the file has 16 tokens, its reference 2816$/,
    },
  ];
  let folder = '';
  const tinyFile = async (): Promise<string> => {
    const source = await writeTinyGpt2(folder);
    const outfile = join(source, 'f16.gguf');
    await convertCheckpoint({ source, outtype: 'f16', outfile });
    return outfile;
  };
  for (const { what, file, says } of cases) {
    test(what, async (context) => {
      folder = await scratchFolder(context);
      await assert.rejects(verify(context, await file()), (error) => {
        assert.ok(error instanceof GlossaError);
        assert.equal(error.code, 'CONVERSION_FAILED');
        assert.match(error.message, /^the result can't be verified: /);
        assert.match(error.message, says);
        return true;
      });
    });
  }
});
