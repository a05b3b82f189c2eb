import { randomInt } from 'node:crypto';

/** Digits and letters without those that look alike (0 1 I O l), as the shortuuid library of Python has them. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** So many of them hold the 128 bits of a UUID. */
const LENGTH = 22;

/** "cmpl-3watqWsbmYgbWXupsSik7s": a prefix and 22 random characters. */
export function randomIdentifier(prefix: string): string {
  const characters = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length)));
  return `${prefix}-${characters.join('')}`;
}
