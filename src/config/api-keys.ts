import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { GlossaError } from '../errors.js';
import { suggestion } from '../nearest-name.js';
import { firstProblem } from '../schema-issues.js';
import type { ModelCatalogue } from './models.js';

/** A limit of 0 would be a key that may do nothing. */
const LEAST_MOST = 'expected a whole number from 1 to 2147483647';
const limit = (): z.ZodInt => z.int(LEAST_MOST).min(1, LEAST_MOST).max(0x7fffffff, LEAST_MOST);

/** A key with a name, limits or a list of models. */
export const apiKeySchema = z.strictObject({
  key: z.string().min(1),
  /** For the log. */
  name: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._:@/+-]*$/u, 'expected letters, digits, spaces and ._:@/+- only')
    .optional(),
  requestsPerMinute: limit().optional(),
  tokensPerMinute: limit().optional(),
  concurrentRequests: limit().optional(),
  /** Ids or aliases of the models that it may use; absent: all. */
  models: z.array(z.string().min(1)).min(1).max(1024).optional(),
});

/** One key of the configuration; its models are ids. */
export type ApiKey = z.output<typeof apiKeySchema>;

/**
 * All keys, those of the settings before those of the file.
 *
 * @param file of `apiKeyFile`, an absolute path
 * @throws GlossaError CONFIG_INVALID if a key comes twice, a list names no model that there is, or the file can't be
 *   read or holds something else; no message holds a key
 */
export function resolveApiKeys(
  given: readonly (string | ApiKey)[],
  file: string | undefined,
  catalogue: ModelCatalogue,
): ApiKey[] {
  const placed = [
    ...given.map((entry, index) => ({ entry, place: `apiKeys (${index})` })),
    ...(file === undefined ? [] : readKeyFile(file)),
  ];
  const places = new Map<string, string>();
  return placed.map(({ entry, place }) => {
    const settings = typeof entry === 'string' ? { key: entry } : entry;
    const before = places.get(settings.key);
    if (before !== undefined)
      throw new GlossaError('CONFIG_INVALID', `${place}: the same key is at ${before} already`);
    places.set(settings.key, place);
    if (settings.models === undefined) return settings;
    return { ...settings, models: settings.models.map((name) => modelId(name, catalogue, place)) };
  });
}

function modelId(name: string, { models }: ModelCatalogue, place: string): string {
  const found = models.find(({ id, aliases }) => id === name || aliases.includes(name));
  if (found !== undefined) return found.id;
  const hint = suggestion(
    name,
    models.flatMap(({ id, aliases }) => [id, ...aliases]),
  );
  throw new GlossaError('CONFIG_INVALID', `${place}: models: no model is called ${name}${hint}`);
}

interface PlacedKey {
  readonly entry: string | ApiKey;
  /** How messages name it. */
  readonly place: string;
}

/** A key a line, or an object; empty lines and those that begin with # are none. */
function readKeyFile(path: string): PlacedKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GlossaError('CONFIG_INVALID', "apiKeyFile: the file can't be read", { cause });
  }
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), place: `apiKeyFile (line ${index + 1})` }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new GlossaError('CONFIG_INVALID', 'apiKeyFile: the file holds no key');
  return lines.map(({ line, place }) => ({
    entry: line.startsWith('{') ? parseEntry(line, place) : line,
    place,
  }));
}

function parseEntry(line: string, place: string): ApiKey {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The parser's message quotes the line, and no cause may hold it either.
    throw new GlossaError('CONFIG_INVALID', `${place}: malformed JSON`);
  }
  const result = apiKeySchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message, unknownKeys } = firstProblem(result.error);
  const [unknown] = unknownKeys;
  const fields = Object.keys(apiKeySchema.shape);
  if (unknown !== undefined)
    throw new GlossaError('CONFIG_INVALID', `${place}: unknown key${suggestion(unknown, fields)}`);
  throw new GlossaError('CONFIG_INVALID', `${place}: ${path.map(String).join('.')}: ${message}`);
}
