import { GlossaError } from '../../../src/errors.js';

/** What a failing connection means to people, by the system's or the HTTP client's code. */
const CONNECTION_MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved',
  ENETUNREACH: 'the network is unreachable',
  EHOSTUNREACH: 'the host is unreachable',
  ETIMEDOUT: 'no answer',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
  UND_ERR_SOCKET: 'the connection broke',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
};

/** A failure on the way from the hub, in one line. */
export function hubError(message: string, cause?: unknown): GlossaError {
  return new GlossaError('CONVERSION_FAILED', message, cause === undefined ? {} : { cause });
}

/** Why a connection failed, in few words. The client's error hides the system's in its cause. */
export function connectionFailure(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined) return CONNECTION_MESSAGES[code] ?? code;
  }
  return 'the connection failed';
}

/** Who is asking for what, for messages. */
export interface RequestSubject {
  /** owner/name */
  readonly id: string;
  readonly revision: string;
  /** Of the hub, with its port. */
  readonly host: string;
  /** Whether a token was sent. */
  readonly authorised: boolean;
}

/** A refusal of the hub's. It answers 401 for models that are not there, too, to those whom it does not know. */
export function statusError(status: number, subject: RequestSubject): GlossaError {
  const { id, revision, host, authorised } = subject;
  if (status === 401 || status === 403) {
    return hubError(
      authorised
        ? `the token in HF_TOKEN gives no access to ${id} at ${host}: it may be wrong, or the model's terms not accepted`
        : `${id} does not exist at ${host} or needs a token: set HF_TOKEN to one that has access`,
    );
  }
  if (status === 404) return hubError(`there is no model ${id} with a revision ${revision} at ${host}`);
  if (status === 429) return hubError(`the hub at ${host} has had too many requests; try again later`);
  return hubError(`the hub at ${host} answered ${status} for ${id}`);
}
