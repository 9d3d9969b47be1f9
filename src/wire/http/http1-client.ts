// The HTTP/1.1 side of the client transports: servers without HTTP/2, plain HTTP and Unix sockets. Connections
// are kept and reused by Node's agent; where each goes can be decided anew (`resolve`), and a request that met a
// kept connection which the server had already closed can be sent once more.
import { Agent as PlainAgent, type AgentOptions, type ClientRequest, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { codeOf } from '#base/errors.ts';
import type { Headers, Transport, TransportRequest, TransportResponse } from '../contract.ts';
import { abortReason, addressOf, type HttpTransportOptions, requestHeaders, type SocketAddress, tlsConnection } from './client-options.ts';
import { securedTunnel } from '../tunnel/secured-tunnel.ts';
import { transportResponse } from './response.ts';

/** A Unix socket refuses, instead of delaying, what its backlog cannot hold. */
const unixConnections = 128;

export function http1Transport(options: HttpTransportOptions, socketPath?: string): Transport {
  const url = new URL(options.url);
  const prefix = url.pathname.replace(/\/$/, '');
  const secure = url.protocol === 'https:';
  const closing = new AbortController();
  const agent = agentFor(options, url, socketPath, closing.signal);
  const base: RequestOptions = socketPath === undefined ? addressOf(url) : { socketPath };
  let closed = false;
  const send = secure ? tlsRequest : plainRequest;
  return {
    async request(request) {
      if (closed) throw new Error('the transport is closed');
      const headers = await requestHeaders(options, request);
      const isAborted = (): boolean => request.signal?.aborted === true;
      for (let attempt = 1; ; attempt++) {
        if (request.signal?.aborted === true) throw abortReason(request.signal);
        const outgoing = send({ ...base, agent, method: request.method, path: prefix + request.path, headers: { host: url.host, ...headers, ...request.repeatedHeaders } });
        try {
          return await exchange(outgoing, request, options.gzip === true);
        } catch (error) {
          const metDeadConnection = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '');
          if (options.retryReused !== true || !metDeadConnection || attempt > 1 || request.bodyStream !== undefined || isAborted()) throw error;
        }
      }
    },
    async close() {
      closed = true;
      closing.abort(new Error('the transport is closed'));
      agent.destroy();
    },
  };
}

type Connect = (options: unknown, done: (error: Error | null, socket?: Duplex) => void) => Duplex | undefined;

function agentFor(options: HttpTransportOptions, url: URL, socketPath: string | undefined, closing: AbortSignal): PlainAgent {
  const pool: AgentOptions = {
    keepAlive: true, maxSockets: socketPath === undefined ? Number.POSITIVE_INFINITY : unixConnections, maxFreeSockets: options.maxConnections ?? 16, scheduling: 'lifo',
    ...(options.idleMs !== undefined && { timeout: options.idleMs }),
  };
  const agent = url.protocol === 'https:' ? new TlsAgent({ ...pool, ...tlsConnection(options, url, ['http/1.1']) }) : new PlainAgent(pool);
  if (options.resolve === undefined && options.dial === undefined) return agent;
  const connect: Connect = (_options, done) => {
    opened(options, url, closing).then((socket) => done(null, socket), (error: unknown) => done(error instanceof Error ? error : new Error(String(error))));
    return undefined;
  };
  return Object.assign(agent, { createConnection: connect });
}

async function opened(options: HttpTransportOptions, url: URL, closing: AbortSignal): Promise<Duplex> {
  const address: SocketAddress = (await options.resolve?.()) ?? addressOf(url);
  const tunnel = await options.dial?.(address, closing);
  if (url.protocol !== 'https:') return tunnel ?? connectPlain(address);
  const tls = tlsConnection(options, url, ['http/1.1']);
  return tunnel === undefined ? connectTls({ ...tls, ...address }) : securedTunnel(tunnel, tls);
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
