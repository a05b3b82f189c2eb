import { timingSafeEqual } from 'node:crypto';

import { createScope, getSigningKey } from '@smithy/signature-v4';

import { ALGORITHM, parseAuthorization, SERVICE, type SignatureClaim } from './authorization.js';
import { canonicalRequest } from './canonical-request.js';
import type { WireHeaders, WireMessage } from './message.js';
import { AccessRefusal, incomplete, invalid } from './refusal.js';
import { signingTime } from './signing-time.js';
import { Sha256, sha256Hex } from './sha256.js';

/** What signatures are checked against. */
export interface Verifier {
  /** Secret access keys by access key id. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A signature of which everything is in order that can be told without the body. */
export interface OpenClaim {
  readonly claim: SignatureClaim;
  readonly secret: string;
  /** "20261121T101500Z". */
  readonly time: string;
}

/** A signature is good for so long before and after its time. */
const MOST_SKEW_MS = 5 * 60 * 1000;
const PAYLOAD_HASH = 'x-amz-content-sha256';

/**
 * Checks a signature as far as the headers go, so that the bodies of strangers are not waited for.
 *
 * @throws AccessRefusal
 */
export function openClaim(message: Omit<WireMessage, 'body'>, { secrets, now }: Verifier): OpenClaim {
  const { headers, target } = message;
  refusePresigned(target);
  const claim = parseAuthorization(headers.get('authorization') ?? '');
  refuseUnsigned(headers, claim.signedHeaders);
  const time = signingTime(headers, claim.signedHeaders);
  if (time.text.slice(0, 8) !== claim.day)
    throw invalid('the day in Credential is not that of the signature');
  if (Math.abs(now() - time.ms) > MOST_SKEW_MS)
    throw invalid('the signature is more than 5 minutes old, or from the future');
  const secret = secrets.get(claim.accessKeyId);
  if (secret === undefined || headers.get('x-amz-security-token') !== undefined) {
    // Nobody here gives out temporary credentials: a token can only come from somewhere else.
    const what = secret === undefined ? 'access key' : 'security token';
    throw new AccessRefusal('UnrecognizedClientException', `the ${what} is not known`);
  }
  return { claim, secret, time: time.text };
}

/**
 * Checks that a request is what was signed.
 *
 * @throws AccessRefusal
 */
export async function verifyClaim(message: WireMessage, { claim, secret, time }: OpenClaim): Promise<void> {
  refuseOtherBody(message);
  const { accessKeyId, day, region } = claim;
  const credentials = { accessKeyId, secretAccessKey: secret };
  const key = await getSigningKey(Sha256, credentials, day, region, SERVICE);
  const signed = sha256Hex(canonicalRequest(message, claim.signedHeaders));
  const mac = new Sha256(key);
  mac.update([ALGORITHM, time, createScope(day, region, SERVICE), signed].join('\n'));
  if (!timingSafeEqual(await mac.digest(), Buffer.from(claim.signature, 'hex')))
    throw invalid('the signature does not match the request; check the secret key and what was signed');
}

function refusePresigned(target: string): void {
  if (/[?&]x-amz-/i.test(target))
    throw incomplete('presigned URLs are not understood; sign in the Authorization header');
}

/** Headers that could change what a request does must not be added to it afterwards. */
function refuseUnsigned(headers: WireHeaders, signedHeaders: readonly string[]): void {
  const mustBeSigned = (name: string): boolean => name === 'host' || /^x-amz-|^x-amzn-sagemaker-/.test(name);
  const unsigned = headers
    .names()
    // It is compared with the body: aws-requests-auth sends it and leaves it unsigned.
    .filter((name) => name !== PAYLOAD_HASH && mustBeSigned(name))
    .find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined) throw incomplete(`the header ${unsigned} must be among SignedHeaders`);
  if (!signedHeaders.includes('host')) throw incomplete('host must be among SignedHeaders');
}

function refuseOtherBody({ headers, body }: WireMessage): void {
  const hash = headers.get(PAYLOAD_HASH);
  if (hash === undefined || hash === sha256Hex(body)) return;
  if (/^(UNSIGNED|STREAMING)-/.test(hash)) throw invalid(`${PAYLOAD_HASH}: bodies must be signed as a whole`);
  throw invalid(`${PAYLOAD_HASH} is not that of the body`);
}
