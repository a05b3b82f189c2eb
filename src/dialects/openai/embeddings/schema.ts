import { z } from 'zod';

import { text, tokenIds } from '../../../generation/request-compounds.js';
import { choice, integer, LARGEST_INT32 } from '../../../generation/request-values.js';
import { withJsonForm } from '../../../json-forms.js';
import { textsOrIds } from '../texts-or-ids.js';
import { optional } from '../values.js';

/** Inputs of one request at most, as in OpenAI's API. */
const MOST_INPUTS = 2048;

const inputText = withJsonForm(
  text().refine((value) => value !== '', 'expected text that is not empty'),
  { type: 'string', minLength: 1 },
);
const inputIds = tokenIds({ most: Infinity }).refine((ids) => ids.length > 0, 'expected at least one token');

/** The body of `POST /v1/embeddings`. */
export const embeddingsSchema = z.object({
  model: optional(text('the id of a model')).describe('Id or alias; absent: the default model.'),
  input: textsOrIds(inputText, inputIds, { least: 1, most: MOST_INPUTS, of: 'input' }).describe(
    'A text, several, the token ids of one, or of several; 300,000 tokens together at most.',
  ),
  encoding_format: optional(choice(['float', 'base64'])).describe(
    'Default float. base64 is of the numbers as 32-bit floats, the least significant byte first.',
  ),
  dimensions: optional(integer({ least: 1, most: LARGEST_INT32 })).describe(
    'Numbers of each vector that are kept, and made of length 1 again; default: all.',
  ),
});
