// Watches the HTTP/2 connections of one listener with a single timer: closes idle ones, pings silent ones that
// have requests in flight, and cuts those that do not answer. HTTP/1.1 connections have Node's own timeouts.
import type { Clock, Timer } from '#base/clock.ts';
import type { Http2Connection } from '../h2/connection.ts';
import type { ConnectionUse } from './http2-exchange.ts';

interface Watched {
  readonly connection: Http2Connection;
  readonly use: ConnectionUse;
  lastBytes: number;
  lastActiveMs: number;
  pingSentMs: number | undefined;
  /** When it was closed for being idle; streams that nobody reads would keep it open. */
  closedMs: number | undefined;
}

export interface SessionWatch {
  add(connection: Http2Connection, use: ConnectionUse): void;
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
    add(connection, use) {
      const watched: Watched = { connection, use, lastBytes: 0, lastActiveMs: clock.monotonic(), pingSentMs: undefined, closedMs: undefined };
      sessions.add(watched);
      connection.whenEnded(() => sessions.delete(watched));
    },
    noticeAll() {
      for (const { connection } of sessions) connection.notice();
    },
    closeAll() {
      for (const { connection } of sessions) connection.close();
    },
    get size() {
      return sessions.size;
    },
    stop: () => timer.cancel(),
  };
}

function examine(watched: Watched, now: number, idleMs: number, pingMs: number): void {
  const { connection, use } = watched;
  const { socket } = connection;
  if (connection.ended) return;
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
  const busy = use.running > 0 || use.streaming > 0;
  if (!busy && now - watched.lastActiveMs >= idleMs) {
    watched.closedMs = now;
    connection.close();
    return;
  }
  if (watched.pingSentMs !== undefined) {
    if (now - watched.pingSentMs >= pingMs) socket.destroy();
    return;
  }
  if (busy && now - watched.lastActiveMs >= pingMs) {
    watched.pingSentMs = now;
    connection.ping((alive) => {
      watched.pingSentMs = undefined;
      if (alive) watched.lastActiveMs = now;
    });
  }
}
