import { z } from 'zod';

import { flag, integer, LARGEST_INT32, number } from '../generation/request-values.js';

/**
 * What the generate API decodes with, in its own names: the keys of a request's `generation_config`, and of the
 * setting `generateDefaults`. Nothing is filled in.
 */
export const generateParameters = {
  num_beams: integer({ least: 1, most: 64 }).describe('1: greedy or drawn. More: beam search.'),
  do_sample: flag().describe('false: the likeliest text. true: random draws.'),
  temperature: number({ least: 0, most: 1e6 }).describe('0: greedy, or plain beam search.'),
  top_p: number({ least: 0, most: 1 }).describe(
    'Keeps a token if the mass ranked above it is less; 1 keeps all.',
  ),
  top_k: integer({ least: 0, most: LARGEST_INT32 }).describe('Keeps the k likeliest tokens; 0 keeps all.'),
  max_new_tokens: integer({ least: 1, most: LARGEST_INT32 }).describe('New tokens at most.'),
  repetition_penalty: number({ least: 1e-6, most: 1e6 }).describe(
    'Makes tokens that came before less likely; 1 is off.',
  ),
  length_penalty: number({ least: -100, most: 100 }).describe(
    "Exponent of the length by which a beam's score is divided.",
  ),
  seed: integer({ least: 0, most: LARGEST_INT32 }).describe(
    "In the settings the server's: its n-th request without a seed of its own draws from the n-th stream of it.",
  ),
};

const { num_beams, do_sample, temperature, top_p, top_k } = generateParameters;
const { max_new_tokens, repetition_penalty, length_penalty, seed } = generateParameters;

/**
 * What the generate API decodes with where a request says nothing; the defaults are the original server's
 * (`MODEL_DEFAULT_*`, `MODEL_SEED`).
 */
export const generateDefaultsSchema = z.strictObject({
  num_beams: num_beams.default(1),
  do_sample: do_sample.default(true),
  temperature: temperature.default(1),
  top_p: top_p.default(1),
  top_k: top_k.default(50),
  max_new_tokens: max_new_tokens.default(2048),
  repetition_penalty: repetition_penalty.default(1),
  length_penalty: length_penalty.default(1),
  seed: seed.default(42),
});

export type GenerateDefaults = z.output<typeof generateDefaultsSchema>;
