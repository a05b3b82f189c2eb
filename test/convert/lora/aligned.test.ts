import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { convertAdapter } from '../../../scripts/convert/lora/index.js';
import { loadAddon } from '../../../src/engine/addon.js';
import { openBackend } from '../../../src/engine/backend.js';
import { checkpointFromRecipe } from '../goldens/checkpoint-from-recipe.js';
import { readRecipe } from '../goldens/recipes.js';
import type { NewTensor } from '../raw-safetensors.js';
import { scratchFolder } from '../scratch.js';
import { newTensor } from '../tiny-gpt2.js';
import { writeAdapter } from './tiny-adapter.js';

const TOKENS = 470;
const WIDTH = 32;

/** A pair for each matrix that has a row per token. */
const PAIRS: readonly { readonly target: string; readonly tensors: readonly NewTensor[] }[] = [
  {
    target: 'output.weight',
    tensors: [
      newTensor('base_model.model.lm_head.lora_A.weight', [2, WIDTH]),
      newTensor('base_model.model.lm_head.lora_B.weight', [TOKENS, 2]),
    ],
  },
  {
    target: 'token_embd.weight',
    tensors: [
      newTensor('base_model.model.model.embed_tokens.lora_embedding_A', [2, TOKENS]),
      newTensor('base_model.model.model.embed_tokens.lora_embedding_B', [WIDTH, 2]),
    ],
  },
];

describe('an adapter of the vocabulary, beside a file whose vocabulary is aligned', () => {
  const addon = loadAddon();
  for (const { target, tensors } of PAIRS) {
    test(target, async (context) => {
      await openBackend(addon, 'off');
      const parent = await scratchFolder(context);
      const source = await checkpointFromRecipe(parent, readRecipe('base-llama'));
      const adapter = await writeAdapter(parent, tensors);
      const file = join(parent, 'adapter.gguf');
      await convertAdapter({ adapter, base: source, outfile: file });
      const load = async (align: boolean): Promise<unknown> => {
        const path = join(parent, align ? 'aligned.gguf' : 'plain.gguf');
        await convertCheckpoint({ source, outtype: 'q8_0', align, outfile: path });
        return addon.loadModel({ path, gpuLayers: 0, adapters: [file] }, () => undefined);
      };
      await load(false);
      await assert.rejects(load(true), {
        message:
          `adapter adapter.gguf: ${target} has a row for each of ${TOKENS} tokens there, the model's vocabulary is ` +
          'aligned to 480 rows: convert the model with --no-align to use this adapter',
      });
    });
  }
});
