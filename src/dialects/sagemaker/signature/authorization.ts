import { incomplete } from './refusal.js';

/** What an Authorization header of Signature Version 4 says. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** "20261121". */
  readonly day: string;
  readonly region: string;
  /** Names in lower case, sorted. */
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';
/** What the scope must name. */
export const SERVICE = 'sagemaker';

const CREDENTIAL = /^(\w{1,128})\/(\d{8})\/([a-z\d-]{1,64})\/([a-z\d-]{1,64})\/aws4_request$/;
const HEADER_LIST = /^[a-z\d_-]{1,64}(;[a-z\d_-]{1,64}){0,127}$/;
const PARTS = ['Credential', 'SignedHeaders', 'Signature'] as const;

/** Whether an Authorization header claims to be a signature of any version of AWS's scheme. */
export function isSignature(authorization: string | undefined): boolean {
  return authorization?.startsWith('AWS4-') === true;
}

/**
 * Reads an Authorization header.
 *
 * @throws AccessRefusal IncompleteSignatureException for a part that is missing, malformed or there twice
 */
export function parseAuthorization(authorization: string): SignatureClaim {
  const [, rest] = /^AWS4-HMAC-SHA256 +(.+)$/.exec(authorization) ?? [];
  if (rest === undefined) throw incomplete(`the Authorization header must begin with ${ALGORITHM}`);
  const parts = partsOf(rest);
  const [, accessKeyId = '', day = '', region = '', service = ''] = CREDENTIAL.exec(parts.Credential) ?? [];
  if (accessKeyId === '') throw incomplete('Credential must be KEY/YYYYMMDD/REGION/sagemaker/aws4_request');
  if (service !== SERVICE) throw incomplete(`Credential must be scoped to the service ${SERVICE}`);
  if (!/^[\da-f]{64}$/.test(parts.Signature)) throw incomplete('Signature must be 64 hexadecimal digits');
  return {
    accessKeyId,
    day,
    region,
    signedHeaders: headerNames(parts.SignedHeaders),
    signature: parts.Signature,
  };
}

function partsOf(text: string): Record<(typeof PARTS)[number], string> {
  const found = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name, value] = /^ *(Credential|SignedHeaders|Signature)=([^ ]+) *$/.exec(part) ?? [];
    if (name === undefined || value === undefined)
      throw incomplete(`the Authorization header has a part that is none of ${PARTS.join(', ')}`);
    if (found.has(name)) throw incomplete(`the Authorization header has ${name} twice`);
    found.set(name, value);
  }
  const part = (name: string): string => {
    const value = found.get(name);
    if (value === undefined) throw incomplete(`the Authorization header lacks ${name}`);
    return value;
  };
  return {
    Credential: part('Credential'),
    SignedHeaders: part('SignedHeaders'),
    Signature: part('Signature'),
  };
}

function headerNames(list: string): string[] {
  if (!HEADER_LIST.test(list)) throw incomplete('SignedHeaders must be names in lower case, separated by ;');
  const names = list.split(';');
  const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);
  if (!isSorted) throw incomplete('SignedHeaders must be sorted, each name once');
  return names;
}
