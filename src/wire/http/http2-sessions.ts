// The HTTP/2 connections of one client transport. A request gets a session with a free stream; when all are
// full another connection is opened, up to a bound. A session that says GOAWAY, fails or does not answer a
// ping takes no new requests.
import type * as http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { wrap } from '#base/errors.ts';
import { securedTunnel } from '../tunnel/secured-tunnel.ts';
import { addressOf, type HttpTransportOptions, tlsConnection } from './client-options.ts';

export interface PooledSession {
  readonly session: http2.ClientHttp2Session;
  /** Streams in flight. */
  open: number;
  /** Requests begun so far; the first proves nothing about a stale connection. */
  used: number;
  usable: boolean;
  /** The certificate it was made with. */
  readonly cert: string | undefined;
}

export interface SessionPool {
  /** A usable session, or 'http/1.1' when the server does not speak HTTP/2. */
  take(): Promise<PooledSession | 'http/1.1'>;
  close(): Promise<void>;
}

/** Until the server's settings arrive. */
const assumedStreams = 100;

export function sessionPool(options: HttpTransportOptions): SessionPool {
  const url = new URL(options.url);
  const most = options.maxConnections ?? 16;
  const sessions = new Set<PooledSession>();
  let connecting: Promise<PooledSession | 'http/1.1'> | undefined;
  let closed = false;
  const closing = new AbortController();
  const room = (pooled: PooledSession): number => (pooled.session.remoteSettings.maxConcurrentStreams ?? assumedStreams) - pooled.open;

  const dial = async (): Promise<PooledSession | 'http/1.1'> => {
    const cert = options.identity?.()?.cert;
    // A server that calls nobody starts without it, a dozen milliseconds sooner.
    const { connect } = await import('node:http2');
    const socket = await dialTls(options, url, closing.signal);
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return 'http/1.1';
    }
    const pooled = startSession(connect, options, url, socket, cert, () => sessions.delete(pooled));
    sessions.add(pooled);
    if (closed) pooled.session.destroy();
    return pooled;
  };
  return {
    async take() {
      for (;;) {
        if (closed) throw new Error('the transport is closed');
        let best: PooledSession | undefined;
        if (options.identity !== undefined) retireOthers(sessions, options.identity()?.cert);
        for (const pooled of sessions) {
          if (!pooled.usable) continue;
          if (room(pooled) > 0) return pooled;
          if (best === undefined || pooled.open < best.open) best = pooled;
        }
        // Beyond the bound requests wait their turn inside the least busy session.
        if (best !== undefined && sessions.size >= most) return best;
        connecting ??= dial().finally(() => (connecting = undefined));
        const made = await connecting;
        if (made === 'http/1.1') return made;
      }
    },
    async close() {
      closed = true;
      closing.abort(new Error('the transport is closed'));
      for (const { session } of sessions) session.destroy();
    },
  };
}

/** Sessions of an earlier certificate finish what they do. */
function retireOthers(sessions: Iterable<PooledSession>, cert: string | undefined): void {
  for (const pooled of sessions) {
    if (pooled.cert === cert || !pooled.usable) continue;
    pooled.usable = false;
    pooled.session.close();
  }
}

async function dialTls(options: HttpTransportOptions, url: URL, closing: AbortSignal): Promise<TLSSocket> {
  const { dial, resolve } = options;
  if (dial === undefined) return secured(options, url, undefined);
  let tunnel: Duplex;
  try {
    tunnel = await dial((await resolve?.()) ?? addressOf(url), closing);
  } catch (error) {
    throw wrap(`connect to ${url.host}`, error);
  }
  return secured(options, url, tunnel);
}

function secured(options: HttpTransportOptions, url: URL, tunnel: Duplex | undefined): Promise<TLSSocket> {
  const tls = tlsConnection(options, url, ['h2', 'http/1.1']);
  return new Promise((resolve, reject) => {
    const socket = tunnel === undefined ? connectTls(tls) : securedTunnel(tunnel, tls);
    const fail = (error: Error): void => {
      timer.cancel();
      socket.destroy();
      reject(wrap(`connect to ${url.host}`, error));
    };
    const timer = options.clock.after(options.connectTimeoutMs ?? 30_000, () => fail(new Error('timed out')));
    socket.setNoDelay(true);
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      timer.cancel();
      socket.off('error', fail);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

function startSession(connect: typeof http2.connect, options: HttpTransportOptions, url: URL, socket: TLSSocket, cert: string | undefined, ended: () => void): PooledSession {
  const session = connect(url.origin, {
    createConnection: () => socket,
    maxSessionMemory: 1024,
    maxHeaderListPairs: 1000,
    maxSendHeaderBlockLength: 2 << 20,
    settings: { enablePush: false, initialWindowSize: 4 << 20, maxHeaderListSize: 2 << 20 },
  });
  const pooled: PooledSession = { session, open: 0, used: 0, usable: true, cert };
  const retire = (): void => {
    pooled.usable = false;
  };
  session.once('connect', () => session.setLocalWindowSize(32 << 20));
  session.on('error', retire);
  session.once('goaway', () => {
    retire();
    session.close();
  });
  const stopPings = pingWhenSilent(options, session, socket);
  session.once('close', () => {
    retire();
    stopPings();
    ended();
  });
  return pooled;
}

function pingWhenSilent(options: HttpTransportOptions, session: http2.ClientHttp2Session, socket: TLSSocket): () => void {
  const keepAliveMs = options.keepAliveMs ?? 30_000;
  let lastBytes = -1;
  let waiting = false;
  const check = (): void => {
    if (session.destroyed) return;
    if (waiting) {
      session.destroy(new Error('the server did not answer a ping'));
      // The session's end waits for the write under way, which such a server may never take.
      socket.destroy();
      return;
    }
    if (socket.bytesRead === lastBytes) {
      waiting = true;
      session.ping((error) => {
        if (error === null) waiting = false;
        lastBytes = socket.bytesRead;
      });
    }
    lastBytes = socket.bytesRead;
    timer = options.clock.after(keepAliveMs, check, { background: true });
  };
  let timer = options.clock.after(keepAliveMs, check, { background: true });
  return () => timer.cancel();
}
