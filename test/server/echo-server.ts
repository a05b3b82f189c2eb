import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { TestContext } from 'node:test';
import type { Logger } from 'pino';

import type { FlagValues } from '../../src/config/sources.js';
import type { CorsPolicy } from '../../src/server/dialect.js';
import { startServer, type GlossaServer } from '../../src/server/glossa-server.js';
import { FakeEngine, fakeEngineFactory } from '../fakes/engine.js';
import { silent, testConfiguration } from '../fakes/server.js';
import { temporaryStateFolder } from '../fakes/state-folder.js';
import { echoDialect, type EchoState } from './echo-dialect.js';

/** A server with nothing but the echo dialect. */
export interface EchoServer extends EchoState {
  readonly server: GlossaServer;
  /** The sockets' address. */
  readonly url: string;
}

/** Starts one on a free port; it is stopped after the test. */
export async function echoServer(
  t: TestContext,
  options: { readonly flags?: FlagValues; readonly cors?: CorsPolicy; readonly log?: Logger } = {},
): Promise<EchoServer> {
  const { factory, state } = echoDialect(options.cors);
  const server = await startServer({
    configuration: testConfiguration({
      port: '0',
      shutdownTimeout: '1',
      stateDir: temporaryStateFolder(),
      ...options.flags,
    }),
    dialects: [factory],
    startEngine: fakeEngineFactory(() => new FakeEngine()),
    log: options.log ?? silent,
  });
  t.after(() => server.stop());
  return Object.assign(state, { server, url: `${server.url.replace('http', 'ws')}/api/ws` });
}

/** A client whose socket is open. */
export async function openClient(
  url: string,
  options: { readonly headers?: Record<string, string>; readonly origin?: string } = {},
): Promise<WebSocket> {
  const client = new WebSocket(url, options);
  client.on('error', () => undefined);
  await once(client, 'open');
  return client;
}

/** What the server answers instead of opening a socket: status, headers and body. */
export async function refusal(
  url: string,
  options: { readonly headers?: Record<string, string>; readonly origin?: string } = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const client = new WebSocket(url, options);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [
    unknown,
    AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, string> },
  ];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  return { status: response.statusCode, headers: new Headers(response.headers), text };
}

/** Sends a text and gives the next message. */
export async function exchange(client: WebSocket, text: string): Promise<string> {
  client.send(text);
  const [data] = (await once(client, 'message')) as [Buffer];
  return data.toString();
}

/** The code that a client's socket is closed with. */
export async function closeCode(client: WebSocket): Promise<number> {
  const [code] = (await once(client, 'close')) as [number];
  return code;
}

/** A connection on which some text was sent. */
export function rawConnection(server: GlossaServer, text: string): Socket {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(text);
  return socket;
}

/** All that comes on a connection until it ends. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString();
  return text;
}
