import type { Handler } from 'hono';
import type { WebSocket } from 'ws';

import { GlossaError } from '../errors.js';
import { bindingsOf, type ServerContext, type ServerEnv } from './dialect.js';

/**
 * A route's handler that speaks WebSocket: `app.get('/api/ws', upgradeWebSocket(open))`. All that stands before routes
 * (Host, origin, keys, the server's end) has been passed then. Errors of the socket need no listener; what listeners
 * to its messages throw is not caught.
 *
 * @throws GlossaError ROUTE_NOT_FOUND (in the handler) for a request that asks for no WebSocket
 */
export function upgradeWebSocket(
  open: (socket: WebSocket, context: ServerContext) => void,
): Handler<ServerEnv> {
  return function upgradeWebSocket(context) {
    const upgrade = bindingsOf(context)?.upgrade;
    if (upgrade === undefined)
      throw new GlossaError('ROUTE_NOT_FOUND', 'this route is for WebSockets: expected an upgrade');
    upgrade.accept((socket) => {
      open(socket, context);
    });
    return context.body(null);
  };
}
