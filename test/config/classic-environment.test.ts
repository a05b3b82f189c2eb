import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { loadConfiguration, type Configuration } from '../../src/config/load.js';
import type { FlagValues } from '../../src/config/sources.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-classic-'));
});
after(() => {
  rmSync(folder, { recursive: true });
});

function load(env: NodeJS.ProcessEnv, file: object = {}, flags: FlagValues = {}): Configuration {
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  return loadConfiguration({
    ...{ flags, env, cwd: folder },
    ...{ packageRoot: '/package', physicalCores: () => 2 },
  });
}

const ALL = {
  MODEL_DEFAULT_NUM_BEAMS: '3',
  MODEL_DEFAULT_DO_SAMPLE: 'False',
  MODEL_DEFAULT_TEMPERATURE: '.5',
  MODEL_DEFAULT_TOP_P: '9e-1',
  MODEL_DEFAULT_TOP_K: '7',
  MODEL_DEFAULT_MAX_NEW_TOKENS: '64',
  MODEL_DEFAULT_REPETITION_PENALTY: '1.2',
  MODEL_DEFAULT_LENGTH_PENALTY: '-1',
  MODEL_SEED: '5',
  MAX_CACHE_SIZE: '10',
  MAX_CACHE_TTL: '60.5',
  SERVER_HOST: '127.0.0.2',
  SERVER_PORT: '6060',
  MODEL_PATH: 'some/model.gguf',
};

const DEFAULTS = {
  ...{ num_beams: 3, do_sample: false, temperature: 0.5, top_p: 0.9, top_k: 7, max_new_tokens: 64 },
  ...{ repetition_penalty: 1.2, length_penalty: -1, seed: 5 },
};

