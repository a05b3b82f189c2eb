import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** What a client asked for. */
export interface LoggedRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** How a fake hub behaves; tests change it between requests. */
export interface HubBehaviour {
  /** By path in the repository; all are in large-file storage but *.json and *.md. */
  files: Record<string, Buffer>;
  /** Further entries of the listing. */
  entries: readonly Readonly<Record<string, unknown>>[];
  /** What the hub asks for. */
  token?: string;
  /** Answer to everything instead. */
  status?: number;
  /** Answer to the listing instead. */
  listing?: string;
  /** The hash it gives for the revision. */
  commit: string;
  /** Closes the connection behind so many bytes of a file. */
  cutAfter: Record<string, number>;
  /** Goes silent behind so many bytes of a file. */
  silentAfter: Record<string, number>;
  /** Bytes that are sent instead of a file's. */
  forged: Record<string, Buffer>;
  ignoresRanges: boolean;
  /** Answers nothing at all. */
  silent: boolean;
  /** Origin that files are redirected to. */
  redirect?: string;
  /** Origin that the second page of a listing is at. */
  nextPage?: string;
}

export interface FakeHub {
  readonly endpoint: string;
  readonly host: string;
  readonly behaviour: HubBehaviour;
  readonly requests: LoggedRequest[];
  /** Paths of the files asked for since the last call, with their ranges. */
  downloads(): string[];
  close(): Promise<void>;
}

function git(data: Buffer): string {
  return createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
}

function entryOf(path: string, data: Buffer): Readonly<Record<string, unknown>> {
  if (/\.(json|md)$/.test(path)) return { type: 'file', path, size: data.length, oid: git(data) };
  const lfs = { oid: createHash('sha256').update(data).digest('hex'), size: data.length, pointerSize: 130 };
  // The oid is the pointer's.
  return { type: 'file', path, size: data.length, oid: git(Buffer.from('pointer')), lfs };
}

/** Serves one repository, owner/name, as the hub does. */
export async function startHub(context: TestContext, files: Record<string, Buffer>): Promise<FakeHub> {
  const behaviour: HubBehaviour = {
    files,
    entries: [],
    commit: COMMIT,
    cutAfter: {},
    silentAfter: {},
    forged: {},
    ignoresRanges: false,
    silent: false,
  };
  const requests: LoggedRequest[] = [];
  const server = createServer((request, response) => {
    const { url: path = '', headers } = request;
    requests.push({ path, range: headers.range, authorization: headers.authorization });
    answer(behaviour, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> => closeServer(server);
  context.after(close);
  const downloads = (): string[] =>
    requests
      .splice(0)
      .filter(({ path }) => path.includes('/resolve/'))
      .map(({ path, range }) =>
        [path.split('/').at(-1) ?? '', ...(range === undefined ? [] : [range])].join(' '),
      );
  return { endpoint: `http://${host}`, host, behaviour, requests, downloads, close };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}

function answer(
  behaviour: HubBehaviour,
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
): void {
  if (behaviour.silent) return;
  const [path = ''] = url.split('?');
  const refused = behaviour.token !== undefined && headers.authorization !== `Bearer ${behaviour.token}`;
  const status = behaviour.status ?? (refused ? 401 : 200);
  const name = path.split(`/owner/name/resolve/${behaviour.commit}/`)[1];
  if (status !== 200) {
    json(response, { error: 'no' }, status);
    return;
  }
  if (path === '/api/models/owner/name/revision/main') {
    json(response, { id: 'owner/name', sha: behaviour.commit });
    return;
  }
  if (path === `/api/models/owner/name/tree/${behaviour.commit}`) {
    sendListing(behaviour, url, response);
    return;
  }
  if (name !== undefined && behaviour.redirect !== undefined) {
    response.writeHead(302, { location: behaviour.redirect + url }).end();
    return;
  }
  const data = behaviour.forged[name ?? ''] ?? behaviour.files[name ?? ''];
  if (data === undefined) {
    json(response, { error: 'Not found' }, 404);
    return;
  }
  sendFile(behaviour, name ?? '', data, headers.range, response);
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function sendListing(behaviour: HubBehaviour, url: string, response: ServerResponse): void {
  if (behaviour.listing !== undefined) {
    response.end(behaviour.listing);
    return;
  }
  const all = [
    ...Object.entries(behaviour.files).map(([path, data]) => entryOf(path, data)),
    ...behaviour.entries,
  ];
  if (behaviour.nextPage === undefined) {
    json(response, all);
    return;
  }
  if (!url.includes('cursor'))
    response.setHeader('link', `<${behaviour.nextPage}${url}&cursor=1>; rel="next"`);
  json(response, url.includes('cursor') ? all.slice(1) : all.slice(0, 1));
}

function sendFile(
  behaviour: HubBehaviour,
  name: string,
  data: Buffer,
  range: string | undefined,
  response: ServerResponse,
): void {
  const asked = behaviour.ignoresRanges ? null : /^bytes=(\d+)-$/.exec(range ?? '');
  const start = Number(asked?.[1] ?? 0);
  const body = data.subarray(start);
  if (asked !== null) response.setHeader('content-range', `bytes ${start}-${data.length - 1}/${data.length}`);
  response.writeHead(asked === null ? 200 : 206, { 'content-length': body.length });
  const { [name]: cut } = behaviour.cutAfter;
  const { [name]: silent } = behaviour.silentAfter;
  if (silent !== undefined) response.write(body.subarray(0, silent));
  else if (cut === undefined) response.end(body);
  else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
}
