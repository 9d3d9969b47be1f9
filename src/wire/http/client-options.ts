// How a client reaches a server, shared by the HTTP/2 and HTTP/1.1 sides of `httpTransport`.
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { Headers, TransportRequest } from '../contract.ts';
import type { Dial } from '../tunnel/contract.ts';

export interface HttpTransportOptions {
  /** "https://10.0.0.1:6443" or "http://127.0.0.1:8080"; a path in it is put before every request's. */
  readonly url: string;
  readonly clock: Clock;
  /** PEM; without it the system's CAs. A function is asked for every connection. */
  readonly ca?: string | (() => string);
  /** Client certificate and key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /**
   * Instead of `cert` and `key`: asked for every connection. Connections that were made with another pair take no new
   * requests, and end when those under way have.
   */
  readonly identity?: () => { readonly cert: string; readonly key: string } | undefined;
  /** Bearer token; a function is asked for every request, so that tokens can rotate. */
  readonly token?: string | (() => string | Promise<string>);
  /** Skips the check of the server's certificate. */
  readonly insecure?: boolean;
  /** Name to verify and to send as SNI instead of the URL's host. */
  readonly serverName?: string;
  /** A silent connection is pinged this often; an unanswered ping ends it. Default 30 s. */
  readonly keepAliveMs?: number;
  /** Default 30 s. */
  readonly connectTimeoutMs?: number;
  /** Asks for gzip and unpacks it. */
  readonly gzip?: boolean;
  /** Connections kept at most; each carries as many streams as the server allows. Default 16. */
  readonly maxConnections?: number;
  /** Header sent with every request that has none of its own. */
  readonly userAgent?: string;
  /** Speaks HTTP/1.1 alone, so that requests spread over the connections of a balanced name. */
  readonly http1?: boolean;
  /** Asked for every HTTP/1.1 connection: where to connect instead of the URL's host. What it throws fails the request. */
  readonly resolve?: () => SocketAddress | Promise<SocketAddress>;
  /** Opens every connection instead of TCP; it is given what `resolve` says, else the URL's host and port. */
  readonly dial?: Dial;
  /** Instead of Node's check of the certificate's names. */
  readonly checkServerName?: (name: string, certificate: PeerCertificate) => Error | undefined;
  /** A request that met a dead kept HTTP/1.1 connection is sent once more on a new one, whatever its method. */
  readonly retryReused?: boolean;
  /** Idle HTTP/1.1 connections are closed after this. */
  readonly idleMs?: number;
}

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** The host of a URL without an IPv6 address's brackets, and its port or its scheme's. */
export function addressOf(url: URL): SocketAddress {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) };
}

/** Largest body that `bytes()` collects. */
export const largestResponseBytes = 1 << 30;

export function tlsConnection(options: HttpTransportOptions, url: URL, protocols: readonly string[]): ConnectionOptions {
  const { host, port } = addressOf(url);
  const name = options.serverName ?? host;
  const identity = options.identity?.();
  const check = options.checkServerName ?? (options.serverName === undefined ? undefined : checkServerIdentity);
  return {
    host,
    port,
    ca: typeof options.ca === 'function' ? options.ca() : options.ca,
    cert: identity?.cert ?? options.cert,
    key: identity?.key ?? options.key,
    servername: isIP(name) === 0 ? name : '',
    ...(check !== undefined && { checkServerIdentity: (_host: string, shown: PeerCertificate) => check(name, shown) }),
    rejectUnauthorized: options.insecure !== true,
    ALPNProtocols: [...protocols],
  };
}

/** The request's headers with what the transport adds. */
export async function requestHeaders(options: HttpTransportOptions, request: TransportRequest): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? ({} satisfies Headers))) {
    if (value !== undefined && !name.startsWith(':')) headers[name.toLowerCase()] = value;
  }
  if (options.token !== undefined && headers.authorization === undefined) {
    const token = typeof options.token === 'string' ? options.token : await options.token();
    if (token !== '') headers.authorization = `Bearer ${token}`;
  }
  if (options.gzip === true) headers['accept-encoding'] ??= 'gzip';
  if (options.userAgent !== undefined) headers['user-agent'] ??= options.userAgent;
  if (request.body !== undefined) headers['content-length'] = String(typeof request.body === 'string' ? Buffer.byteLength(request.body) : request.body.length);
  return headers;
}

/** What an abort rejects with. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

/** `work`, or the signal's reason as soon as it aborts. */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) {
    work.catch(() => undefined);
    return Promise.reject(abortReason(signal));
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
