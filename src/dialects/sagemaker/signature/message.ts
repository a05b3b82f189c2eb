import type { IncomingMessage } from 'node:http';

import type { ServerContext } from '../../../server/dialect.js';
import { incomplete } from './refusal.js';

/** A request as it came over the wire: what a signature is made of, before any framework has touched it. */
export interface WireMessage {
  readonly method: string;
  /** Path and query, nothing decoded. */
  readonly target: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
}

/** Headers by their names in lower case; values are Latin-1 text, one character a byte. */
export class WireHeaders {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [name: string, value: string]>) {
    for (const [name, value] of entries) {
      const key = name.toLowerCase();
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [value]);
      else values.push(value);
    }
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /**
   * The one value of a header; undefined if it is not there.
   *
   * @throws AccessRefusal if it is there twice: readers would not agree on which one counts
   */
  get(name: string): string | undefined {
    const values = this.#values.get(name);
    if (values !== undefined && values.length > 1) throw incomplete(`the header ${name} is there twice`);
    return values?.[0];
  }
}

/** What a context's request was on the wire. Requests in memory, which have no wire, are taken as they are. */
export function wireMessage(context: ServerContext, body: Uint8Array): WireMessage {
  const incoming = incomingOf(context);
  if (incoming === undefined) {
    const { pathname, search, host } = new URL(context.req.url);
    const given = [...context.req.raw.headers];
    const headers = context.req.header('host') === undefined ? [...given, ['host', host] as const] : given;
    return {
      method: context.req.method,
      target: pathname + search,
      headers: new WireHeaders(headers as [string, string][]),
      body,
    };
  }
  const { method = '', url = '', rawHeaders } = incoming;
  return { method, target: url, headers: new WireHeaders(pairs(rawHeaders)), body };
}

function incomingOf(context: ServerContext): IncomingMessage | undefined {
  // In memory there are no bindings, whatever Hono's type says.
  const bindings = context.env as ServerContext['env'] | undefined;
  return bindings?.incoming;
}

function* pairs(rawHeaders: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    yield [rawHeaders[index] ?? '', rawHeaders[index + 1] ?? ''];
  }
}