describe("the llm-inference server's variables", () => {
  test('set what they name', () => {
    const { settings, classicVariables } = load(ALL);
    assert.deepEqual(settings.generateDefaults, DEFAULTS);
    const { continuationLimit, continuationTtl, host, port, model } = settings;
    assert.deepEqual([continuationLimit, continuationTtl, host, port], [10, 60.5, '127.0.0.2', 6060]);
    assert.deepEqual(model, [join(folder, 'some/model.gguf')]);
    assert.deepEqual(classicVariables.toSorted(), Object.keys(ALL).toSorted());
  });

  test('one by one leave the others as they are', () => {
    const plain = load({}).settings;
    assert.deepEqual(load({}).classicVariables, []);
    for (const [name, text] of Object.entries(ALL)) {
      const { settings, classicVariables } = load({ [name]: text });
      assert.deepEqual(classicVariables, [name]);
      const { generateDefaults, ...rest } = settings;
      const { generateDefaults: plainDefaults, ...plainRest } = plain;
      const changed = (now: object, then: object): number =>
        Object.entries(now).filter(
          ([key, value]) => JSON.stringify(value) !== JSON.stringify((then as Record<string, unknown>)[key]),
        ).length;
      assert.equal(changed(generateDefaults, plainDefaults) + changed(rest, plainRest), 1, name);
    }
  });

  test('yield to every other source, and are then not even looked at', () => {
    const env = { ...ALL, SERVER_PORT: 'tcp://10.0.0.1:80', MODEL_DEFAULT_TOP_K: 'junk' };
    const { settings, classicVariables } = load(
      { ...env, GLOSSA_CONTINUATION_LIMIT: '2' },
      { generateDefaults: { top_k: 1, seed: 6 }, host: 'localhost' },
      { port: '3', model: ['other.gguf'] },
    );
    assert.deepEqual(settings.generateDefaults, { ...DEFAULTS, top_k: 1, seed: 6 });
    const { continuationLimit, host, port, model } = settings;
    assert.deepEqual([continuationLimit, host, port], [2, 'localhost', 3]);
    assert.deepEqual(model, [join(folder, 'other.gguf')]);
    for (const name of ['SERVER_PORT', 'SERVER_HOST', 'MODEL_PATH', 'MAX_CACHE_SIZE', 'MODEL_SEED'])
      assert.ok(!classicVariables.includes(name), name);
  });

  test('add no model beside those of the file', () => {
    const file = { models: { mine: { path: 'mine.gguf' } } };
    assert.equal(load({ MODEL_PATH: 'other.gguf' }, file).catalogue.defaultModel, 'mine');
    assert.equal(load({ MODEL_PATH: 'other.gguf' }).catalogue.defaultModel, 'other');
  });

  test('count as unset when they are empty', () => {
    const empty = Object.fromEntries(Object.keys(ALL).map((name) => [name, '']));
    const { settings, classicVariables } = load(empty);
    assert.deepEqual([settings.port, settings.generateDefaults.top_k, classicVariables], [8080, 50, []]);
  });

  test('spell switches in several ways', () => {
    for (const [text, value] of [
      ['1', true],
      ['0', false],
      ['TRUE', true],
      ['no', false],
    ] as const)
      assert.equal(load({ MODEL_DEFAULT_DO_SAMPLE: text }).settings.generateDefaults.do_sample, value, text);
  });

  const refused: readonly [keyof typeof ALL, string, RegExp][] = [
    ['MODEL_DEFAULT_NUM_BEAMS', '1.5', /expected an integer from 1 to 64, received 1.5$/],
    ['MODEL_DEFAULT_NUM_BEAMS', '0', /expected an integer from 1 to 64/],
    ['MODEL_DEFAULT_DO_SAMPLE', 'maybe', /expected true or false, received string$/],
    ['MODEL_DEFAULT_TEMPERATURE', 'hot', /expected a number from 0 to 1000000, received string$/],
    ['MODEL_DEFAULT_TOP_P', '2', /expected a number from 0 to 1, received 2$/],
    ['MODEL_DEFAULT_TOP_K', '-1', /expected an integer from 0/],
    ['MODEL_DEFAULT_MAX_NEW_TOKENS', '0', /expected an integer from 1/],
    ['MODEL_DEFAULT_REPETITION_PENALTY', '0', /expected a number from 0.000001/],
    ['MODEL_DEFAULT_LENGTH_PENALTY', '1e999', /expected a number from -100 to 100, received Infinity$/],
    ['MODEL_SEED', '-5', /expected an integer from 0 to 2147483647/],
    ['MAX_CACHE_SIZE', '1e9', /<=1000000/],
    ['MAX_CACHE_TTL', 'long', /expected number/],
    ['SERVER_PORT', '70000', /<=65535/],
    ['SERVER_PORT', 'tcp://10.0.0.1:80', /expected number, received string/],
  ];
  for (const [name, text, message] of refused) {
    test(`are named when they are wrong: ${name}=${text}`, () => {
      assert.throws(
        () => load({ [name]: text }),
        ({ code, message: said }: { code: string; message: string }) => {
          assert.equal(code, 'CONFIG_INVALID');
          assert.ok(said.startsWith(`${name}: `), said);
          assert.match(said, message);
          assert.ok(!said.includes('tcp:'), said);
          return true;
        },
      );
    });
  }

  test('open no door to other machines', () => {
    assert.throws(() => load({ SERVER_HOST: '0.0.0.0' }), /listening on 0.0.0.0 lets other machines in/);
  });

  test('do not hide what is wrong in the file', () => {
    assert.throws(
      () => load({ MODEL_SEED: '5' }, { generateDefaults: 3 }),
      /^GlossaError: generateDefaults in glossa.json: expected object, received number$/,
    );
    assert.throws(
      () => load({ MODEL_SEED: '5' }, { generateDefaults: { top_k: 'x' } }),
      /^GlossaError: generateDefaults in glossa.json \(top_k\): expected an integer from 0 to 2147483647, received string$/,
    );
  });
});
