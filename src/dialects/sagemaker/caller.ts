import { ANYBODY, type Caller } from '../../models/caller.js';
import { presentedKey } from '../../server/api-keys.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { readBody } from '../../server/json-body.js';
import { admitCaller } from '../../server/key-limits.js';
import { isSignature } from './signature/authorization.js';
import { wireMessage } from './signature/message.js';
import { AccessRefusal } from './signature/refusal.js';
import { openClaim, verifyClaim } from './signature/verify.js';

/** InvokeEndpoint's limit for a body, in bytes. */
export const BODY_LIMIT = 6_291_456;

const NO_BODY = new Uint8Array();

/** Lets in who may call: with credentials or API keys configured, whoever has one; else everybody. */
export class Doorkeeper {
  readonly #services: DialectServices;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #now: () => number;

  /** @param now milliseconds since 1970; a test gives its own */
  constructor(services: DialectServices, now: () => number = Date.now) {
    this.#services = services;
    this.#secrets = new Map(Object.entries(services.settings.awsCredentials));
    this.#now = now;
  }

  /**
   * Reads the body of a request that may be answered. Only a right signature, or a right key, gets this far; it counts
   * against that key's limits.
   *
   * @throws AccessRefusal; GlossaError RATE_LIMITED, BODY_TOO_LARGE or CANCELLED
   */
  async admit(context: ServerContext): Promise<Uint8Array> {
    const limit = Math.min(BODY_LIMIT, this.#services.settings.bodyLimit);
    if (this.#secrets.size === 0 || !isSignature(context.req.header('authorization'))) {
      admitCaller(context, this.#requireKey(context));
      return await readBody(context, limit);
    }
    const verifier = { secrets: this.#secrets, now: this.#now };
    const open = openClaim(wireMessage(context, NO_BODY), verifier);
    const body = await readBody(context, limit);
    await verifyClaim(wireMessage(context, body), open);
    // Whoever signs has no API key, and no limits.
    admitCaller(context, { keyId: open.claim.accessKeyId });
    return body;
  }

  #requireKey(context: ServerContext): Caller {
    const { keys } = this.#services;
    if (!keys.areRequired && this.#secrets.size === 0) return ANYBODY;
    const key = presentedKey(context);
    if (key === undefined || !keys.areRequired) {
      const wanted = this.#secrets.size > 0 ? 'a signature (AWS Signature Version 4)' : 'an API key';
      throw new AccessRefusal('MissingAuthenticationTokenException', `the request needs ${wanted}`);
    }
    const caller = keys.callerWith(key);
    if (caller === undefined)
      throw new AccessRefusal('UnrecognizedClientException', 'the API key is not valid');
    return caller;
  }
}
