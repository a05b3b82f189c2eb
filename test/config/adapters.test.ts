import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { loadConfiguration } from '../../src/config/load.js';
import type { ModelCatalogue } from '../../src/config/models.js';
import type { FlagValues } from '../../src/config/sources.js';
import { parseAdapter } from '../../src/config/values.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-config-'));
});
after(() => {
  rmSync(folder, { recursive: true });
});

/** The models that flags, a file and the environment make. */
function load(flags: FlagValues, file: object = {}, env: NodeJS.ProcessEnv = {}): ModelCatalogue {
  writeFileSync(join(folder, 'glossa.json'), JSON.stringify(file));
  const environment = { packageRoot: '/package', physicalCores: () => 3 };
  return loadConfiguration({ flags, env, cwd: folder, ...environment }).catalogue;
}

/** Each model as "id on base: files with scales", base and adapters only where there are some. */
function shortForm({ models }: ModelCatalogue): string[] {
  return models.map(({ id, base, lora }) => {
    const adapters = lora.map(({ path, scale }) => `${path.slice(folder.length + 1)}*${scale}`);
    return [base === undefined ? id : `${id} on ${base}`, ...adapters].join(' ');
  });
}

function assertRefused(message: RegExp, flags: FlagValues, file: object = {}): void {
  assert.throws(() => load(flags, file), { code: 'CONFIG_INVALID', message });
}

describe('an adapter as text', () => {
  const texts: readonly [string, ReturnType<typeof parseAdapter>][] = [
    ['a.gguf', { path: 'a.gguf' }],
    ['a.gguf=0.5', { path: 'a.gguf', scale: 0.5 }],
    ['a.gguf=-1', { path: 'a.gguf', scale: -1 }],
    ['a.gguf=1e-1', { path: 'a.gguf', scale: 0.1 }],
    ['a.gguf=', { path: 'a.gguf', scale: '' }],
    ['a.gguf=half', { path: 'a.gguf', scale: 'half' }],
    ['alpaca:a.gguf', { id: 'alpaca', path: 'a.gguf' }],
    ['a:dir/b.gguf', { id: 'a', path: 'dir/b.gguf' }],
    ['alpaca:dir/a.gguf=2', { id: 'alpaca', path: 'dir/a.gguf', scale: 2 }],
    ['/models/a.gguf', { path: '/models/a.gguf' }],
    ['C:\\models\\a.gguf', { path: 'C:\\models\\a.gguf' }],
    ['alpaca:C:\\a.gguf=2', { id: 'alpaca', path: 'C:\\a.gguf', scale: 2 }],
    ['./a:b.gguf', { path: './a:b.gguf' }],
    ['rank=8/a.gguf', { path: 'rank=8/a.gguf' }],
    ['rank=8.gguf', { path: 'rank=8.gguf' }],
    ['rank=8.gguf=0.5', { path: 'rank=8.gguf', scale: 0.5 }],
    ['', { path: '' }],
  ];
  for (const [text, expected] of texts) {
    test(`"${text}"`, () => {
      assert.deepEqual(parseAdapter(text), expected);
    });
  }
});

describe('--lora', () => {
  test('puts adapters together on the default model', () => {
    const catalogue = load({ model: ['one.gguf', 'two.gguf'], lora: ['a.gguf', 'b.gguf=0.5'] });
    assert.deepEqual(shortForm(catalogue), ['one a.gguf*1 b.gguf*0.5', 'two']);
    const [one, two] = catalogue.models;
    assert.deepEqual(one?.engine.adapterSets, [one?.lora]);
    assert.deepEqual(two?.engine.adapterSets, [[]]);
  });

  test('with an id serves it beside the default model, which stays without', () => {
    const catalogue = load({ lora: ['alpaca:a.gguf', 'alpaca:b.gguf=2', 'tales:c,d.gguf'] });
    assert.deepEqual(shortForm(catalogue), [
      'glossa-tales',
      'alpaca on glossa-tales a.gguf*1 b.gguf*2',
      'tales on glossa-tales c,d.gguf*1',
    ]);
    assert.equal(catalogue.defaultModel, 'glossa-tales');
    const [base, alpaca, tales] = catalogue.models;
    assert.equal(alpaca?.engine, base?.engine);
    assert.deepEqual([base?.adapterSet, alpaca?.adapterSet, tales?.adapterSet], [0, 1, 2]);
    assert.deepEqual(base?.engine.adapterSets, [[], alpaca?.lora, tales?.lora]);
  });

  test('means the model that --default-model names, by whatever name', () => {
    const file = { models: { mine: { path: 'm.gguf', aliases: ['own'] }, 'glossa-tales': {} } };
    for (const [defaultModel, expected] of [
      ['own', ['mine a.gguf*1', 'glossa-tales']],
      ['gpt2', ['mine', 'glossa-tales a.gguf*1']],
    ] as const) {
      assert.deepEqual(shortForm(load({ lora: ['a.gguf'], defaultModel }, file)), expected);
    }
  });

  test('may make the model that is to be the default', () => {
    const catalogue = load({ model: ['m.gguf'], lora: ['alpaca:a.gguf'], defaultModel: 'alpaca' });
    assert.deepEqual(shortForm(catalogue), ['m', 'alpaca on m a.gguf*1']);
    assert.equal(catalogue.defaultModel, 'alpaca');
  });

  test('is read from the environment and the file as well', () => {
    const fromEnvironment = load({}, {}, { GLOSSA_LORA: 'a.gguf=0.5, alpaca:b.gguf' });
    assert.deepEqual(shortForm(fromEnvironment), [
      'glossa-tales a.gguf*0.5',
      'alpaca on glossa-tales a.gguf*0.5 b.gguf*1',
    ]);
    const lora = ['a.gguf=0.5', { path: resolve(folder, 'b.gguf'), scale: 3, id: 'alpaca' }];
    assert.deepEqual(shortForm(load({}, { lora })), [
      'glossa-tales a.gguf*0.5',
      'alpaca on glossa-tales a.gguf*0.5 b.gguf*3',
    ]);
  });
});

