import { basename } from 'node:path';

import { type Command, Option } from 'commander';

import { type ConversionResult, convertCheckpoint } from './convert.js';
import { DEFAULT_OUTPUT_TYPE, OUTPUT_TYPE_NAMES, type OutputTypeName } from './output-types.js';
import type { TensorOrigin } from './plan.js';
import { formatBytes, progressPrinter, type ProgressStream } from './progress.js';

interface ConvertFlags {
  readonly outtype: OutputTypeName;
  readonly outfile?: string;
  readonly tokenizer?: string;
  readonly dryRun?: boolean;
}

/** Where the command writes; process.stdout and process.stderr by default. */
export interface ConvertStreams {
  readonly out: ProgressStream;
  readonly err: ProgressStream;
}

/**
 * Adds `convert SOURCE` to a program. The action throws GlossaError (CONVERSION_FAILED), which whoever parses
 * the command line prints; unknown options and types are refused by commander.
 */
export function registerConvert(
  program: Command,
  streams: ConvertStreams = { out: process.stdout, err: process.stderr },
): void {
  program
    .command('convert')
    .description('convert a Hugging Face checkpoint folder to a GGUF file')
    .argument('<SOURCE>', 'checkpoint folder: config.json, model.safetensors, tokenizer files')
    .addOption(
      new Option('--outtype <TYPE>', 'type of the weights')
        .choices([...OUTPUT_TYPE_NAMES])
        .default(DEFAULT_OUTPUT_TYPE),
    )
    .option('--outfile <FILE>', 'file to write (default: <name>-<outtype>.gguf in SOURCE)')
    .option('--tokenizer <DIR>', 'folder with the tokenizer files (default: SOURCE)')
    .option('--dry-run', 'check everything, list the tensors, write nothing')
    .action((source: string, flags: ConvertFlags) => runConvert(source, flags, streams));
}

async function runConvert(source: string, flags: ConvertFlags, { out, err }: ConvertStreams): Promise<void> {
  const progress = progressPrinter(err);
  try {
    const result = await convertCheckpoint({
      ...flags,
      source,
      onProgress: progress.show,
      onWarning: (message) => {
        progress.end();
        err.write(`warning: ${message}\n`);
      },
    });
    progress.end();
    out.write(flags.dryRun === true ? describePlan(result) : describeFile(result));
  } finally {
    progress.end();
  }
}

function describeFile(result: ConversionResult): string {
  const { outfile, outtype, architecture, tensors, bytes } = result;
  return `${outfile}: ${architecture}, ${outtype}, ${tensors.length} tensors, ${formatBytes(bytes)}\n`;
}

function describePlan(result: ConversionResult): string {
  const { outfile, outtype, architecture, tensors, parameters } = result;
  const lines = tensors.map(
    ({ name, type, dimensions, origin }) =>
      `  ${name}  ${type}  [${dimensions.join(', ')}]  ${describeOrigin(origin)}`,
  );
  const total = `${architecture}, ${tensors.length} tensors, ${parameters} parameters`;
  return `${lines.join('\n')}\n${total}\nwould write ${basename(outfile)} as ${outtype}\n`;
}

function describeOrigin(origin: TensorOrigin): string {
  if (origin.kind === 'generated') return 'computed';
  const { tensor, transform } = origin;
  return `from ${tensor.name} (${tensor.dtype}${transform === undefined ? '' : `, ${transform.kind}`})`;
}
