import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { checkpointFromRecipe } from '../goldens/checkpoint-from-recipe.js';
import { readRecipe } from '../goldens/recipes.js';
import { TINY_TOKENIZER, valuesOf, writeJson, writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, DEFAULT_ARGS, describeRefusals } from './refusals.js';

const { model } = TINY_TOKENIZER;

/** The tiny model with other entries of its tokenizer's model. */
function bpe(changes: Readonly<Record<string, unknown>>): BadInput['prepare'] {
  return async (parent) =>
    writeJson(await writeTinyGpt2(parent), 'tokenizer.json', {
      ...TINY_TOKENIZER,
      model: { ...model, ...changes },
    });
}

/** A tiny LLaMA with other bytes in tokenizer.model. */
function sentencePiece(bytes: Uint8Array): BadInput['prepare'] {
  return async (parent) =>
    writeFile(join(await checkpointFromRecipe(parent, readRecipe('llama1')), 'tokenizer.model'), bytes);
}

const LLAMA_ARGS = ['llama1', ...DEFAULT_ARGS.slice(1)];
const noise = new Uint8Array(valuesOf('noise', 1250).buffer);

describeRefusals('a tokenizer', {
  'that is not there': {
    prepare: async (parent) => rm(join(await writeTinyGpt2(parent), 'tokenizer.json')),
    message: /there is neither tokenizer\.json nor vocab\.json/,
  },
  'whose folder is not there': {
    args: [...DEFAULT_ARGS, '--tokenizer', 'nowhere'],
    prepare: (parent) => writeTinyGpt2(parent),
    message: /expected a folder for --tokenizer, received a path where nothing is: nowhere/,
  },
  'with more tokens than the embedding has rows': {
    prepare: bpe({ vocab: { ...model.vocab, x: 14, y: 15, z: 16 } }),
    message: /tokenizer: .*"z".*16/,
  },
  'with merges in a circle': {
    prepare: bpe({ vocab: { ...model.vocab, '': 14 }, merges: [...model.merges, ['', 'a'], ['a', '']] }),
    message: /expected two parts for merge 4/,
  },
  'nested a million deep': {
    prepare: async (parent) =>
      writeFile(
        join(await writeTinyGpt2(parent), 'tokenizer.json'),
        `${'{"normalizer":'.repeat(1e6)}{}${'}'.repeat(1e6)}`,
      ),
    message: /tokenizer\.json: more than 100 objects and arrays are nested/,
  },
});

describeRefusals('a tokenizer.model', {
  'of noise': { args: LLAMA_ARGS, prepare: sentencePiece(noise), message: /tokenizer\.model: / },
  'that is a folder': {
    args: LLAMA_ARGS,
    prepare: async (parent) => {
      const path = join(await checkpointFromRecipe(parent, readRecipe('llama1')), 'tokenizer.model');
      await rm(path);
      await mkdir(path);
    },
    message: /tokenizer\.model: expected a regular file/,
  },
});
