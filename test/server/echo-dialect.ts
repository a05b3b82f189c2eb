import type { WebSocket } from 'ws';

import type { CorsPolicy, Dialect, DialectFactory } from '../../src/server/dialect.js';
import { statusOf } from '../../src/server/error-status.js';
import { upgradeWebSocket } from '../../src/server/upgrade-web-socket.js';

/** What a test looks at. */
export interface EchoState {
  readonly sockets: Set<WebSocket>;
  opened: number;
}

/**
 * A dialect with one WebSocket, `/api/ws`: it repeats what it is sent. After "work" a socket is busy until "done"; idle
 * ones are closed when the server begins to stop. "ignore" makes it one that the dialect never closes.
 */
export function echoDialect(cors?: CorsPolicy): { factory: DialectFactory; state: EchoState } {
  const state: EchoState = { sockets: new Set(), opened: 0 };
  const busy = new WeakSet<WebSocket>();
  let isClosing = false;
  const closeIfIdle = (socket: WebSocket): void => {
    if (isClosing && !busy.has(socket)) socket.close(1001);
  };
  const open = (socket: WebSocket): void => {
    state.opened += 1;
    state.sockets.add(socket);
    socket.on('close', () => state.sockets.delete(socket));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text === 'work' || text === 'ignore') busy.add(socket);
      if (text === 'done') busy.delete(socket);
      socket.send(text);
      closeIfIdle(socket);
    });
  };
  const dialect: Dialect = {
    name: 'generate',
    owns: (path) => path.startsWith('/api/'),
    ...(cors !== undefined && { cors }),
    mount: (app) => {
      app.get('/api/ws', upgradeWebSocket(open));
      app.get('/api/failing', upgradeWebSocket(failToOpen));
      app.get('/api/large', (context) => context.text('x'.repeat(50_000_000)));
      app.post('/api/alive', (context) => context.text('alive'));
    },
    operations: [],
    renderError: (context, error) => context.text(error.message, statusOf(error.code)),
    close: () => {
      isClosing = true;
      for (const socket of state.sockets) closeIfIdle(socket);
    },
  };
  return { factory: () => dialect, state };
}

function failToOpen(): void {
  throw new Error('a defect');
}
