import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { Command } from 'commander';

import { addCompatFlags, compatConfiguration } from '../../src/cli/compat.js';
import { addConfigFlags, configurationOf } from '../../src/cli/config-flags.js';
import { packageRoot } from '../../src/package-root.js';
import type { Configuration } from '../../src/config/load.js';

const GGUF = join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const ALPACA = ['--compat', 'alpaca', '--base_model', GGUF];

/** The configuration that arguments of `glossa serve` make, and the environment that engines get. */
async function configured(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Configuration & { readonly env: NodeJS.ProcessEnv }> {
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => undefined });
  addCompatFlags(addConfigFlags(command)).action(() => undefined);
  await command.parseAsync(args, { from: 'user' });
  const configure = (extra = {}): Configuration => configurationOf(command, extra);
  return { ...(await compatConfiguration(command, configure, env)), env };
}

describe('--compat alpaca', () => {
  test('makes the base model the default one, before others', async () => {
    const { catalogue } = await configured([...ALPACA, '--model', '/models/other.gguf']);
    assert.equal(catalogue.defaultModel, 'glossa-sprout-alpaca-q8_0');
    assert.deepEqual(
      catalogue.models.map(({ id }) => id),
      ['glossa-sprout-alpaca-q8_0', 'other'],
    );
    assert.equal(catalogue.models[0]?.engine.modelPath, GGUF);
  });

  const ports: readonly [readonly string[], object][] = [
    [[], [{ dialect: 'alpaca', port: 19_327 }]],
    [['--listen', 'alpaca=7'], [{ dialect: 'alpaca', port: 7 }]],
    [
      ['--listen', 'booste=8'],
      [
        { dialect: 'booste', port: 8 },
        { dialect: 'alpaca', port: 19_327 },
      ],
    ],
    [['--classic-ports'], []],
  ];
  for (const [args, expected] of ports) {
    test(`${args.join(' ') || 'without --listen'} listens where it should`, async () => {
      const { settings } = await configured([...ALPACA, ...args, '--port', '5']);
      assert.deepEqual(settings.listen, expected);
      assert.equal(settings.port, 5);
    });
  }

  test('--only_cpu switches the GPU off', async () => {
    const { settings, catalogue } = await configured([...ALPACA, '--only_cpu'], {});
    assert.equal(settings.gpu, 'off');
    assert.equal(catalogue.models[0]?.engine.gpu, 'off');
    assert.equal((await configured([...ALPACA, '--only_cpu', '--gpu', 'off'])).settings.gpu, 'off');
  });

  test('--gpus chooses the devices that engines see; without it the first, or those chosen already', async () => {
    const devices = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> => {
      const result = await configured([...ALPACA, ...args], env);
      assert.equal(result.settings.gpu, 'auto');
      return result.env['CUDA_VISIBLE_DEVICES'];
    };
    assert.equal(await devices(['--gpus', '0,1']), '0,1');
    assert.equal(await devices(['--gpus', '2'], { CUDA_VISIBLE_DEVICES: '5' }), '2');
    assert.equal(await devices([]), '0');
    assert.equal(await devices([], { CUDA_VISIBLE_DEVICES: '5' }), '5');
  });

  const refusals: readonly [readonly string[], RegExp][] = [
    [['--compat', 'alpaca'], /^--compat alpaca needs --base_model$/],
    [['--base_model', 'x'], /^--base_model is a flag of another server: add --compat alpaca$/],
    [['--lora_model', 'x'], /^--lora_model is a flag .* --compat alpaca$/],
    [['--tokenizer_path', 'x'], /^--tokenizer_path is a flag .* --compat alpaca$/],
    [['--only_cpu'], /^--only_cpu is a flag .* --compat alpaca$/],
    [['--gpus', '0'], /^--gpus is a flag .* --compat alpaca$/],
    [['--load_in_8bit'], /^--load_in_8bit is a flag .* --compat alpaca$/],
    [
      ['--compat', 'llama', '--base_model', 'x'],
      /argument 'llama' is invalid. Allowed choices are alpaca\.$/,
    ],
    [[...ALPACA, '--only_cpu', '--gpus', '0'], /^--only_cpu and --gpus contradict/],
    [[...ALPACA, '--only_cpu', '--gpu', 'cuda'], /^--only_cpu and --gpu cuda contradict/],
    [[...ALPACA, '--gpus', '0', '--gpu', 'off'], /^--gpus and a gpu setting of off contradict/],
    [[...ALPACA, '--gpus', 'all'], /^--gpus: expected numbers of devices/],
    [[...ALPACA, '--gpus', '0,'], /^--gpus: expected numbers of devices/],
    [[...ALPACA, '--default-model', 'x', '--model', '/x.gguf'], /remove --default-model$/],
    [[...ALPACA, '--port', 'http'], /^--port: expected number/],
    [['--compat', 'alpaca', '--base_model', '/nowhere/base'], /^--base_model: expected .*: base$/],
  ];
  for (const [args, message] of refusals) {
    const shown = args.map((arg) => arg.replace(GGUF, 'FILE')).join(' ');
    test(`${shown} is refused`, async () => {
      const env = {};
      await assert.rejects(configured(args, env), { message });
      assert.deepEqual(env, args.includes('/nowhere/base') ? { CUDA_VISIBLE_DEVICES: '0' } : {});
    });
  }
});
