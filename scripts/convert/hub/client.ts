import { z } from 'zod';

import { GlossaError } from '../../../src/errors.js';
import { quote } from '../format-error.js';
import type { HubAddress } from './address.js';
import { connectionFailure, hubError, statusError } from './failures.js';
import { Watchdog } from './watchdog.js';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
/** How long the hub may be silent, before an answer and within one. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** Pages of a listing are followed up to here; models have some dozens of files. */
const MAX_FILES = 10_000;

const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);
const fileSchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: commitSchema,
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).optional(),
});

/** A file of a repository, in its top folder. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** What its bytes must hash to: SHA-256 of what is in large-file storage, git's blob hash of the rest. */
  readonly checksum: { readonly algorithm: 'sha256' | 'git'; readonly hex: string };
}

/** A repository at one commit. */
export interface HubListing {
  /** owner/name */
  readonly id: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export interface HubOptions {
  /** Default: https://huggingface.co. */
  readonly endpoint?: string | undefined;
  /** Sent to the endpoint's own origin and to nobody else. */
  readonly token?: string | undefined;
  /** Milliseconds of silence after which the hub counts as not reachable. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Default: Node's own. */
  readonly fetch?: typeof fetch | undefined;
}

/** The part of the hub's API that a download takes. All errors are GlossaErrors of one line. */
export class HubClient {
  readonly #endpoint: URL;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  /** @throws GlossaError CONVERSION_FAILED if the endpoint is no http(s) URL */
  constructor(options: HubOptions) {
    this.#endpoint = parseEndpoint(options.endpoint ?? DEFAULT_ENDPOINT);
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#fetch = options.fetch ?? fetch;
  }

  /** With its port, for messages. */
  get host(): string {
    return this.#endpoint.host;
  }

  /**
   * What a model consists of, at the commit that the revision stands for now.
   *
   * @throws GlossaError CONVERSION_FAILED if it is not there, not allowed, or the hub is not reachable
   */
  async list(address: HubAddress): Promise<HubListing> {
    // Loaded here: who converts a local folder needs none of it.
    const { listFiles, modelInfo } = await import('@huggingface/hub');
    const hub = { hubUrl: this.#baseUrl, fetch: this.#apiFetch(address) };
    try {
      const info = await modelInfo({
        name: address.id,
        revision: address.revision,
        additionalFields: ['sha'],
        ...hub,
      });
      const commit = commitSchema.parse(info.sha);
      const files: HubFile[] = [];
      for await (const entry of listFiles({ repo: address.id, revision: commit, ...hub })) {
        if (files.length === MAX_FILES)
          throw hubError(`expected at most ${MAX_FILES} files in ${address.id}`);
        checkPath(entry.path);
        if (entry.type === 'file') files.push(describeFile(fileSchema.parse(entry)));
      }
      return { id: address.id, commit, files };
    } catch (error) {
      throw this.#listingError(error);
    }
  }

  /**
   * A file's bytes from `start` on.
   *
   * @returns the bytes, and where they really start: at 0 if the hub does not do ranges
   * @throws GlossaError CONVERSION_FAILED if the hub refuses or is not reachable; the bytes throw the same
   */
  async open(
    listing: HubListing,
    file: HubFile,
    start: number,
  ): Promise<{ start: number; chunks: AsyncIterable<Uint8Array> }> {
    const { id, commit } = listing;
    const url = `${this.#baseUrl}/${id}/resolve/${commit}/${encodeURIComponent(file.name)}`;
    const watchdog = new Watchdog(this.#timeoutMs);
    // A body that was compressed on the way could not be continued.
    const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) };
    try {
      const response = await this.#request({ id, revision: commit }, url, {
        headers,
        signal: watchdog.signal,
      });
      const begun = response.status === 206 ? rangeStart(response) : 0;
      if (begun !== 0 && begun !== start) {
        throw hubError(`the hub at ${this.host} gave another range of ${quote(file.name)} than asked for`);
      }
      return { start: begun, chunks: this.#chunks(response, watchdog, file.name) };
    } catch (error) {
      watchdog.stop();
      throw error;
    }
  }

  /** The URL without a slash at its end. */
  get #baseUrl(): string {
    return this.#endpoint.href.replace(/\/$/, '');
  }

  #listingError(error: unknown): GlossaError {
    if (error instanceof GlossaError) return error;
    // JSON.parse's and zod's own; all others come from a connection that broke within an answer.
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return hubError(`the hub at ${this.host} gave an answer that is none of a hub's`, error);
    }
    return hubError(`no connection to the hub at ${this.host}: ${connectionFailure(error)}`, error);
  }

  #apiFetch(address: HubAddress): typeof fetch {
    return (input, init) => {
      const url = input instanceof Request ? input.url : input.toString();
      return this.#request(address, url, { ...init, signal: AbortSignal.timeout(this.#timeoutMs) });
    };
  }

  /** Answers with success only. The client drops the token when it is redirected to another origin. */
  async #request(address: HubAddress, url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const token = new URL(url).origin === this.#endpoint.origin ? this.#token : undefined;
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const response = await this.#fetch(url, { ...init, headers }).catch((error: unknown) => {
      throw hubError(`no connection to the hub at ${this.host}: ${connectionFailure(error)}`, error);
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw statusError(response.status, { ...address, host: this.host, authorised: token !== undefined });
  }

  async *#chunks(response: Response, watchdog: Watchdog, name: string): AsyncGenerator<Uint8Array> {
    try {
      if (response.body === null) return;
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        watchdog.rearm();
        yield chunk;
      }
    } catch (error) {
      throw hubError(
        `the hub at ${this.host} broke off ${quote(name)}: ${connectionFailure(error)}; run the command again to continue`,
        error,
      );
    } finally {
      watchdog.stop();
    }
  }
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const sound =
    url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  // Never with the text: somebody may have put a password there.
  if (!sound || url.search !== '' || url.hash !== '') {
    throw hubError('expected an http or https URL for the endpoint of the hub (HF_ENDPOINT)');
  }
  return url;
}

function checkPath(path: string): void {
  const parts = path.split(/[/\\]/);
  if (parts.every((part) => part !== '' && part !== '.' && part !== '..')) return;
  throw hubError(`the hub lists a file ${quote(path)}, which would leave the folder`);
}

function describeFile({ path, size, oid, lfs }: z.output<typeof fileSchema>): HubFile {
  if (lfs === undefined) return { name: path, bytes: size, checksum: { algorithm: 'git', hex: oid } };
  return { name: path, bytes: lfs.size, checksum: { algorithm: 'sha256', hex: lfs.oid } };
}

/** The first byte of a partial answer, NaN if it does not say. */
function rangeStart(response: Response): number {
  const [, start = 'NaN'] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return Number(start);
}
