// Passing requests on: ordinary ones through a Transport, upgrades (WebSocket, SPDY) as a raw byte pipe to the
// target once it has agreed. Hop-by-hop headers stay behind (RFC 9110, 7.6.1).
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { wrap } from '#base/errors.ts';
import type { Exchange, Headers, ResponseBody, Transport, TransportResponse } from '../contract.ts';
import type { Dial } from '../tunnel/contract.ts';
import { securedTunnel } from '../tunnel/secured-tunnel.ts';
import { addressOf, type HttpTransportOptions, tlsConnection } from './client-options.ts';

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings']);

/** The headers that travel on. */
export function endToEndHeaders(headers: Headers): Record<string, string> {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':') && !hopByHop.has(name) && !named.has(name)) kept[name] = value;
  }
  return kept;
}

export interface ProxyRequestOptions {
  /** Path and query at the target. */
  readonly path: string;
  /** Instead of the request's own (which `endToEndHeaders` gives). */
  readonly headers?: Headers;
  /** Sent once for each value. */
  readonly repeatedHeaders?: Readonly<Record<string, readonly string[]>>;
  /** Instead of the exchange's own. */
  readonly signal?: AbortSignal;
  /** Rewrites the response's headers. */
  readonly responseHeaders?: (headers: Headers, status: number) => Headers;
  /** Rewrites the response's body; it is given the headers as they came. */
  readonly responseBody?: (headers: Headers, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /** Asked about answers of 400 and above with the beginning of their text: what it returns is thrown instead of passed on. */
  readonly refused?: (status: number, text: string) => Error;
}

/** How much of an error's text is read. */
const mostErrorBytes = 64 * 1024;

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= mostErrorBytes) break;
  }
  return Buffer.concat(chunks).toString().slice(0, mostErrorBytes);
}

/** Sends the request on and streams the answer back. Rejects, without having answered, when the target cannot be reached. */
export async function proxyRequest(exchange: Exchange, transport: Transport, options: ProxyRequestOptions): Promise<void> {
  const headers = options.headers ?? endToEndHeaders(exchange.headers);
  const hasBody = exchange.headers['content-length'] !== undefined ? exchange.headers['content-length'] !== '0' : exchange.method !== 'GET' && exchange.method !== 'HEAD';
  const response = await transport.request({
    method: exchange.method,
    path: options.path,
    headers: { ...headers, host: options.headers?.host },
    repeatedHeaders: options.repeatedHeaders,
    signal: options.signal ?? exchange.signal,
    ...(hasBody && { bodyStream: exchange.bodyStream() }),
  });
  if (response.status >= 400 && options.refused !== undefined) throw options.refused(response.status, await textOf(response.body));
  const kept = endToEndHeaders(response.headers);
  const answer = await rewritten(response, () => options.responseHeaders?.(kept, response.status) ?? kept);
  if (exchange.method === 'HEAD' || response.status === 204 || response.status === 304) {
    exchange.send(response.status, answer);
    await response.bytes();
    return;
  }
  const body = options.responseBody?.(kept, response.body) ?? response.body;
  await copyBody(body, exchange.start(response.status, answer));
}

/** The headers to answer with; who refuses the response lets go of its body too. */
async function rewritten(response: TransportResponse, rewrite: () => Headers): Promise<Headers> {
  try {
    return rewrite();
  } catch (error) {
    for await (const _chunk of response.body) break;
    throw error;
  }
}

async function copyBody(from: AsyncIterable<Uint8Array>, to: ResponseBody): Promise<void> {
  try {
    for await (const chunk of from) if (!to.write(chunk)) await to.drained();
    to.end();
  } catch (error) {
    to.destroy(wrap('proxied response broke off', error));
  }
}

export interface UpgradeTarget {
  /** "https://10.0.0.5:10250" */
  readonly url: string;
  readonly clock: Clock;
  readonly path: string;
  /** Instead of the request's own end-to-end headers. The upgrade's own headers are always kept. */
  readonly headers?: Headers;
  /** Sent once for each value. */
  readonly repeatedHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly tls?: Pick<HttpTransportOptions, 'ca' | 'cert' | 'key' | 'insecure' | 'serverName' | 'checkServerName'>;
  readonly connectTimeoutMs?: number;
  /** Opens the connection instead of TCP. */
  readonly dial?: Dial;
}

