#!/usr/bin/env node
import { Command, CommanderError } from 'commander';

import { GlossaError } from '../errors.js';
import { registerConfigTable } from './config-table.js';
import { registerModels } from './models.js';
import { packageVersion } from '../package-version.js';
import { registerServe } from './serve.js';

/** Runs the command line and gives the process's exit code. */
async function main(argv: readonly string[]): Promise<number | undefined> {
  const program = new Command('glossa')
    .description('A local text-generation server')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'glossa: '));
      },
    });
  registerServe(program);
  registerModels(program);
  registerConfigTable(program);
  await registerConvertIfAsked(program, argv);
  try {
    await program.parseAsync(argv);
    return undefined;
  } catch (error) {
    return report(error, argv);
  }
}

/** The converter is loaded for its own command and for lists of commands only: serving does without. */
async function registerConvertIfAsked(program: Command, argv: readonly string[]): Promise<void> {
  const [command] = argv.slice(2);
  if (command === 'serve' || command === 'models') return;
  const { registerConvert } = await import('../../scripts/convert/command.js');
  registerConvert(program);
}

function report(error: unknown, argv: readonly string[]): number {
  // Commander has said it already, help and version included.
  if (error instanceof CommanderError) return error.exitCode;
  const failure = GlossaError.from(error);
  console.error(`glossa: ${failure.message}`);
  if (argv.join('=').includes('--log-level=debug') || process.env['GLOSSA_LOG_LEVEL'] === 'debug')
    console.error(failure);
  return 1;
}

const exitCode = await main(process.argv);
if (exitCode !== undefined) process.exitCode = exitCode;
