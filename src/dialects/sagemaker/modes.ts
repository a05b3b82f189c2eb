import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import { choice } from '../../generation/request-values.js';
import type { JsonObject } from '../../server/json-body.js';
import { anyNumber, checkFields, fieldSchemas } from './fields.js';
import type { Invocation } from './invocation.js';

/** The documented ways to decode. */
export const MODES = ['sample-top-p', 'sample-top-k', 'sample', 'beam', 'greedy'] as const;
export type Mode = (typeof MODES)[number];

/** Fields that only some modes use. */
type ModeField = 'top_p' | 'top_k' | 'temperature' | 'num_beams' | 'no_repeat_ngram_size' | 'seed';
const MODE_FIELDS: readonly ModeField[] = [
  'top_p',
  'top_k',
  'temperature',
  'num_beams',
  'no_repeat_ngram_size',
  'seed',
];

/**
 * What each mode uses. The document's table of sample-top-p has `top_p` twice, the second time with the default of
 * `top_k`, which is what it must mean.
 */
const USED: Readonly<Record<Mode, readonly ModeField[]>> = {
  'sample-top-p': ['top_p', 'top_k', 'seed'],
  'sample-top-k': ['top_k', 'seed'],
  sample: ['top_p', 'top_k', 'temperature', 'seed'],
  beam: ['num_beams', 'no_repeat_ngram_size'],
  greedy: [],
};

const modeField = choice(MODES)
  .nullish()
  .transform((mode) => mode ?? 'sample-top-p')
  .describe('How to decode.');
const { input, max_length, num_return_sequences, seed } = fieldSchemas;

/** The body as a mode takes it: what the mode does not use needs no more than to be a number. */
function schemaFor(mode: Mode) {
  const used = <Name extends ModeField>(name: Name): (typeof fieldSchemas)[Name] =>
    USED[mode].includes(name) ? fieldSchemas[name] : anyNumber;
  return z.strictObject({
    ...{ input, mode: modeField, max_length, num_return_sequences },
    ...{ top_p: used('top_p'), top_k: used('top_k'), temperature: used('temperature') },
    ...{ num_beams: used('num_beams'), no_repeat_ngram_size: used('no_repeat_ngram_size'), seed },
  });
}

type Schema = ReturnType<typeof schemaFor>;
type Body = z.output<Schema>;
/** A body of the documented form in each mode. */
export const MODE_BODIES = Object.fromEntries(MODES.map((mode) => [mode, schemaFor(mode)])) as Record<
  Mode,
  Schema
>;

/** Names of the fields of this form. */
const FIELDS: readonly string[] = Object.keys(MODE_BODIES['sample-top-p'].shape);

/** What each mode decodes with. What is not its own is set as well: a configuration must not turn it into another. */
const DECODING: Readonly<Record<Mode, (body: Body) => Partial<GenerationRequestInput>>> = {
  'sample-top-p': (body) =>
    sampling({ topP: body.top_p ?? 0.92, topK: body.top_k ?? 50, temperature: 1 }, body),
  'sample-top-k': (body) => sampling({ topP: 1, topK: body.top_k ?? 50, temperature: 1 }, body),
  sample: (body) =>
    sampling(
      { topP: body.top_p ?? 0.92, topK: body.top_k ?? 50, temperature: body.temperature ?? 0.7 },
      body,
    ),
  beam: (body) => ({
    doSample: false,
    numBeams: body.num_beams ?? 5,
    noRepeatNgramSize: body.no_repeat_ngram_size ?? 2,
    numReturnSequences: body.num_return_sequences ?? 3,
  }),
  greedy: () => ({ doSample: false, numBeams: 1, noRepeatNgramSize: 0, numReturnSequences: 1 }),
};

/**
 * Reads a body of the documented form: the reply is an array of texts that begin with the input.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field
 */
export function parseModeBody(given: JsonObject): Invocation {
  const { mode } = checkFields(z.object({ mode: modeField }), given, FIELDS);
  const body = checkFields(MODE_BODIES[mode], given, FIELDS);
  if (mode === 'beam') refuseMoreThanBeams(body);
  return {
    form: 'modes',
    request: { prompt: body.input, maxLength: body.max_length ?? 100, ...DECODING[mode](body) },
    reply: { open: '[', before: body.input, close: ']' },
    // There is but one likeliest continuation.
    copies: mode === 'greedy' ? (body.num_return_sequences ?? 3) : 1,
    ignored: MODE_FIELDS.filter((name) => !USED[mode].includes(name) && body[name] !== undefined),
  };
}

function sampling(
  own: Pick<GenerationRequestInput, 'topP' | 'topK' | 'temperature'>,
  body: Body,
): Partial<GenerationRequestInput> {
  return {
    doSample: true,
    numBeams: 1,
    noRepeatNgramSize: 0,
    numReturnSequences: body.num_return_sequences ?? 3,
    ...own,
    ...(body.seed !== undefined && { seed: body.seed }),
  };
}

function refuseMoreThanBeams({ num_beams = 5, num_return_sequences = 3 }: Body): void {
  if (num_return_sequences <= num_beams) return;
  const message = `num_return_sequences: expected at most num_beams (${num_beams}) in mode beam, received ${num_return_sequences}`;
  throw new GlossaError('INVALID_REQUEST', message, { param: 'num_return_sequences' });
}
