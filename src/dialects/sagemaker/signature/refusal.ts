import { GlossaError } from '../../../errors.js';

/** AWS's names for requests that are not let in. */
export type RefusalType =
  | 'MissingAuthenticationTokenException' // nothing says who asks
  | 'IncompleteSignatureException' // a signature lacks a part, or has one that is malformed
  | 'UnrecognizedClientException' // the access key or API key is not known
  | 'InvalidSignatureException'; // the signature is wrong, or too old

/** A request that is not let in, with what AWS calls the reason. */
export class AccessRefusal extends GlossaError {
  readonly type: RefusalType;

  constructor(type: RefusalType, message: string) {
    super('UNAUTHORIZED', message);
    this.type = type;
  }
}

export function incomplete(message: string): AccessRefusal {
  return new AccessRefusal('IncompleteSignatureException', message);
}

export function invalid(message: string): AccessRefusal {
  return new AccessRefusal('InvalidSignatureException', message);
}
