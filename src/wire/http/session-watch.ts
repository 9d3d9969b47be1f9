// Watches the HTTP/2 connections of one listener with a single timer: closes idle ones, pings silent ones that
// have requests in flight, and cuts those that do not answer. HTTP/1.1 connections have Node's own timeouts.
import type { Clock, Timer } from '#base/clock.ts';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Http2Connection } from './http2-exchange.ts';

interface Watched {
  readonly session: ServerHttp2Session;
  readonly socket: Socket;
  readonly connection: Http2Connection;
  lastBytes: number;
  lastActiveMs: number;
  pingSentMs: number | undefined;
  /** When it was closed for being idle; streams that nobody reads would keep it open. */
  closedMs: number | undefined;
}

export interface SessionWatch {
  add(session: ServerHttp2Session, socket: Socket, connection: Http2Connection): void;
  /** Asks the clients of all connections to come with new requests elsewhere; what still comes is served. */
  noticeAll(): void;
  /** Sends GOAWAY on every connection; each ends with its last stream. */
  closeAll(): void;
  readonly size: number;
  stop(): void;
}

/** `idleMs` and `pingMs` as in HttpLimits. */
export function watchSessions(clock: Clock, idleMs: number, pingMs: number): SessionWatch {
  const sessions = new Set<Watched>();
  const periodMs = Math.max(20, Math.min(idleMs, pingMs) / 2);
  let timer: Timer;
  const sweep = (): void => {
    const now = clock.monotonic();
    for (const watched of sessions) examine(watched, now, idleMs, pingMs);
    timer = clock.after(periodMs, sweep, { background: true });
  };
  timer = clock.after(periodMs, sweep, { background: true });
  return {
    add(session, socket, connection) {
      const watched: Watched = { session, socket, connection, lastBytes: 0, lastActiveMs: clock.monotonic(), pingSentMs: undefined, closedMs: undefined };
      sessions.add(watched);
      session.once('close', () => sessions.delete(watched));
    },
    noticeAll() {
      for (const { session } of sessions) notice(session);
    },
    closeAll() {
      for (const { session } of sessions) session.close();
    },
    get size() {
      return sessions.size;
    },
    stop: () => timer.cancel(),
  };
}

const lastStreamOfAll = 2 ** 31 - 1;

/** GOAWAY that refuses nothing yet: requests that are on their way are not lost (RFC 9113, 6.8). */
export function notice(session: ServerHttp2Session): void {
  if (!session.destroyed && !session.closed) session.goaway(0, lastStreamOfAll);
}

function examine(watched: Watched, now: number, idleMs: number, pingMs: number): void {
  const { session, socket, connection } = watched;
  if (session.destroyed) return;
  if (watched.closedMs !== undefined) {
    if (now - watched.closedMs >= pingMs) socket.destroy();
    return;
  }
  const bytes = socket.bytesRead + socket.bytesWritten;
  if (bytes !== watched.lastBytes && watched.pingSentMs === undefined) {
    watched.lastBytes = bytes;
    watched.lastActiveMs = now;
    return;
  }
  const busy = connection.running > 0 || connection.streaming > 0;
  if (!busy && now - watched.lastActiveMs >= idleMs) {
    watched.closedMs = now;
    session.close();
    return;
  }
  if (watched.pingSentMs !== undefined) {
    // Not `session.destroy()`: that waits for the write under way, and who takes nothing would keep the connection for good.
    if (now - watched.pingSentMs >= pingMs) socket.destroy();
    return;
  }
  if (busy && now - watched.lastActiveMs >= pingMs) {
    watched.pingSentMs = now;
    session.ping((error) => {
      watched.pingSentMs = undefined;
      if (error === null) watched.lastActiveMs = now;
    });
  }
}
