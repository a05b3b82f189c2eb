import type { WireHeaders } from './message.js';
import { incomplete } from './refusal.js';

/** When a request was signed. */
export interface SigningTime {
  /** "20261121T101500Z". */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly ms: number;
}

/**
 * The time of a signature: `x-amz-date`, else `date`.
 *
 * @throws AccessRefusal if it is missing, unsigned or malformed
 */
export function signingTime(headers: WireHeaders, signedHeaders: readonly string[]): SigningTime {
  const name = headers.get('x-amz-date') === undefined ? 'date' : 'x-amz-date';
  const value = headers.get(name);
  if (value === undefined) throw incomplete('a signature needs the header x-amz-date, or date');
  if (!signedHeaders.includes(name)) throw incomplete(`the header ${name} must be among SignedHeaders`);
  const text = /^\d{8}T\d{6}Z$/.test(value) ? value : name === 'date' ? fromHttpDate(value) : undefined;
  const ms = text === undefined ? NaN : Date.parse(extended(text));
  // Date.parse takes 30 February for 2 March.
  if (text === undefined || Number.isNaN(ms) || basic(ms) !== text)
    throw incomplete(`the header ${name} must be a time such as 20261121T101500Z`);
  return { text, ms };
}

/** "Sat, 21 Nov 2026 10:15:00 GMT". */
function fromHttpDate(value: string): string | undefined {
  const ms = Date.parse(value);
  return Number.isNaN(ms) || new Date(ms).toUTCString() !== value ? undefined : basic(ms);
}

function basic(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
}

function extended(text: string): string {
  return text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
