import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { flag } from '../../generation/request-values.js';
import { withJsonForm } from '../../json-forms.js';
import { isJsonObject } from '../../server/json-body.js';
import { optional } from './values.js';

/** What a stream tells besides its text. */
export interface StreamOptions {
  /** Whether a last chunk holds the usage; false by default. */
  readonly includeUsage: boolean;
}

const includeUsage = optional(flag());

/** OpenAI's stream_options. Its padding against eavesdroppers who know the lengths of chunks is refused by name. */
export function streamOptions(): z.ZodType<StreamOptions> {
  const schema = z.unknown().transform((given, context): StreamOptions => {
    const refuse = (message: string, ...path: string[]): never => {
      context.addIssue({ code: 'custom', message, path });
      return z.NEVER;
    };
    if (!isJsonObject(given)) return refuse('expected an object');
    for (const name of Object.keys(given))
      if (name !== 'include_usage' && name !== 'include_obfuscation')
        return refuse(`unknown field ${name.slice(0, 64)}`);
    const { include_usage: usage, include_obfuscation: padding = null } = given;
    if (padding !== null && padding !== false)
      return refuse('expected false: chunks are not padded', 'include_obfuscation');
    const wanted = includeUsage.safeParse(usage);
    if (!wanted.success) return refuse('expected true or false', 'include_usage');
    return { includeUsage: wanted.data ?? false };
  });
  return withJsonForm(schema, (convert) => ({
    type: 'object',
    properties: { include_usage: convert(includeUsage), include_obfuscation: { enum: [false, null] } },
    additionalProperties: false,
  }));
}

/** @throws GlossaError INVALID_REQUEST for options of a stream that is none */
export function checkStreamOptions(stream: boolean | undefined, options: StreamOptions | undefined): void {
  if (options === undefined || stream === true) return;
  throw new GlossaError('INVALID_REQUEST', 'stream_options: expected none unless stream is true', {
    param: 'stream_options',
  });
}
