// The network Transport: HTTP/2 where the server offers it, else HTTP/1.1; reconnecting, multiplexed, with
// aborts. A request that the server provably did not process is sent again on a new connection, and so is a
// GET that met a dead kept connection; everything else is the caller's decision.
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { Readable } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { wrap } from '#base/errors.ts';
import type { Headers, Transport, TransportRequest, TransportResponse } from '../contract.ts';
import { ErrorCode } from '../h2/protocol.ts';
import { abortReason, type HttpTransportOptions, orAbort, requestHeaders } from './client-options.ts';
import { http1Transport } from './http1-client.ts';
import { type PooledSession, type SessionPool, sessionPool } from './http2-sessions.ts';
import { transportResponse } from './response.ts';

const attempts = 3;

/** One server over the network. Connects with the first request. */
export function httpTransport(options: HttpTransportOptions): Transport {
  const url = new URL(options.url);
  if (url.protocol === 'http:' || options.http1 === true) return http1Transport(options);
  const pool = sessionPool(options);
  let fallback: Transport | undefined;
  return {
    async request(request) {
      if (request.signal?.aborted === true) throw abortReason(request.signal);
      if (fallback !== undefined) return fallback.request(request);
      const taken = await requestHttp2(pool, options, url, request);
      if (taken !== 'http/1.1') return taken;
      fallback ??= http1Transport(options);
      return fallback.request(request);
    },
    async close() {
      await pool.close();
      await fallback?.close();
    },
  };
}

/** HTTP/1.1 over a Unix socket. */
export function unixTransport(path: string, options: { readonly clock: Clock }): Transport {
  return http1Transport({ url: 'http://localhost', clock: options.clock }, path);
}

async function requestHttp2(pool: SessionPool, options: HttpTransportOptions, url: URL, request: TransportRequest): Promise<TransportResponse | 'http/1.1'> {
  const headers = await requestHeaders(options, request);
  const head = {
    ':method': request.method,
    ':path': url.pathname.replace(/\/$/, '') + request.path,
    ':scheme': 'https',
    ':authority': headers.host ?? url.host,
    ...headers,
    ...mutable(request.repeatedHeaders),
    host: undefined,
    connection: undefined,
  };
  for (let attempt = 1; ; attempt++) {
    const pooled = await orAbort(pool.take(), request.signal);
    if (pooled === 'http/1.1') return pooled;
    const reused = pooled.used > 0;
    try {
      return await exchange(pooled, head, request, options.gzip === true);
    } catch (error) {
      const unprocessed = error instanceof UnprocessedError || (reused && (request.method === 'GET' || request.method === 'HEAD'));
      if (!unprocessed || attempt >= attempts || request.bodyStream !== undefined || request.signal?.aborted === true) {
        throw error instanceof UnprocessedError ? wrap(`${request.method} ${request.path}`, error.cause) : error;
      }
    }
  }
}

function mutable(headers: Readonly<Record<string, readonly string[]>> = {}): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
}

/** The server did not begin to work on the request. */
class UnprocessedError extends Error {
  override name = 'UnprocessedError';
}

function exchange(pooled: PooledSession, head: Record<string, string | string[] | undefined>, request: TransportRequest, unpack: boolean): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    let stream: ClientHttp2Stream;
    try {
      stream = pooled.session.request(head, { endStream: request.body === undefined && request.bodyStream === undefined });
    } catch (error) {
      // The session has ended, or is ending, since it was taken.
      pooled.usable = false;
      reject(new UnprocessedError('the connection is closing', { cause: error }));
      return;
    }
    pooled.open++;
    pooled.used++;
    let failure: Error | undefined;
    // `close` ends the stream first, which would make half a body look whole.
    const cancel = (): void => {
      if (stream.writableEnded) stream.close(ErrorCode.cancel);
      else stream.destroy(new Error('the request was cancelled'));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    stream.on('error', (error) => (failure = error));
    stream.once('close', () => {
      pooled.open--;
      signal?.removeEventListener('abort', cancel);
      reject(failureOf(stream, failure, signal));
    });
    stream.once('response', (received) => {
      const response = {
        status: Number(received[':status'] ?? 0),
        headers: plainHeaders(received),
        stream,
        truncation: () => (stream.rstCode === ErrorCode.noError && failure === undefined ? undefined : failureOf(stream, failure, signal)),
        cancel,
        released: () => undefined,
      };
      resolve(transportResponse(response, unpack));
    });
    if (request.body !== undefined) stream.end(request.body);
    else if (request.bodyStream !== undefined) {
      Readable.from(request.bodyStream, { objectMode: false }).on('error', (error) => stream.destroy(error)).pipe(stream);
    }
  });
}

function failureOf(stream: ClientHttp2Stream, failure: Error | undefined, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return abortReason(signal);
  if (stream.rstCode === ErrorCode.refusedStream) return new UnprocessedError('the server refused the stream', { cause: failure });
  return failure ?? new Error(`the server ended the stream early (HTTP/2 code ${stream.rstCode ?? 0})`);
}

function plainHeaders(received: IncomingHttpHeaders & IncomingHttpStatusHeader): Headers {
  const plain: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(received)) {
    if (!name.startsWith(':')) plain[name] = Array.isArray(value) ? value.join(', ') : value === undefined ? undefined : String(value);
  }
  return plain;
}
