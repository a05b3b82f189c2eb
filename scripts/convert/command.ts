import { existsSync } from 'node:fs';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { GlossaError } from '../../src/errors.js';
import { convertCheckpoint } from './convert.js';
import { describeAdapter, describeFile, describePlan } from './describe-result.js';
import { ADAPTER_TYPES, type AdapterOutputType, convertAdapter } from './lora/index.js';
import type { AdapterChoice } from './lora/merge.js';
import { DEFAULT_OUTPUT_TYPE, OUTPUT_TYPE_NAMES, type OutputTypeName } from './output-types.js';
import { progressPrinter, type ProgressStream } from './progress.js';
import { formatReport } from './verify/report.js';
import type { VerificationReport } from './verify/verify.js';
import type { ConversionListeners } from './write-tensors.js';

interface ConvertFlags {
  readonly lora: readonly AdapterChoice[];
  readonly loraOnly?: boolean;
  readonly outtype?: OutputTypeName;
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
    .option(
      '--lora-only',
      'convert the adapter alone, for use at run time; SOURCE is the model it was trained on',
    )
    .addOption(
      new Option(
        '--outtype <TYPE>',
        `type of the weights (default: ${DEFAULT_OUTPUT_TYPE}; f32 for an adapter)`,
      ).choices([...OUTPUT_TYPE_NAMES]),
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
  if (split === null || split[2]?.trim() === '' || Number.isNaN(scale)) {
    const folder = split?.[1];
    if (folder !== undefined && existsSync(folder) && !existsSync(value))
      throw new InvalidArgumentError(`expected a number for the scale, received ${split?.[2] ?? ''}`);
    return [...previous, { folder: value, scale: 1 }];
  }
  return [...previous, { folder: split[1] ?? '', scale }];
}

function parseThreads(value: string): number {
  const threads = Number(value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new InvalidArgumentError(`expected a whole number from 1 to 1024, received ${value}`);
}

async function runConvert(source: string, flags: ConvertFlags, { out, err }: ConvertStreams): Promise<void> {
  const progress = progressPrinter(err);
  const listeners = {
    onProgress: progress.show,
    onWarning: (message: string) => {
      progress.end();
      err.write(`warning: ${message}\n`);
    },
    onVerification: (report: VerificationReport) => {
      progress.end();
      out.write(formatReport(report));
    },
  };
  try {
    const text = await (flags.loraOnly === true ? convertOne : convertWhole)(source, flags, listeners);
    progress.end();
    out.write(text);
  } finally {
    progress.end();
  }
}

interface Listeners extends ConversionListeners {
  readonly onVerification: (report: VerificationReport) => void;
}

async function convertWhole(source: string, flags: ConvertFlags, listeners: Listeners): Promise<string> {
  const { lora, loraOnly: _, ...others } = flags;
  const result = await convertCheckpoint({ ...others, ...listeners, source, adapters: lora });
  return flags.dryRun === true ? describePlan(result) : describeFile(result);
}

/** `--lora-only`: one adapter, without its base. */
async function convertOne(source: string, flags: ConvertFlags, listeners: Listeners): Promise<string> {
  const [adapter, ...others] = flags.lora;
  if (adapter === undefined || others.length > 0)
    throw misused(`expected one --lora with --lora-only, received ${flags.lora.length}`);
  if (adapter.scale !== 1)
    throw misused('a scale belongs to the use of an adapter (serve --lora FILE=SCALE), not into its file');
  const senseless = [
    ['--tokenizer', flags.tokenizer !== undefined],
    ['--no-align', !flags.align],
    ['--verify', flags.verify],
  ].find(([, given]) => given === true);
  if (senseless !== undefined) throw misused(`${String(senseless[0])} means nothing with --lora-only`);
  const { outtype = 'f32', outfile, dryRun, threads } = flags;
  if (!isAdapterType(outtype))
    throw misused(
      `expected ${Object.keys(ADAPTER_TYPES).join(', ')} for --outtype of an adapter, received ${outtype}`,
    );
  const result = await convertAdapter({
    adapter: adapter.folder,
    base: source,
    outtype,
    outfile,
    dryRun,
    threads,
    ...listeners,
  });
  return describeAdapter(result, dryRun === true);
}

function misused(message: string): GlossaError {
  return new GlossaError('CONVERSION_FAILED', message);
}

function isAdapterType(type: string): type is AdapterOutputType {
  return Object.hasOwn(ADAPTER_TYPES, type);
}
