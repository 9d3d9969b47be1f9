// A listener that serves one Handler over HTTP/2 and HTTP/1.1 on the same TLS port (ALPN), or over plain
// HTTP/1.1 for health ports. It owns every bound on a connection, the graceful end, and the promise that
// neither a handler nor a peer can crash the process.
import { createServer as createPlainServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Handler, Peer } from '../contract.ts';
import { Http2Connection } from '../h2/connection.ts';
import { ConnectionError, ErrorCode } from '../h2/protocol.ts';
import type { Http2Stream } from '../h2/stream.ts';
import { type AnswerWatch, watchAnswers } from './answer-watch.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { watchRefusals } from './http1-refusal.ts';
import { type ConnectionUse, Http2Exchange } from './http2-exchange.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import { type SessionWatch, watchSessions } from './session-watch.ts';
import { contextOptions, contextsByName, peerOf, type ServerTls } from './tls-options.ts';

export interface ServeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Without it: plain HTTP/1.1. */
  readonly tls?: ServerTls;
  readonly handler: Handler;
  readonly limits?: Partial<HttpLimits>;
  /** The chance that a request makes its HTTP/2 connection the last of its kind, so that clients spread over servers. */
  readonly goawayChance?: number;
  /** A TLS handshake has failed. */
  readonly onHandshakeError?: () => void;
}

export interface HttpServer {
  readonly port: number;
  readonly address: string;
  /** New connections get the new certificates; open ones are kept. */
  reload(tls: ServerTls): void;
  /** Stops listening, and asks clients to go elsewhere with new requests; those that come all the same are served. */
  drain(): void;
  /** Stops listening, lets requests finish for `graceMs`, then cuts what is left. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

interface Listener {
  readonly world: World;
  readonly limits: HttpLimits;
  readonly handler: Handler;
  readonly sessions: SessionWatch;
  readonly answers: AnswerWatch;
  readonly server: Server;
  readonly goawayChance: number;
  readonly onHandshakeError: (() => void) | undefined;
  closing: boolean;
}

/** Listens and serves until closed. Rejects when the address cannot be bound. */
export async function serveHttp(world: World, options: ServeOptions): Promise<HttpServer> {
  const limits: HttpLimits = { ...defaultLimits, ...options.limits };
  const sessions = watchSessions(world.clock, limits.idleMs, limits.pingMs);
  const answers = watchAnswers(world.clock, limits.answerMs);
  let byName = options.tls === undefined ? () => undefined : contextsByName(options.tls);
  const http: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headMs,
    requestTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(limits.headMs, 5_000),
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    noDelay: true,
    shouldUpgradeCallback: (request) => wantsUpgrade(request.headers.upgrade),
  };
  const server =
    options.tls === undefined
      ? createPlainServer(http)
      : createTlsServer({
          ...http,
          ...contextOptions(options.tls),
          ALPNProtocols: options.tls.http1Only === true ? ['http/1.1'] : ['h2', 'http/1.1'],
          handshakeTimeout: limits.handshakeMs,
          requestCert: options.tls.clientCa !== undefined,
          rejectUnauthorized: false,
          SNICallback: (name, done) => done(null, byName(name)),
        });
  server.maxConnections = limits.connections;
  const listener: Listener = { world, limits, handler: options.handler, sessions, answers, server, goawayChance: options.goawayChance ?? 0, onHandshakeError: options.onHandshakeError, closing: false };
  const sockets = trackSockets(server);
  if (options.tls !== undefined) routeByAlpn(server, listener);
  serveHttp1(server, listener);
  const { port, address } = await listen(server, options.host, options.port);
  let ended: Promise<void> | undefined;
  const drain = (): Promise<void> => {
    if (ended !== undefined) return ended;
    listener.closing = true;
    ended = new Promise<void>((resolve) => server.close(() => resolve()));
    sessions.noticeAll();
    return ended;
  };
  return {
    port,
    address,
    reload(tls) {
      if (!('setSecureContext' in server)) throw new Error('a plain HTTP listener has no certificates');
      server.setSecureContext(contextOptions(tls));
      byName = contextsByName(tls);
    },
    drain: () => void drain(),
    async close({ graceMs }) {
      const done = drain();
      server.closeIdleConnections();
      sessions.closeAll();
      const timer = world.clock.after(graceMs, () => sockets.forEach((socket) => socket.destroy()));
      await done;
      timer.cancel();
      sessions.stop();
      answers.stop();
    },
  };
}

