import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Whether a request asks for a WebSocket. RFC 6455, section 4.1: only GET can. */
export function isWebSocketRequest(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Has a request answered as if it asked for no other protocol, which a server may always do (RFC 9110, section 7.8).
 * Node itself does so only where nobody listens for upgrades at all; Java's HTTP client offers HTTP/2 in this way with
 * its first request. The request goes through the server once more, without the header that asks, and its connection is
 * announced once more.
 *
 * @returns whether the server has taken the connection back; if not, it is at its end
 */
export function ignoreUpgrade(
  server: Server,
  {
    request,
    socket,
    head,
  }: { readonly request: IncomingMessage; readonly socket: Socket; readonly head: Buffer },
): boolean {
  // Set while an earlier request on this connection is being answered; the two answers would be mixed up.
  if ('_httpMessage' in socket && socket._httpMessage !== null) {
    socket.destroy();
    return false;
  }
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  // Node reads header lines as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
  return true;
}