/**
 * Passes an upgrade request on and joins the two sockets when the target answers 101; any other answer goes back
 * as it is. Resolves when the connection has ended; rejects, without having answered, when the target cannot be reached.
 */
export async function proxyUpgrade(exchange: Exchange, target: UpgradeTarget): Promise<void> {
  const { response, socket, head } = await requestUpgrade(exchange, target);
  if (socket === undefined) {
    const body = exchange.start(response.statusCode ?? 502, endToEndHeaders(response.headers as Headers));
    await copyBody(response, body);
    return;
  }
  const client = exchange.hijack();
  const lines = [`HTTP/1.1 101 ${response.statusMessage ?? 'Switching Protocols'}`];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) lines.push(`${response.rawHeaders[i] ?? ''}: ${response.rawHeaders[i + 1] ?? ''}`);
  client.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) client.socket.write(head);
  if (client.head.length > 0) socket.write(client.head);
  await joinSockets(client.socket, socket);
}

interface UpgradeAnswer {
  readonly response: IncomingMessage;
  readonly socket: Duplex | undefined;
  readonly head: Uint8Array;
}

/** The connection to ask on; with TLS its handshake is under way. */
async function tunnelTo(target: UpgradeTarget, url: URL, dial: Dial, signal: AbortSignal): Promise<Duplex> {
  try {
    const socket = await dial(addressOf(url), signal);
    return url.protocol === 'https:' ? securedTunnel(socket, upgradeTls(target, url)) : socket;
  } catch (error) {
    throw wrap(`upgrade at ${url.host}`, error);
  }
}

function upgradeTls(target: UpgradeTarget, url: URL): ConnectionOptions {
  return tlsConnection({ ...target.tls, url: target.url, clock: target.clock }, url, ['http/1.1']);
}

async function requestUpgrade(exchange: Exchange, target: UpgradeTarget): Promise<UpgradeAnswer> {
  const url = new URL(target.url);
  const own = target.headers === undefined ? endToEndHeaders(exchange.headers) : endToEndHeaders(target.headers);
  const { signal, headers: asked } = exchange;
  const headers = { ...own, ...target.repeatedHeaders, host: target.headers?.host ?? url.host, connection: 'Upgrade', upgrade: asked.upgrade ?? '' };
  const common = { method: exchange.method, path: target.path, headers, signal };
  const tunnel = target.dial === undefined ? undefined : await tunnelTo(target, url, target.dial, signal);
  const request =
    tunnel !== undefined
      ? plainRequest({ ...common, createConnection: () => tunnel })
      : url.protocol === 'https:'
        ? tlsRequest({ ...common, agent: false, ...upgradeTls(target, url) })
        : plainRequest({ ...common, agent: false, ...addressOf(url) });
  return new Promise((resolve, reject) => {
    const timer = target.clock.after(target.connectTimeoutMs ?? 30_000, () => request.destroy(new Error('timed out')));
    request.once('error', (error) => {
      timer.cancel();
      reject(wrap(`upgrade at ${url.host}`, error));
    });
    request.once('upgrade', (response, socket, head) => {
      timer.cancel();
      socket.on('error', () => socket.destroy());
      resolve({ response, socket, head });
    });
    request.once('response', (response) => {
      timer.cancel();
      response.on('error', () => undefined);
      resolve({ response, socket: undefined, head: new Uint8Array(0) });
    });
    request.end();
  });
}

/** Copies both ways, passing half-closes on, until both have ended; either one breaking ends the other. */
export function joinSockets(a: Duplex, b: Duplex): Promise<void> {
  return new Promise((resolve) => {
    let open = 2;
    const link = (from: Duplex, to: Duplex): void => {
      from.on('error', () => undefined);
      from.once('close', () => {
        if (!from.readableEnded) to.destroy();
        else if (!to.writableEnded) to.end();
        if (--open === 0) resolve();
      });
      from.pipe(to);
    };
    link(a, b);
    link(b, a);
  });
}
