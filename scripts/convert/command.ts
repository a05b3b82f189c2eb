import { basename } from 'node:path';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { type ConversionResult, convertCheckpoint } from './convert.js';
import type { AdapterChoice } from './lora/merge.js';
import { DEFAULT_OUTPUT_TYPE, OUTPUT_TYPE_NAMES, type OutputTypeName } from './output-types.js';
import type { TensorOrigin } from './plan.js';
import { formatBytes, progressPrinter, type ProgressStream } from './progress.js';
import { formatReport } from './verify/report.js';

interface ConvertFlags {
  readonly lora: readonly AdapterChoice[];
  readonly outtype: OutputTypeName;
  readonly outfile?: string;
  readonly tokenizer?: string;
  readonly align: boolean;
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  readonly threads?: number;
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
    .description('convert a Hugging Face checkpoint, with LoRA adapters merged into it, to a GGUF file')
    .argument('<SOURCE>', 'checkpoint folder, or hf:owner/name[@revision]')
    .option('--lora <DIR[=SCALE]>', 'PEFT adapter to merge; again for more, in order', collectAdapters, [])
    .addOption(
      new Option('--outtype <TYPE>', 'type of the weights')
        .choices([...OUTPUT_TYPE_NAMES])
        .default(DEFAULT_OUTPUT_TYPE),
    )
    .option(
      '--outfile <FILE>',
      'file or folder to write to (default: <name>-<outtype>.gguf beside the input)',
    )
    .option('--tokenizer <DIR>', 'folder with the tokenizer files (default: SOURCE)')
    .option('--no-align', 'keep the size of the vocabulary even where a larger one would be faster')
    .option('--verify', 'compare the result with an F32 conversion and the tokenizer with its reference')
    .option('--dry-run', 'check everything, list the tensors, write nothing')
    .option('--threads <N>', 'threads that convert values (default: one a core)', parseThreads)
    .action((source: string, flags: ConvertFlags) => runConvert(source, flags, streams));
}

/** DIR or DIR=SCALE; what follows the last "=" is a scale if it is a number. */
function collectAdapters(value: string, previous: readonly AdapterChoice[]): AdapterChoice[] {
  const split = /^(.+)=([^=]*)$/.exec(value);
  const scale = Number(split?.[2]);
  if (split === null || split[2]?.trim() === '' || Number.isNaN(scale))
    return [...previous, { folder: value, scale: 1 }];
  return [...previous, { folder: split[1] ?? '', scale }];
}

function parseThreads(value: string): number {
  const threads = Number(value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new InvalidArgumentError(`expected a whole number from 1 to 1024, received ${value}`);
}

async function runConvert(source: string, flags: ConvertFlags, { out, err }: ConvertStreams): Promise<void> {
  const progress = progressPrinter(err);
  try {
    const { lora, ...others } = flags;
    const result = await convertCheckpoint({
      ...others,
      source,
      adapters: lora,
      onProgress: progress.show,
      onVerification: (report) => {
        progress.end();
        out.write(formatReport(report));
      },
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
  const aligned = result.addedRows === 0 ? '' : `, vocabulary aligned by ${result.addedRows} rows`;
  return `${outfile}: ${architecture}, ${outtype}, ${tensors.length} tensors, ${formatBytes(bytes)}${aligned}\n`;
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