/** Upgrades to anything else (h2c from a Java client) are answered as ordinary requests. */
function wantsUpgrade(upgrade: string | undefined): boolean {
  const protocol = upgrade?.toLowerCase();
  return protocol === 'websocket' || protocol === 'spdy/3.1';
}

/** Every accepted TCP connection, for the hard end. Errors of a connection are its peer's business. */
function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('no TCP address'));
      else resolve(bound);
    });
  });
}

/** Connections that negotiated h2 get an HTTP/2 session; all others stay with the HTTP/1.1 parser. */
function routeByAlpn(server: Server, listener: Listener): void {
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol !== 'h2') {
      for (const accept of http1) accept.call(server, socket);
      return;
    }
    serveHttp2(socket, listener);
  });
  // Node's own listener would have `refuse` write HTTP/1.1 into the unfinished handshake. Should the client finish it after
  // all, that answer and the settings of the HTTP/2 session would be two writes at once in one TLS socket: Node aborts the process.
  server.removeAllListeners('tlsClientError');
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    listener.world.log.debug('TLS handshake failed', { error: errorText(error) });
    listener.onHandshakeError?.();
    socket.destroy();
  });
}

function serveHttp2(socket: Socket, listener: Listener): void {
  const use: ConnectionUse = { peer: peerOf(socket), running: 0, streaming: 0, answers: listener.answers };
  const { handler, limits, world } = listener;
  const mostRunning = limits.streamsPerConnection * 4;
  const onRequest = (stream: Http2Stream, tooLarge: boolean): void => {
    const exchange = new Http2Exchange(stream, use);
    if (tooLarge) {
      exchange.send(431, {});
      return;
    }
    // Streams that the client reset no longer count as open, their handlers still run (rapid reset).
    if (use.running >= mostRunning) {
      connection.fail(new ConnectionError(ErrorCode.enhanceYourCalm, 'more requests than are answered'));
      return;
    }
    if (listener.goawayChance > 0 && world.random.next() < listener.goawayChance) retire(connection, world.clock);
    use.running++;
    run(handler, exchange, world).then(() => use.running--, ignore);
  };
  const connection = new Http2Connection(socket, {
    clock: world.clock,
    limits,
    onRequest,
    onFailure: (error) => world.log.debug('HTTP/2 connection failed', { error: errorText(error), peer: use.peer.address }),
  });
  listener.sessions.add(connection, use);
  if (listener.closing) connection.close();
}

/** As long as a request may be on its way that was sent before the notice came. */
const noticeMs = 1000;

/** No new requests on this connection; it ends with its last. */
function retire(connection: Http2Connection, clock: Clock): void {
  connection.notice();
  clock.after(noticeMs, () => connection.close(), { background: true });
}

function ignore(): void {}

/** Never rejects: a handler that throws is answered for. */
async function run(handler: Handler, exchange: Http1Exchange | Http2Exchange, world: World): Promise<void> {
  try {
    await handler(exchange);
    if (!exchange.responded) exchange.fail(500);
  } catch (error) {
    try {
      world.log.error('request handler failed', { method: exchange.method, url: exchange.url, error: errorText(error) });
      exchange.fail(500);
    } catch (second) {
      world.log.debug('answering for a failed handler failed', { error: errorText(second) });
    }
  }
}

function serveHttp1(server: Server, listener: Listener): void {
  const { handler, world } = listener;
  const peers = new WeakMap<Socket, Peer>();
  const refusals = watchRefusals(world.clock);
  const peer = (socket: Socket): Peer => {
    const known = peers.get(socket) ?? peerOf(socket);
    peers.set(socket, known);
    return known;
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', ignore);
    response.on('error', ignore);
    if (listener.closing) response.setHeader('connection', 'close');
    refusals.answering(request, response);
    run(handler, new Http1Exchange(request, response, peer(request.socket), listener.answers), world).catch(ignore);
  });
  server.on('clientError', (error: Error, socket: Duplex) => refusals.misunderstood(error, socket));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    socket.on('error', ignore);
    run(handler, new Http1Exchange(request, undefined, peer(request.socket), listener.answers, { socket, head }), world).catch(ignore);
  });
}
