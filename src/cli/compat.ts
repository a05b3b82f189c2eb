import { Option, type Command } from 'commander';

import type { Configuration } from '../config/load.js';
import { idFromPath } from '../config/models.js';
import type { FlagValues } from '../config/sources.js';
import { GlossaError } from '../errors.js';

/** The flags of Chinese-LLaMA-Alpaca's demo server, in its spelling. */
interface AlpacaFlags {
  readonly base_model?: string;
  readonly lora_model?: string;
  readonly tokenizer_path?: string;
  readonly only_cpu?: boolean;
  readonly gpus?: string;
  readonly load_in_8bit?: boolean;
}

const ALPACA_FLAGS: readonly (readonly [flag: string, description: string])[] = [
  ['--base_model <source>', 'checkpoint folder, hf:owner/name, or a GGUF file'],
  ['--lora_model <source>', 'PEFT adapter to merge: folder, or owner/name on the hub'],
  ['--tokenizer_path <dir>', "folder of the tokenizer (default: the adapter's, else the checkpoint's)"],
  ['--only_cpu', 'compute on the CPU alone'],
  ['--gpus <ids>', 'CUDA devices to compute on, like 0,1 (default: 0)'],
  ['--load_in_8bit', 'convert to 8 bits instead of 16'],
];

/** Port that the demo server's clients have built in. */
const CLASSIC_PORT = 19_327;
/** Which of its devices CUDA shows to a process. */
const DEVICES_ENV = 'CUDA_VISIBLE_DEVICES';

/** Adds --compat and the flags that it brings. */
export function addCompatFlags(command: Command): Command {
  command.addOption(
    new Option('--compat <api>', 'understand the flags of the original server of an API').choices(['alpaca']),
  );
  for (const [flag, description] of ALPACA_FLAGS)
    command.option(flag, `with --compat alpaca: ${description}`);
  return command;
}

/** How the general part of a configuration is made; `extra` counts like flags, and before those given. */
export type Configure = (extra?: FlagValues) => Configuration;

/**
 * The configuration of a command that may be told to be compatible. With --compat alpaca the default model is the one
 * that its flags name, converted if need be, and the alpaca API has its port.
 *
 * @throws GlossaError CONFIG_INVALID if flags are missing or exclude each other; CONVERSION_FAILED
 */
export async function compatConfiguration(
  command: Command,
  configure: Configure,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Configuration> {
  const flags = alpacaFlags(command);
  // Whatever else is wrong is told before a conversion that may take long.
  const general = configure();
  if (flags === undefined) return general;
  const baseModel = checkFlags(command, flags, general);
  if (flags.only_cpu !== true) showDevices(flags, env);
  // Loaded here: serving does without the converter otherwise.
  const { prepareModel } = await import('./compat-model.js');
  const path = await prepareModel({
    baseModel,
    loraModel: flags.lora_model,
    tokenizerPath: flags.tokenizer_path,
    in8Bit: flags.load_in_8bit === true,
    env,
  });
  return configure({
    model: [path, ...general.settings.model],
    defaultModel: idFromPath(path),
    listen: listenAddresses(general),
    ...(flags.only_cpu === true && { gpu: 'off' }),
  });
}

function alpacaFlags(command: Command): AlpacaFlags | undefined {
  const values = command.opts<AlpacaFlags & { compat?: string }>();
  if (values.compat !== undefined) return values;
  const names = ALPACA_FLAGS.map(([flag]) => flag.split(' ')[0] ?? '');
  const stray = names.find((flag) => Object.hasOwn(values, flag.slice(2)));
  if (stray === undefined) return undefined;
  throw misused(`${stray} is a flag of another server: add --compat alpaca`);
}

/** @returns the base model, which must be there */
function checkFlags(command: Command, flags: AlpacaFlags, { settings }: Configuration): string {
  if (flags.base_model === undefined) throw misused('--compat alpaca needs --base_model');
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  if (isGiven('defaultModel'))
    throw misused('--compat alpaca makes --base_model the default model; remove --default-model');
  if (flags.only_cpu === true && flags.gpus !== undefined)
    throw misused('--only_cpu and --gpus contradict each other; remove one of them');
  if (flags.only_cpu === true && isGiven('gpu') && settings.gpu !== 'off')
    throw misused(`--only_cpu and --gpu ${settings.gpu} contradict each other; remove one of them`);
  if (flags.gpus !== undefined && settings.gpu === 'off')
    throw misused('--gpus and a gpu setting of off contradict each other; remove one of them');
  if (flags.gpus !== undefined && !/^\d{1,3}(,\d{1,3})*$/.test(flags.gpus))
    throw misused('--gpus: expected numbers of devices with commas between them, like 0,1');
  return flags.base_model;
}

/** The engine's processes inherit it. Who has set it has chosen already, unless --gpus says otherwise. */
function showDevices({ gpus }: AlpacaFlags, env: NodeJS.ProcessEnv): void {
  env[DEVICES_ENV] = gpus ?? env[DEVICES_ENV] ?? '0';
}

/** Those that are configured, and the classic port if none of them is this API's. */
function listenAddresses({ settings: { listen, classicPorts } }: Configuration): string[] {
  const configured = listen.map(({ dialect, port }) => `${dialect}=${port}`);
  const hasPort = classicPorts || listen.some(({ dialect }) => dialect === 'alpaca');
  return hasPort ? configured : [...configured, `alpaca=${CLASSIC_PORT}`];
}

function misused(message: string): GlossaError {
  return new GlossaError('CONFIG_INVALID', message);
}
