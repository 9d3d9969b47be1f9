// What happens to an HTTP/1.1 connection whose client sends something that is no request. A common case is the body of
// a DELETE or GET that was sent without its length: the request is whole and being answered when the rest is read as
// the next one. As with Go's server, answers under way are finished first; then comes a 400 and the end. A request that
// is itself broken in its body is cut at once: its handler waits for bytes that nobody can tell apart any more.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { codeOf } from '#base/errors.ts';

/** What a client may send after it was misunderstood, while its answers are finished. */
const ignoredBytes = 8 << 20;
const lingerMs = 500;

interface Connection {
  /** In the order of their requests. */
  readonly answers: Set<ServerResponse>;
  misunderstood: { readonly error: Error; readonly bytesRead: number } | undefined;
}

export interface Refusals {
  /** A request arrived and will be answered. */
  answering(request: IncomingMessage, response: ServerResponse): void;
  /** The parser (or the connection) failed; to be called for each `clientError`. */
  misunderstood(error: Error, socket: Duplex): void;
}

/** Of one listener. */
export function watchRefusals(clock: Clock): Refusals {
  const connections = new WeakMap<Duplex, Connection>();
  return {
    answering(request, response) {
      const { socket } = request;
      const connection = connections.get(socket) ?? { answers: new Set(), misunderstood: undefined };
      connections.set(socket, connection);
      connection.answers.add(response);
      response.once('close', () => {
        connection.answers.delete(response);
        if (connection.misunderstood !== undefined && connection.answers.size === 0) refuse(connection.misunderstood.error, socket, clock);
      });
    },
    misunderstood(error, socket) {
      const connection = connections.get(socket);
      if (connection === undefined || connection.answers.size === 0) refuse(error, socket, clock);
      else finishFirst(connection, error, socket as Socket);
    },
  };
}

function finishFirst(connection: Connection, error: Error, socket: Socket): void {
  const answers = [...connection.answers];
  const isGarbage = codeOf(error)?.startsWith('HPE_') === true && answers.every((answer) => answer.req.complete);
  const earlier = connection.misunderstood;
  // Whatever comes after the first piece of garbage, a timeout for its "head" included, is more of the same.
  if ((earlier === undefined && !isGarbage) || socket.readableEnded || socket.bytesRead - (earlier?.bytesRead ?? socket.bytesRead) > ignoredBytes) {
    socket.destroy();
    return;
  }
  if (earlier !== undefined) return;
  connection.misunderstood = { error, bytesRead: socket.bytesRead };
  // Where it can still be told, the client learns with its answer not to send the next request here.
  const last = answers.at(-1);
  if (last?.headersSent === false) last.setHeader('connection', 'close');
}

/** An answer to what is no request; the rest of it is read for a moment, so that the client sees the answer. */
function refuse(error: Error, socket: Duplex, clock: Clock): void {
  if (!socket.writable) {
    if (!socket.writableEnded) socket.destroy();
    return;
  }
  const code = codeOf(error);
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  clock.after(lingerMs, () => socket.destroy(), { background: true });
}
