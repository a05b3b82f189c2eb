import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { generationRequestSchema, type GenerationRequestInput } from '../../generation/request.js';
import { text } from '../../generation/request-compounds.js';
import { flag } from '../../generation/request-values.js';
import { suggestion } from '../../nearest-name.js';
import { firstProblem } from '../../schema-issues.js';
import type { JsonObject } from '../../server/json-body.js';
import { camelCase, snakeCase, snakeCaseKeys } from './snake-case.js';

/**
 * Body of `POST /glossa/generate`: every parameter of a generation in snake case, and two of this route. Nothing is
 * filled in: what the client leaves out is the configuration's to say.
 */
export const generateBodySchema = z.strictObject({
  ...snakeCaseKeys(generationRequestSchema.shape),
  model: text('the id or alias of a model').optional().describe('Id or alias; absent: the default model.'),
  stream: flag().default(false).describe('true: server-sent events; false: one JSON object at the end.'),
});

/** A request of this API, its generation in the engine's vocabulary. */
export interface GenerateCall {
  readonly model: string | undefined;
  readonly stream: boolean;
  /** What the client sent, and no more. */
  readonly request: GenerationRequestInput;
}

const fieldNames = Object.keys(generateBodySchema.shape);
const camelNames = new RegExp(`\\b(${Object.keys(generationRequestSchema.shape).join('|')})\\b`, 'g');

/**
 * Checks a body.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong or unknown
 */
export function parseGenerateBody(body: JsonObject): GenerateCall {
  const result = generateBodySchema.safeParse(body);
  if (!result.success) throw invalid(result.error);
  const { model, stream, ...generation } = result.data;
  const entries = Object.entries(generation).map(([key, value]) => [camelCase(key), value] as const);
  // The keys are generationRequestSchema's own, taken there and back again.
  return { model, stream, request: Object.fromEntries(entries) as GenerationRequestInput };
}

/** A message about parameters in this API's spelling of them. */
export function inSnakeCase(message: string): string {
  return message.replaceAll(camelNames, (name) => snakeCase(name));
}

/** An error from the engine's validation in this API's spelling. */
export function errorInSnakeCase(error: GlossaError): GlossaError {
  if (error.param === undefined) return error;
  return new GlossaError(error.code, inSnakeCase(error.message), {
    cause: error.cause,
    param: snakeCase(error.param),
  });
}

function invalid(error: z.ZodError): GlossaError {
  const { path, message, unknownKeys } = firstProblem(error);
  const [unknown] = unknownKeys;
  if (unknown !== undefined) {
    const hint = suggestion(unknown, fieldNames);
    return new GlossaError('INVALID_REQUEST', `unknown field ${unknown.slice(0, 64)}${hint}`, {
      param: unknown.slice(0, 64),
    });
  }
  const param = path.map(String).join('.');
  return new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}
