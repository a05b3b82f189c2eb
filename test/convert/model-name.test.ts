import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { generalMetadata } from '../../scripts/convert/metadata/general.js';
import { type NameParts, parseModelName } from '../../scripts/convert/metadata/model-name.js';
import { sizeLabel } from '../../scripts/convert/metadata/size-label.js';
import { scratchFolder } from './scratch.js';
import { writeJson } from './tiny-gpt2.js';

/** What llama.cpp's converter makes of these names. */
const NAMES: readonly (readonly [id: string, parameters: number, expected: NameParts])[] = [
  ['gpt2', 124e6, { name: 'Gpt2' }],
  ['glossa-tales', 7e6, { name: 'Glossa Tales' }],
  ['openai-community/gpt2', 124e6, { name: 'Gpt2', organization: 'Openai Community' }],
  ['a model of mine', 7e6, { name: 'A Model Of Mine' }],
  [
    'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    1.1e9,
    {
      name: 'TinyLlama 1.1B Chat v1.0',
      organization: 'TinyLlama',
      basename: 'TinyLlama',
      finetune: 'Chat',
      version: 'v1.0',
      sizeLabel: '1.1B',
    },
  ],
  ['bloom-7b1', 7e9, { name: 'Bloom 7b1', basename: 'bloom', sizeLabel: '7.1B' }],
  ['model-128k-7B', 7e9, { name: 'Model 128k 7B', basename: 'model', finetune: '128k', sizeLabel: '7B' }],
  ['gpt2-medium-355M', 355e6, { name: 'Gpt2 Medium 355M', basename: 'gpt2-medium', sizeLabel: '355M' }],
  ['', 1, {}],
];

describe('a model name is taken apart', () => {
  for (const [id, parameters, expected] of NAMES) {
    test(`"${id}"`, () => {
      assert.deepEqual(parseModelName(id, parameters), expected);
    });
  }
});

test('size labels have two digits or more', () => {
  const labels = {
    500: '0.50K',
    26_240: '26K',
    7_412_736: '7.4M',
    124_439_808: '124M',
    1_100_048_384: '1.1B',
    12_500_000: '12M',
    2e12: '2.0T',
  };
  for (const [parameters, label] of Object.entries(labels))
    assert.equal(sizeLabel(Number(parameters)), label);
});

describe('general metadata', () => {
  async function general(
    context: TestContext,
    files: Readonly<Record<string, string | Uint8Array>>,
    config = {},
    onWarning?: (warning: string) => void,
  ): Promise<unknown> {
    const folder = join(await scratchFolder(context), 'my-folder');
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const metadata = await generalMetadata(folder, config, 124e6, { onWarning });
    metadata.delete('general.size_label');
    return Object.fromEntries([...metadata].map(([key, { value }]) => [key, value]));
  }

  test("takes the name from the checkpoint's id, unless that is somebody's path", async (context) => {
    assert.deepEqual(await general(context, {}, { _name_or_path: 'me/my-model' }), {
      'general.name': 'My Model',
      'general.organization': 'Me',
    });
    const config = { _name_or_path: '/home/me/my-model' };
    assert.deepEqual(await general(context, {}, config), { 'general.name': 'My Folder' });
  });

  test('takes licence, tags and languages from the model card', async (context) => {
    const card = [
      '---',
      'model_name: "My Model"',
      'license: mit # free',
      'language:',
      '- en',
      "- 'no'",
      'tags: [gpt2, stories]',
      'pipeline_tag: text-generation',
      'model-index:',
      '  - name: nested',
      'widget:',
      '- text: not a plain item',
      '---',
      'license: none',
    ];
    assert.deepEqual(await general(context, { 'README.md': card.join('\n') }), {
      'general.name': 'My Model',
      'general.license': 'mit',
      'general.tags': ['gpt2', 'stories', 'text-generation'],
      'general.languages': ['en', 'no'],
    });
  });

  test('takes recommended sampling from generation_config.json', async (context) => {
    const folder = await scratchFolder(context);
    await writeJson(folder, 'generation_config.json', {
      temperature: 0.5,
      top_k: 50,
      top_p: null,
      repetition_penalty: 1.5,
    });
    const metadata = await generalMetadata(folder, {}, 1);
    assert.deepEqual(metadata.get('general.sampling.temp'), { type: 'float32', value: 0.5 });
    assert.deepEqual(metadata.get('general.sampling.top_k'), { type: 'int32', value: 50 });
    assert.deepEqual(metadata.get('general.sampling.penalty_repeat'), { type: 'float32', value: 1.5 });
    assert.equal(metadata.has('general.sampling.top_p'), false);
  });

  test('a model card without front matter adds nothing', async (context) => {
    const metadata = (await general(context, { 'README.md': '# Title\n---\nlicense: mit\n' })) as object;
    assert.deepEqual(Object.keys(metadata), ['general.name']);
  });

  test('keeps numbers of the model card as they are written', async (context) => {
    const card = [
      '---',
      'version: 1.10',
      'name: 0x10',
      'license: true',
      'language: no',
      'tags: [1e3]',
      '---',
    ];
    assert.deepEqual(await general(context, { 'README.md': card.join('\n') }), {
      'general.name': '0x10',
      'general.version': '1.10',
      'general.license': 'true',
      'general.tags': ['1e3'],
      'general.languages': ['no'],
    });
  });

  test('leaves out a model card whose front matter is not YAML, or multiplies, and says so', async (context) => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`);
    const cards = [
      ['---', 'license: mit', 'tags: [a', '---'],
      ['---', 'license: mit', 'a0: &a0 [x]', ...levels, '---'],
      ['---', 'license: mit', 'tags: *nothing', '---'],
    ];
    const warnings: string[] = [];
    for (const card of cards) {
      const files = { 'README.md': card.join('\n') };
      const metadata = await general(context, files, {}, (warning) => warnings.push(warning));
      assert.deepEqual(metadata, { 'general.name': 'My Folder' });
    }
    const left = "the file's description is left out";
    assert.match(
      warnings[0] ?? '',
      new RegExp(`^README\\.md: the front matter can't be read \\(not YAML: [A-Z_]+, line \\d+\\): ${left}$`),
    );
    const aliases = 'its aliases multiply, or refer to nothing';
    const warning = `README.md: the front matter can't be read (${aliases}): ${left}`;
    const latin1 = { 'README.md': Buffer.from('---\nlicense: caf\u00e9\n---\n', 'latin1') };
    await general(context, latin1, {}, (text) => warnings.push(text));
    assert.deepEqual(warnings.slice(1), [
      warning,
      warning,
      `README.md: the front matter can't be read (not UTF-8): ${left}`,
    ]);
  });
});
