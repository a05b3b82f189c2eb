import { createHash, randomBytes } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SHORT_LENGTH = 9;

/** A random id as OpenAI's clients know them. */
export function newCallId(): string {
  return `call_${letters(randomBytes(24))}`;
}

/** Nine random letters and digits, which Mistral's templates insist on. */
export function newShortId(): string {
  return letters(randomBytes(SHORT_LENGTH));
}

/** Any id as nine letters and digits: the same for the same id. */
export function shortIdOf(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return letters(createHash('sha256').update(id).digest().subarray(0, SHORT_LENGTH));
}

function letters(bytes: Uint8Array): string {
  return [...bytes].map((byte) => LETTERS[byte % LETTERS.length] ?? '').join('');
}
