import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { Evaluator } from '../../../src/engine/evaluate.js';
import { scratchFolder } from '../scratch.js';
import { checkpointFromRecipe } from './checkpoint-from-recipe.js';
import { caseNames, readRecipe, readStored } from './recipes.js';

/** What scripts/goldens/make_tokenization.py stored of one tokenizer. */
interface TokenizationGolden {
  /** The recipe whose checkpoint carries the tokenizer. */
  readonly recipe: string;
  /** Hugging Face's ids, and llama.cpp's of the reference's file where they are others: its own limits. */
  readonly strings: readonly (readonly [text: string, ids: readonly number[], llama?: readonly number[]])[];
}

/**
 * Strings that our file has llama.cpp cut otherwise than both Hugging Face and the reference's file. Its unigram tokenizer
 * puts the space in front of the first character that is none, so that nothing comes before spaces alone; also after a special token in the text;
 */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  unigram: [' ', '  ', '    ', '<s>not </s> special<unk>'],
  'unigram-plain': [' ', '  ', '    ', '<s>not </s> special<unk>'],
};

/** It makes <unk> of a character without a piece where SentencePiece would spell it in bytes: ids of those pieces. */
const UNUSED_BYTES: Readonly<Record<string, readonly [first: number, last: number]>> = {
  unigram: [4, 259],
};

function spelt(name: string, ids: readonly number[]): boolean {
  const [first, last] = UNUSED_BYTES[name] ?? [0, -1];
  return ids.some((id) => id >= first && id <= last);
}

describe("llama.cpp's ids of awkward strings, with our files, are Hugging Face's", () => {
  for (const name of caseNames('tokenization')) {
    test(name, async (context) => {
      const { recipe, strings } = readStored('tokenization', name) as TokenizationGolden;
      const parent = await scratchFolder(context);
      const source = await checkpointFromRecipe(parent, readRecipe(recipe));
      const { outfile } = await convertCheckpoint({
        source,
        outtype: 'f16',
        outfile: join(parent, 'out.gguf'),
      });
      const evaluator = await Evaluator.open(outfile, { maxTokens: 1, threads: 1 });
      const ids = await Promise.all(strings.map(([text]) => evaluator.tokenize(text, true)));
      const same = (index: number, other: readonly number[] | undefined): boolean =>
        JSON.stringify(ids[index]) === JSON.stringify(other);
      const deviating = strings.flatMap(([text, theirs], index) => (same(index, theirs) ? [] : [text]));
      // Ours may do better than the reference's file, never worse.
      const unexplained = strings.flatMap(([text, theirs, llama], index) =>
        same(index, theirs) || same(index, llama) || spelt(name, theirs) ? [] : [text],
      );
      assert.deepEqual(unexplained, LIMITS[name] ?? []);
      context.diagnostic(
        `${strings.length} strings, ${deviating.length} cut by llama.cpp in a way of its own`,
      );
    });
  }
});
