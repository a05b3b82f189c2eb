import { join } from 'node:path';

import { alignVocabulary } from '../../scripts/convert/align/align-vocabulary.js';
import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { planTensors } from '../../scripts/convert/plan.js';
import { gpt2 } from '../../scripts/convert/architectures/gpt2.js';
import { readGguf } from '../../scripts/convert/gguf/reader.js';
import { openSource } from '../../scripts/convert/source.js';
import { TemporaryFile } from '../../scripts/convert/temporary-file.js';
import { writeTensors } from '../../scripts/convert/write-tensors.js';
import { gpt2Shapes, newTensor, TINY_CONFIG, writeTinyGpt2 } from './tiny-gpt2.js';

/** The odd vocabulary: 13 tokens of text, one special, seven unused. */
export const ODD_VOCABULARY = 21;
const CONFIG = { ...TINY_CONFIG, vocab_size: ODD_VOCABULARY, n_positions: 64, n_ctx: 64 };

/** Writes one tiny GPT-2 with an odd vocabulary twice in F16, as it is and aligned; gives the paths. */
export async function writeAlignedGpt2(folder: string): Promise<{ plain: string; aligned: string }> {
  const tensors = Object.fromEntries(
    [...gpt2Shapes(CONFIG)].map(([name, shape]) => [name, newTensor(name, shape)]),
  );
  const checkpoint = await writeTinyGpt2(folder, 'odd', { config: CONFIG, tensors });
  const plain = join(folder, 'plain.gguf');
  const aligned = join(folder, 'aligned.gguf');
  await convertCheckpoint({ source: checkpoint, outtype: 'f16', outfile: plain });
  const source = await openSource(checkpoint);
  try {
    const planned = planTensors(gpt2, gpt2.describe(source.config), source.checkpoint, 'F16');
    const { metadata } = await readGguf(plain);
    // As for a quantised file, since only those are aligned; without the quantiser rows can be compared exactly.
    const plan = alignVocabulary({ tensors: planned, metadata }, 'q8_0');
    const file = TemporaryFile.beside(aligned);
    await writeTensors(file, plan.metadata, plan.tensors, source.checkpoint, {});
    await file.commit();
  } finally {
    await source.checkpoint.close();
  }
  return { plain, aligned };
}
