import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { Command, CommanderError } from 'commander';

import { registerConvert } from '../../scripts/convert/command.js';
import { readGguf } from '../../scripts/convert/gguf/reader.js';
import { formatBytes, progressPrinter } from '../../scripts/convert/progress.js';
import { GlossaError } from '../../src/errors.js';
import { writeAdapter } from './lora/tiny-adapter.js';
import { scratchFolder } from './scratch.js';
import { writeTinyGpt2 } from './tiny-gpt2.js';

async function glossa(...args: string[]): Promise<{ out: string; err: string }> {
  const written = { out: '', err: '' };
  const program = new Command('glossa');
  registerConvert(program, {
    out: { write: (text) => (written.out += text) },
    err: { write: (text) => (written.err += text) },
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: (text) => (written.err += text) });
  }
  await program.parseAsync(['node', 'glossa', ...args]);
  return written;
}

describe('glossa convert', () => {
  test('writes a file, says so in one line, and shows plain progress off a terminal', async (context) => {
    const source = await writeTinyGpt2(await scratchFolder(context));
    const { out, err } = await glossa('convert', source, '--outtype', 'f16');
    const outfile = join(source, 'tiny-model-f16.gguf');
    assert.equal((await readGguf(outfile)).tensors.length, 28);
    assert.match(out, /^.*tiny-model-f16\.gguf: gpt2, f16, 28 tensors, [\d.]+ kB\n$/);
    assert.match(err, /^(converting: \d+%\n)+$/);
    assert.ok(err.endsWith('converting: 100%\n'));
  });

  test('--dry-run lists the tensors and writes nothing', async (context) => {
    const source = await writeTinyGpt2(await scratchFolder(context));
    const before = await readdir(source);
    const { out } = await glossa(
      'convert',
      source,
      '--outtype=bf16',
      '--dry-run',
      '--outfile',
      join(source, 'x.gguf'),
    );
    assert.match(
      out,
      /blk\.1\.attn_qkv\.weight {2}BF16 {2}\[32, 96\] {2}from h\.1\.attn\.c_attn\.weight \(F32, transpose\)/,
    );
    assert.match(out, /gpt2, 28 tensors, 26240 parameters\nwould write x\.gguf as bf16\n$/);
    assert.deepEqual(await readdir(source), before);
  });

  test('--lora-only takes --threads, and writes the same with any number', async (context) => {
    const parent = await scratchFolder(context);
    const source = await writeTinyGpt2(parent);
    const adapter = await writeAdapter(parent);
    const files: Buffer[] = [];
    for (const threads of ['1', '3']) {
      const outfile = join(parent, `${threads}.gguf`);
      const options = ['--lora', adapter, '--lora-only', '--threads', threads, '--outfile', outfile];
      await glossa('convert', source, ...options);
      files.push(await readFile(outfile));
    }
    assert.deepEqual(files[1], files[0]);
  });

  test('a scale that is no number is not taken for a part of the path', async (context) => {
    const folder = await scratchFolder(context);
    await assert.rejects(
      glossa('convert', 'one', '--lora', `${folder}=0,5`),
      /expected a number for the scale/,
    );
  });

  test('a failure is thrown as a GlossaError', async () => {
    await assert.rejects(glossa('convert', 'hf:some/model/file'), (error) => {
      assert.ok(error instanceof GlossaError);
      assert.equal(error.code, 'CONVERSION_FAILED');
      return true;
    });
  });

  for (const args of [['--outtype', 'q9_9'], ['--lora'], ['--verifi'], ['two']]) {
    test(`"${args.join(' ')}" is refused`, async () => {
      await assert.rejects(glossa('convert', 'one', ...args), CommanderError);
    });
  }
});

describe('progress', () => {
  test('on a terminal is one line with rate and remaining time', () => {
    let text = '';
    let time = 0;
    const { show, end } = progressPrinter({ isTTY: true, write: (piece) => (text += piece) }, () => time);
    show({ phase: 'tensors', fraction: 0, bytes: 0 });
    time = 2000;
    show({ phase: 'tensors', fraction: 0.5, bytes: 10e6 });
    show({ phase: 'quantize', fraction: 0 });
    end();
    assert.deepEqual(
      text.split('\r').map((line) => line.trimEnd()),
      [
        '',
        `converting ${'░'.repeat(24)}   0%`,
        `converting ${'█'.repeat(12)}${'░'.repeat(12)}  50%  5 MB/s  2 s left`,
        `quantising ${'░'.repeat(24)}   0%`,
      ],
    );
    assert.ok(text.endsWith('\n'));
  });

  test('sizes are in powers of 1000', () => {
    assert.deepEqual([12, 1234, 7.4e6, 2.2e9].map(formatBytes), [
      '12 bytes',
      '1.23 kB',
      '7.40 MB',
      '2.20 GB',
    ]);
  });
});
