import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { flag } from '../../generation/request-values.js';
import { withJsonForm } from '../../json-forms.js';
import { closedObject } from './closed-object.js';
import { optional } from './values.js';

/** OpenAI's stream_options. Its padding against eavesdroppers who know the lengths of chunks is refused by name. */
export const streamOptions = closedObject({
  include_usage: optional(flag()).describe(
    'Adds a last chunk that tells what the answer took; default false.',
  ),
  include_obfuscation: optional(
    withJsonForm(
      z.custom<boolean>((value) => value === false, 'expected false: chunks are not padded'),
      {
        const: false,
      },
    ),
  ),
});

/** @throws GlossaError INVALID_REQUEST for options of a stream that is none */
export function checkStreamOptions(body: {
  readonly stream?: boolean | undefined;
  readonly stream_options?: object | undefined;
}): void {
  if (body.stream_options === undefined || body.stream === true) return;
  throw new GlossaError('INVALID_REQUEST', 'stream_options: expected none unless stream is true', {
    param: 'stream_options',
  });
}
