import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { scratchFolder } from '../scratch.js';
import { checkpointFromRecipe } from './checkpoint-from-recipe.js';
import { departures } from './departures.js';
import { caseNames, readRecipe, readStored } from './recipes.js';

const OUTTYPES = ['f32', 'f16', 'q8_0'] as const;

/** What scripts/goldens/make_checkpoints.py had llama.cpp say with the reference's files. */
interface OutputGolden {
  readonly prompts: readonly (readonly number[])[];
  /** Greedy continuations of the prompts. */
  readonly continuations: Readonly<Record<(typeof OUTTYPES)[number], readonly (readonly number[])[]>>;
}

/** Files that compute something else than the reference's, as they should: differences.ts says why. */
const OTHER_OUTPUT: readonly string[] = ['llama-yarn'];

describe("llama.cpp's greedy text is the same with our files as with the reference's", () => {
  for (const name of caseNames('checkpoints')) {
    const { prompts, continuations } = readStored('checkpoints', name) as OutputGolden;
    for (const outtype of OUTTYPES) {
      test(`${name}, ${outtype}`, async (context) => {
        const parent = await scratchFolder(context);
        const source = await checkpointFromRecipe(parent, readRecipe(name));
        // The reference aligns no vocabulary.
        const options = { source, outtype, align: false, outfile: join(parent, 'out.gguf') };
        const { outfile } = await convertCheckpoint(options);
        const found = [];
        for (const [index, prompt] of prompts.entries())
          found.push(...(await departures(outfile, prompt, continuations[outtype][index] ?? [])));
        if (OTHER_OUTPUT.includes(name)) assert.notDeepEqual(found, []);
        else assert.deepEqual(found, []);
      });
    }
  }
});