describe('models with adapters', () => {
  test('share the engine of their base, with the adapters of all bases', () => {
    const models = {
      alpaca: { base: 'sprout', lora: ['a.gguf'], aliases: ['chat'] },
      sprout: { path: 's.gguf', contextSize: 100 },
      poet: { base: 'alpaca', lora: [{ path: 'p.gguf', scale: 0.25 }] },
      plain: { base: 'sprout' },
    };
    const catalogue = load({}, { models, defaultModel: 'sprout' });
    assert.deepEqual(shortForm(catalogue), [
      'alpaca on sprout a.gguf*1',
      'sprout',
      'poet on alpaca a.gguf*1 p.gguf*0.25',
      'plain on sprout',
    ]);
    const [alpaca, sprout, poet, plain] = catalogue.models;
    for (const model of [alpaca, poet, plain]) assert.equal(model?.engine, sprout?.engine);
    assert.deepEqual(
      [alpaca, sprout, poet, plain].map((model) => model?.adapterSet),
      [1, 0, 2, 0],
    );
    assert.deepEqual(sprout?.engine.adapterSets, [[], alpaca?.lora, poet?.lora]);
    assert.deepEqual(alpaca?.aliases, ['chat']);
  });

  test('may hold adapters that are served under ids of their own', () => {
    const models = { sprout: { path: 's.gguf', lora: ['x.gguf', 'alpaca:a.gguf'] } };
    assert.deepEqual(shortForm(load({}, { models })), [
      'sprout x.gguf*1',
      'alpaca on sprout x.gguf*1 a.gguf*1',
    ]);
  });

  test('are preloaded only if they themselves say so', () => {
    const models = {
      one: { path: 'o.gguf' },
      a: { base: 'one', lora: ['a.gguf'] },
      b: { base: 'one', lora: ['b.gguf'], preload: true },
    };
    const catalogue = load({ preload: true }, { models });
    assert.deepEqual(
      catalogue.models.map(({ preload }) => preload),
      [true, false, true],
    );
  });
});

describe('what is refused of adapters', () => {
  const sprout = { path: 's.gguf' };

  test('a scale that is no number, or none for a model', () => {
    assertRefused(/^--lora \(0.scale\): expected number, received string$/, { lora: ['a.gguf=half'] });
    assertRefused(/^--lora \(0.scale\): expected number, received string$/, { lora: ['a.gguf='] });
    assertRefused(/^--lora \(1.scale\): .*<=1000$/, { lora: ['a.gguf', 'b.gguf=2000'] });
  });

  test('an entry that is neither text nor an adapter, and an unknown key', () => {
    const models = (lora: unknown): object => ({ models: { sprout: { ...sprout, lora } } });
    assertRefused(/^models in glossa.json \(sprout.lora.0\): expected object, received/, {}, models([7]));
    assertRefused(/^models in glossa.json \(sprout.lora\): expected array, received/, {}, models('a.gguf'));
    assertRefused(/unknown key scal; did you mean scale\?$/, {}, models([{ path: 'a.gguf', scal: 1 }]));
  });

  test('an unknown base', () => {
    const models = { sprout, a: { base: 'sprot', lora: ['a.gguf'] } };
    assertRefused(/^models.a: no model has the id sprot; did you mean sprout\?$/, {}, { models });
  });

  test('bases in a circle', () => {
    assertRefused(
      /^models.a: the bases lead back to the model: a, b, a$/,
      {},
      { models: { sprout, a: { base: 'b' }, b: { base: 'a' } } },
    );
    assertRefused(
      /^models.a: the bases lead back to the model: a, a$/,
      {},
      { models: { sprout, a: { base: 'a' } } },
    );
  });

  test('what only a base can have', () => {
    for (const setting of [
      { path: 'a.gguf' },
      { contextSize: 8 },
      { reproducible: true },
      { queueLimit: 0 },
    ]) {
      const [name] = Object.keys(setting);
      assertRefused(
        new RegExp(`^models.a: ${name} can't be set beside base; set it for sprout$`),
        {},
        { models: { sprout, a: { base: 'sprout', ...setting } } },
      );
    }
  });

  test('an id that another model has', () => {
    assertRefused(/^two models claim the name one$/, { model: ['one.gguf'], lora: ['one:a.gguf'] });
    const models = { sprout: { ...sprout, lora: ['alpaca:a.gguf'] }, alpaca: { path: 'b.gguf' } };
    assertRefused(/^two models claim the name alpaca$/, {}, { models });
  });

  test('one adapter twice in a set', () => {
    assertRefused(/^models.one: adapter a.gguf appears twice in lora$/, {
      model: ['one.gguf'],
      lora: ['a.gguf', './a.gguf=0.5'],
    });
    const models = { sprout: { ...sprout, lora: ['a.gguf'] }, b: { base: 'sprout', lora: ['a.gguf'] } };
    assertRefused(/^models.b: adapter a.gguf appears twice in lora$/, {}, { models });
  });

  test('an unknown default beside ids of adapters', () => {
    assertRefused(/^defaultModel: no model is called alpaka; did you mean alpaca\?$/, {
      lora: ['alpaca:a.gguf'],
      defaultModel: 'alpaka',
    });
  });
});
