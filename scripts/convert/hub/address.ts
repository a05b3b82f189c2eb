import { GlossaError } from '../../../src/errors.js';
import { quote } from '../format-error.js';

const PREFIX = 'hf:';
/** The hub's own rule for the two parts of an id, which also has no "..", "--". */
const PART = /^\w[\w.-]{0,95}$/;
/** Branches, tags, commits, and references such as refs/pr/1. */
const REVISION = /^\w[\w./-]{0,199}$/;

/** A model on the hub. */
export interface HubAddress {
  /** owner/name */
  readonly id: string;
  /** A branch, a tag or a commit; "main" unless the address says otherwise. */
  readonly revision: string;
}

/** Whether a source is written as a model on the hub: hf:owner/name[@revision]. */
export function isHubAddress(source: string): boolean {
  return source.startsWith(PREFIX);
}

/** @throws GlossaError CONVERSION_FAILED if it is not hf:owner/name or hf:owner/name@revision */
export function parseHubAddress(source: string): HubAddress {
  const [id = '', revision = 'main', ...rest] = source.slice(PREFIX.length).split('@');
  const parts = id.split('/');
  const sound = parts.length === 2 && parts.every((part) => PART.test(part) && !/\.\.|--/.test(part));
  if (
    !isHubAddress(source) ||
    !sound ||
    rest.length > 0 ||
    !REVISION.test(revision) ||
    revision.includes('..')
  ) {
    throw new GlossaError(
      'CONVERSION_FAILED',
      `expected ${PREFIX}owner/name or ${PREFIX}owner/name@revision, received ${quote(source)}`,
    );
  }
  return { id, revision };
}
