import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { loadConfiguration, type ConfigInputs, type Configuration } from '../../src/config/load.js';
import { OPTIONS } from '../../src/config/options.js';
import { GlossaError } from '../../src/errors.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-config-'));
});
after(() => {
  rmSync(folder, { recursive: true });
});

/** Loads with ./glossa.json holding `file`, if given. */
function load(inputs: Partial<ConfigInputs> & { file?: unknown } = {}): Configuration {
  const { file, ...rest } = inputs;
  const path = join(folder, 'glossa.json');
  rmSync(path, { force: true });
  if (file !== undefined) writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file));
  const base: ConfigInputs = {
    flags: {},
    env: {},
    cwd: folder,
    packageRoot: '/package',
    physicalCores: () => 3,
  };
  return loadConfiguration({ ...base, ...rest });
}

function assertRefused(inputs: Parameters<typeof load>[0], message: RegExp): void {
  assert.throws(
    () => load(inputs),
    (error) => {
      assert.ok(error instanceof GlossaError);
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('precedence', () => {
  test('defaults', () => {
    const { settings } = load();
    assert.deepEqual(
      [settings.host, settings.port, settings.cacheRam, settings.bodyLimit, settings.queueLimit],
      ['127.0.0.1', 8080, 512 * 2 ** 20, 8 * 2 ** 20, 256],
    );
  });

  test('file before defaults, environment before file, flags before environment', () => {
    const file = { port: 1, cacheRam: '1MiB', shutdownTimeout: 1 };
    const env = { GLOSSA_PORT: '2', GLOSSA_CACHE_RAM: '2MiB' };
    const { settings } = load({ file, env, flags: { port: '3' } });
    assert.deepEqual([settings.port, settings.cacheRam, settings.shutdownTimeout], [3, 2 ** 21, 1]);
  });

  test('an empty variable counts as unset', () => {
    assert.equal(load({ env: { GLOSSA_PORT: '' } }).settings.port, 8080);
  });

  test('a named file is read instead of ./glossa.json', () => {
    writeFileSync(join(folder, 'other.json'), '{"port": 7}');
    assert.equal(load({ file: { port: 1 }, configFile: 'other.json' }).settings.port, 7);
    assert.equal(load({ file: { port: 1 }, env: { GLOSSA_CONFIG: 'other.json' } }).settings.port, 7);
  });

  test('every option can be set in the environment', () => {
    const samples = { integer: '7', boolean: 'true', list: 'a,b', size: '3', text: 'x' };
    const paths = [join(folder, 'a'), join(folder, 'b')];
    /** What does not read as it is written. */
    const others: Readonly<Record<string, { text?: string; value: unknown }>> = {
      listen: { text: 'alpaca=1,generate=2', value: [listener('alpaca', 1), listener('generate', 2)] },
      model: { value: paths },
      lora: { value: paths.map((path) => ({ path, scale: 1 })) },
      stateDir: { value: join(folder, 'x') },
      chatTemplate: { text: 'alpaca', value: 'alpaca' },
    };
    for (const option of OPTIONS) {
      if (option.meta.fileOnly === true || option.name === 'apiKeyFile' || option.name === 'defaultModel')
        continue;
      const sample =
        option.kind === 'choice' ? (option.choices.at(-1) ?? '') : samples[option.kind as 'text'];
      const other = others[option.name];
      const text = other?.text ?? sample;
      const env = {
        [option.env]: text,
        ...(option.name === 'host' && { GLOSSA_AUTH: 'false' }),
        ...(option.name === 'kvCells' && { GLOSSA_KV_LAYOUT: 'unified' }),
      };
      const value = load({ env }).settings[option.name];
      if (other !== undefined) assert.deepEqual(value, other.value);
      else assert.equal(JSON.stringify(value).replaceAll(/["[\]]/g, ''), text, option.name);
    }
  });
});

function listener(dialect: string, port: number): object {
  return { dialect, port };
}

describe('what is refused', () => {
  test('an unknown key in the file, with the nearest known one', () => {
    assertRefused(
      { file: { cacheRAM: 1 } },
      /^unknown key cacheRAM in glossa.json; did you mean cacheRam\?$/,
    );
    assertRefused({ file: { zebra: 1 } }, /^unknown key zebra in glossa.json$/);
  });

  test('an unknown key of a model', () => {
    const file = { models: { a: { path: 'a.gguf', contextsize: 1 } } };
    assertRefused(
      { file },
      /models in glossa.json \(a\): unknown key contextsize; did you mean contextSize\?/,
    );
  });

  test('an unknown variable, with the nearest known one', () => {
    assertRefused(
      { env: { GLOSSA_PROT: '1' } },
      /^unknown environment variable GLOSSA_PROT; did you mean GLOSSA_PORT\?$/,
    );
    assertRefused({ env: { GLOSSA_MODELS: '{}' } }, /GLOSSA_MODELS; did you mean GLOSSA_MODEL\?/);
  });

  const wrong: readonly [string, Parameters<typeof load>[0], RegExp][] = [
    ['a flag of the wrong type', { flags: { port: 'http' } }, /^--port: expected number, received string$/],
    [
      'a variable of the wrong type',
      { env: { GLOSSA_PRELOAD: 'maybe' } },
      /^GLOSSA_PRELOAD: expected boolean/,
    ],
    [
      'a key of the wrong type',
      { file: { port: '8080' } },
      /^port in glossa.json: expected number, received string$/,
    ],
    ['a number out of range', { file: { port: 65_536 } }, /^port in glossa.json: /],
    ['an unknown choice', { flags: { gpu: 'rocm' } }, /^--gpu: .*"auto"/],
    [
      'a bad size',
      { env: { GLOSSA_CACHE_RAM: 'much' } },
      /^GLOSSA_CACHE_RAM: expected a size such as "512MiB"$/,
    ],
    [
      'a file that is no JSON',
      { file: '{"apiKeys": ["secret"' },
      /^configuration file glossa.json is not valid JSON$/,
    ],
    ['a file that is no object', { file: '[]' }, /must hold a JSON object/],
    [
      'a named file that is missing',
      { configFile: 'none.json' },
      /^configuration file none.json does not exist$/,
    ],
    ['a model without a path', { file: { models: { a: {} } } }, /^models.a: path is missing$/],
    ['a bad id', { file: { models: { 'a b': { path: 'x' } } } }, /models in glossa.json/],
    [
      'one name for two models',
      { file: { models: { a: { path: 'x', aliases: ['b'] }, b: { path: 'y' } } } },
      /^two models claim the name b$/,
    ],
    [
      'an unknown default model',
      { file: { models: { alpha: { path: 'x' } }, defaultModel: 'alpa' } },
      /^defaultModel: no model is called alpa; did you mean alpha\?$/,
    ],
    [
      'listening beyond loopback without keys',
      { flags: { host: '0.0.0.0' } },
      /listening on 0.0.0.0 .*--no-auth/,
    ],
    ['keys and --no-auth', { flags: { auth: false }, env: { GLOSSA_API_KEYS: 'k' } }, /contradict/],
    ['a missing key file', { flags: { apiKeyFile: 'none' } }, /^apiKeyFile: the file can't be read$/],
  ];
  for (const [what, inputs, message] of wrong) {
    test(what, () => {
      assertRefused(inputs, message);
    });
  }
});

describe('API keys', () => {
  test('come from the settings and from a file with comments', () => {
    writeFileSync(join(folder, 'keys'), '# ours\nalpha\r\n\n beta \n');
    const { apiKeys } = load({ flags: { apiKeyFile: 'keys' }, env: { GLOSSA_API_KEYS: 'gamma' } });
    assert.deepEqual(apiKeys, [{ key: 'gamma' }, { key: 'alpha' }, { key: 'beta' }]);
  });

  test('allow listening beyond loopback, and so does --no-auth', () => {
    assert.equal(load({ flags: { host: '0.0.0.0', apiKeys: 'k' } }).settings.host, '0.0.0.0');
    assert.equal(load({ flags: { host: '0.0.0.0', auth: false } }).settings.host, '0.0.0.0');
  });
});

describe('models', () => {
  test('without configuration the shipped one is served, under the names that clients know', () => {
    const { models, defaultModel } = load().catalogue;
    assert.equal(defaultModel, 'glossa-tales');
    const [shipped] = models;
    assert.equal(
      shipped?.engine.modelPath,
      join('/package', 'models', 'glossa-tales', 'glossa-tales-q8_0.gguf'),
    );
    for (const alias of ['small', 'medium', 'gpt2', 'gpt2-xl', 'distilgpt2'])
      assert.ok(shipped.aliases.includes(alias));
    assert.deepEqual([shipped.engine.parallelSequences, shipped.engine.threads], [0, 3]);
  });

  test('that are to be reproducible need the split cache', () => {
    assert.throws(() => load({ flags: { reproducible: true, kvLayout: 'unified' } }), {
      code: 'CONFIG_INVALID',
      message: 'models.glossa-tales: reproducible needs kvLayout split, received unified',
    });
  });

  test('with a number of cells need the unified cache', () => {
    assert.throws(() => load({ flags: { kvCells: '512' } }), {
      code: 'CONFIG_INVALID',
      message: 'models.glossa-tales: kvCells needs kvLayout unified, received split',
    });
  });

  test('with cells for beams need the split cache', () => {
    assert.throws(() => load({ flags: { beamCells: '512', kvLayout: 'unified' } }), {
      code: 'CONFIG_INVALID',
      message:
        'models.glossa-tales: beamCells needs kvLayout split, received unified: beams draw on kvCells there',
    });
  });

  test('say of the KV cache what they want, or leave it to the server', () => {
    const { models } = load({
      flags: { beamCells: '512', kvType: 'f32' },
      file: { models: { 'glossa-tales': {}, mine: { path: 'm.gguf', beamCells: 0, kvType: 'q8_0' } } },
    }).catalogue;
    const told = models.map(({ engine: { beamCells, kvType } }) => [beamCells, kvType]);
    assert.deepEqual(told, [
      [512, 'f32'],
      [0, 'q8_0'],
    ]);
    assert.throws(() => load({ flags: { kvType: 'q4_0' } }), /kvType|kv-type/);
  });

  test('have as many sequences as one cache tells apart', () => {
    const most = (kvLayout: string, parallelSequences: number): number | undefined =>
      load({ flags: { kvLayout, parallelSequences: String(parallelSequences) } }).catalogue.models[0]?.engine
        .parallelSequences;
    assert.equal(most('split', 256), 256);
    assert.equal(most('unified', 192), 192);
    assert.throws(() => most('split', 257), {
      code: 'CONFIG_INVALID',
      message: /^--parallel-sequences: .*256/,
    });
    assert.throws(() => most('unified', 193), {
      code: 'CONFIG_INVALID',
      message:
        'models.glossa-tales: parallelSequences: expected at most 192 with kvLayout unified, which holds 64 beams beside them, received 193',
    });
  });

  test('configured names are taken from the shipped one', () => {
    const models = { 'glossa-tales': {}, mine: { path: 'm.gguf', aliases: ['medium', 'gpt2'] } };
    const { catalogue } = load({ file: { models } });
    const [shipped, mine] = catalogue.models;
    assert.ok(shipped?.aliases.includes('small') === true && !shipped.aliases.includes('medium'));
    assert.deepEqual(mine?.aliases, ['medium', 'gpt2']);
    assert.equal(mine.engine.modelPath, join(folder, 'm.gguf'));
  });

  test('--model serves files under their names; the first is the default', () => {
    const { catalogue } = load({ flags: { model: ['a/one.gguf', 'two-00001-of-00003.gguf'] } });
    assert.deepEqual(
      catalogue.models.map((model) => [model.id, model.engine.modelPath]),
      [
        ['one', join(folder, 'a/one.gguf')],
        ['two', join(folder, 'two-00001-of-00003.gguf')],
      ],
    );
    assert.equal(catalogue.defaultModel, 'one');
  });

  test('settings of a model go before the server-wide ones', () => {
    const file = {
      contextSize: 100,
      cacheRam: '1MiB',
      models: { a: { path: 'a.gguf', contextSize: 200, kvLayout: 'unified' }, b: { path: 'b.gguf' } },
      defaultModel: 'b',
    };
    const { models, defaultModel } = load({ file }).catalogue;
    assert.deepEqual(
      models.map(({ engine }) => [engine.contextSize, engine.cacheRamBytes, engine.kvLayout]),
      [
        [200, 2 ** 20, 'unified'],
        [100, 2 ** 20, 'split'],
      ],
    );
    assert.equal(defaultModel, 'b');
  });
});
