import { Option, type Command } from 'commander';

import { loadConfiguration, type Configuration } from '../config/load.js';
import { physicalCores } from '../config/cores.js';
import { OPTIONS, type OptionDescription } from '../config/options.js';
import type { FlagValues } from '../config/sources.js';
import { packageRoot } from '../package-root.js';

/** Adds --config and a flag for every option of the configuration. */
export function addConfigFlags(command: Command): Command {
  command.option('--config <file>', 'configuration file (default: ./glossa.json if there is one)');
  for (const option of OPTIONS) {
    if (option.meta.fileOnly !== true) for (const flag of flagsOf(option)) command.addOption(flag);
  }
  return command;
}

/**
 * The configuration that a command's flags, the environment and the configuration file make; `extra` counts like
 * flags, and goes before those that were given.
 *
 * @throws GlossaError CONFIG_INVALID
 */
export function configurationOf(command: Command, extra: FlagValues = {}): Configuration {
  return loadConfiguration({
    flags: { ...flagValues(command), ...extra },
    configFile: command.opts<{ config?: string }>().config,
    env: process.env,
    cwd: process.cwd(),
    packageRoot: packageRoot(),
    physicalCores,
  });
}

function flagsOf(option: OptionDescription): Option[] {
  const { flag } = option;
  const description = describe(option);
  if (option.kind === 'boolean') {
    const negated = new Option(
      `--no-${flag.slice(2)}`,
      option.defaultValue === true ? description : `not ${flag}`,
    );
    const positive = new Option(flag, description);
    return [positive.hideHelp(option.defaultValue === true), negated.hideHelp(option.defaultValue !== true)];
  }
  const plain = new Option(`${flag} <${option.kind}>`, description);
  if (option.kind !== 'list') return [plain];
  return [plain.argParser((text, earlier: string[] | undefined) => [...(earlier ?? []), text])];
}

function describe({ meta, choices, defaultValue }: OptionDescription): string {
  const values = choices.length === 0 ? '' : ` (${choices.join(', ')})`;
  const isShown = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  const text = meta.description.replaceAll('`', '');
  return `${text}${values}${isShown ? ` (default: ${defaultValue})` : ''}`;
}

function flagValues(command: Command): FlagValues {
  const given: Record<string, string | string[] | boolean> = {};
  const values = command.opts<Record<string, string | string[] | boolean>>();
  for (const { name } of OPTIONS) {
    const value = values[name];
    // Commander gives switches that have a --no- form a default of its own.
    if (value !== undefined && command.getOptionValueSource(name) === 'cli') given[name] = value;
  }
  return given;
}
