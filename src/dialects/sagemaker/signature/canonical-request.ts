import { sha256Hex } from './sha256.js';
import type { WireMessage } from './message.js';
import { invalid } from './refusal.js';

/**
 * The text of a request that is signed (AWS Signature Version 4, "canonical request"), Latin-1 encoded. Nothing is
 * decoded on the way: whatever differs on the wire differs in it, but for the number of spaces inside a header.
 *
 * @throws AccessRefusal if a signed header is not there
 */
export function canonicalRequest(message: WireMessage, signedHeaders: readonly string[]): Uint8Array {
  const [path = '', ...queries] = message.target.split('?');
  const lines = [
    message.method,
    // Every service but S3 encodes the path as it is sent once more.
    path.split('/').map(encoded).join('/'),
    canonicalQuery(queries.join('?')),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(message, name)}`),
    '',
    signedHeaders.join(';'),
    sha256Hex(message.body),
  ];
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** RFC 3986: all but unreserved characters. */
function encoded(text: string): string {
  return [...Buffer.from(text, 'latin1')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** Sorted by name, then by value. Clients send them encoded already, in the one way there is to sign them. */
function canonicalQuery(query: string): string {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return pairs
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&');
}

function canonicalValue({ headers }: WireMessage, name: string): string {
  const value = headers.get(name);
  if (value === undefined) throw invalid(`the signed header ${name} is not there`);
  return value.replaceAll(/ +/g, ' ').replaceAll(/^ | $/g, '');
}
