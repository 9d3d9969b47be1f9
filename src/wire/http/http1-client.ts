// The HTTP/1.1 side of the client transports: servers without HTTP/2, plain HTTP and Unix sockets. Connections
// are kept and reused by Node's agent.
import { Agent as PlainAgent, type ClientRequest, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { Headers, Transport, TransportRequest, TransportResponse } from '../contract.ts';
import { abortReason, type HttpTransportOptions, requestHeaders, tlsConnection } from './client-options.ts';
import { transportResponse } from './response.ts';

/** A Unix socket refuses, instead of delaying, what its backlog cannot hold. */
const unixConnections = 128;

export function http1Transport(options: HttpTransportOptions, socketPath?: string): Transport {
  const url = new URL(options.url);
  const prefix = url.pathname.replace(/\/$/, '');
  const secure = url.protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: socketPath === undefined ? Number.POSITIVE_INFINITY : unixConnections, maxFreeSockets: options.maxConnections ?? 16, scheduling: 'lifo' as const };
  const agent = secure ? new TlsAgent({ ...pool, ...tlsConnection(options, url, ['http/1.1']) }) : new PlainAgent(pool);
  const base: RequestOptions =
    socketPath === undefined ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? undefined : url.port } : { socketPath };
  let closed = false;
  const send = secure ? tlsRequest : plainRequest;
  return {
    async request(request) {
      if (closed) throw new Error('the transport is closed');
      const headers = await requestHeaders(options, request);
      if (request.signal?.aborted === true) throw abortReason(request.signal);
      const outgoing = send({ ...base, agent, method: request.method, path: prefix + request.path, headers: { host: url.host, ...headers } });
      return exchange(outgoing, request, options.gzip === true);
    },
    async close() {
      closed = true;
      agent.destroy();
    },
  };
}

function exchange(outgoing: ClientRequest, request: TransportRequest, unpack: boolean): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    const onAbort = (): void => {
      if (signal !== undefined) outgoing.destroy(abortReason(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const released = (): void => signal?.removeEventListener('abort', onAbort);
    outgoing.on('error', (error) => {
      released();
      reject(signal?.aborted === true ? abortReason(signal) : error);
    });
    outgoing.once('response', (incoming: IncomingMessage) => {
      incoming.on('error', () => undefined);
      resolve(
        transportResponse(
          {
            status: incoming.statusCode ?? 0,
            headers: singleValues(incoming.headers),
            stream: incoming,
            truncation() {
              if (signal?.aborted === true) return abortReason(signal);
              return incoming.complete ? undefined : new Error('connection closed before the response was complete');
            },
            cancel: () => outgoing.destroy(),
            released,
          },
          unpack,
        ),
      );
    });
    if (request.bodyStream === undefined) outgoing.end(request.body);
    else Readable.from(request.bodyStream, { objectMode: false }).on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
  });
}

function singleValues(headers: NodeJS.Dict<string | string[]>): Headers {
  const single: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) single[name] = Array.isArray(value) ? value.join(', ') : value;
  return single;
}
