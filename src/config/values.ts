import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes of a size such as "512MiB", "1.5 GB" or "1048576"; undefined if it isn't one. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2] === '' ? 1 : UNITS[match[2]?.toLowerCase() ?? ''];
  if (unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size in bytes, for people: "8.4 MB". */
export function formatByteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

/** A number of bytes, or text with a unit: binary (KiB, MiB, ... or K, M, ...) or decimal (kB, MB, ...). */
export const byteSize = z.union([z.int().min(0), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const bytes = parseByteSize(value);
  if (bytes !== undefined) return bytes;
  context.addIssue('expected a size such as "512MiB"');
  return z.NEVER;
});

const ADAPTER =
  /^(?:(?<id>[\p{L}\p{N}][\p{L}\p{N}._@+-]*):)?(?<path>.+?)(?:=(?<scale>(?!.*\.gguf$)[^=/\\]*))?$/isu;
const DRIVE = process.platform === 'win32' ? /^[A-Z]:[/\\]/i : /^[A-Z]:\\/i;

/**
 * An adapter written as "[ID:]FILE[=SCALE]". A letter before ":\\" (on Windows also ":/") is a drive. A scale that is no
 * number stays text, for the schema to refuse.
 */
export function parseAdapter(text: string): {
  id?: string | undefined;
  path: string;
  scale?: number | string;
} {
  // A drive is taken off for the match and put back to the path.
  const drive = DRIVE.exec(text)?.[0] ?? '';
  const { id, path: rest, scale } = ADAPTER.exec(text.slice(drive.length))?.groups ?? {};
  const path = rest === undefined ? text : drive + rest;
  if (scale === undefined) return { ...(id !== undefined && { id }), path };
  const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(scale);
  return { ...(id !== undefined && { id }), path, scale: isNumber ? Number(scale) : scale };
}

/** Seconds, fractions allowed. */
export const seconds = z.number().min(0).max(86_400);

/** Seconds of something that may last for years. */
export const longSeconds = z.number().min(0).max(1_000_000_000);

/** A model's id or alias: something that fits into a URL, a log line and a JSON value. */
export const modelName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:@/+-]*$/u, 'expected letters, digits and ._:@/+- only');
