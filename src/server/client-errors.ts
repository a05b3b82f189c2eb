import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node's codes of what is no HTTP request for us, with our words; all else is malformed. */
const REFUSALS: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'INVALID_REQUEST', 'the headers of the request are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'INVALID_REQUEST', 'the chunk extensions are too large'],
};
const MALFORMED = [400, 'INVALID_REQUEST', 'malformed HTTP request'] as const;

/**
 * Answers what the HTTP parser refuses, as far as nothing else is being answered on the connection, and ends it. No API
 * is known by then: the answer has the plain shape.
 *
 * @param code of Node's error
 * @param last the response to the connection's last request, if it had one
 */
export function refuseConnection(
  socket: Socket,
  code: string | undefined,
  last: ServerResponse | undefined,
): void {
  const isAnswering = last !== undefined && !last.writableFinished && last.headersSent;
  if (!socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const [status, name, message] = REFUSALS[code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ error: { code: name, message } });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}
