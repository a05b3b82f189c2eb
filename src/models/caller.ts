import type { KeyUsage } from './key-usage.js';

/** Who asks for a model: what a key is allowed, and what it has used, hang on it. */
export interface Caller {
  /** Id of the API key that was presented; the empty text where none is needed. */
  readonly keyId: string;
  /** What its operator calls the key, for the log. */
  readonly name?: string;
  /** Ids of the models that it may use; absent: all. The others are not there for it. */
  readonly models?: ReadonlySet<string>;
  /** What it has taken of its limits; absent: there are none. */
  readonly usage?: KeyUsage;
}

/** Who asks where nobody is known, and where the server asks for itself. */
export const ANYBODY: Caller = { keyId: '' };

/** Whether a model is there for a caller. */
export function mayUse({ models }: Caller, id: string): boolean {
  return models === undefined || models.has(id);
}
