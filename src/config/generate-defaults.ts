import { z } from 'zod';

/**
 * What the generate API decodes with where a request says nothing; the defaults are the original server's
 * (`MODEL_DEFAULT_*`, `MODEL_SEED`).
 */
export const generateDefaultsSchema = z.strictObject({
  num_beams: z.int().min(1).max(64).default(1),
  do_sample: z.boolean().default(true),
  temperature: z.number().min(0).max(1e6).default(1),
  top_p: z.number().min(0).max(1).default(1),
  top_k: z.int().min(0).max(0x7fffffff).default(50),
  max_new_tokens: z.int().min(1).max(0x7fffffff).default(2048),
  repetition_penalty: z.number().min(1e-6).max(1e6).default(1),
  length_penalty: z.number().min(-100).max(100).default(1),
  /** The server's: its n-th request without a seed of its own draws from the n-th stream of it. */
  seed: z.int().min(0).max(0x7fffffff).default(42),
});

export type GenerateDefaults = z.output<typeof generateDefaultsSchema>;
