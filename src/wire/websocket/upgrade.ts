// WebSockets on an Exchange's socket, with the subprotocol chosen as upstream does: the client's first that the
// server knows; none asked for is its own choice (''), none known is refused with 403.
import type { IncomingMessage } from 'node:http';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Exchange } from '../contract.ts';

/** Largest message; kubectl sends at most 32 KiB, tunnelled SPDY a little more. */
const messageLimit = 16 << 20;

export type { WebSocket } from 'ws';

/** True for a request that asks for a WebSocket. */
export function isWebSocketRequest(exchange: Exchange): boolean {
  return exchange.headers.upgrade?.toLowerCase() === 'websocket' && hasUpgrade(exchange);
}

/** True for a request with `Connection: Upgrade`. */
export function hasUpgrade(exchange: Exchange): boolean {
  return exchange.headers.connection?.toLowerCase().includes('upgrade') === true;
}

/** The subprotocols that the client asks for, in its order. */
export function requestedSubprotocols(exchange: Exchange): string[] {
  return (exchange.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The subprotocol to speak; undefined when there is none in common. */
export function chooseSubprotocol(exchange: Exchange, supported: readonly string[]): string | undefined {
  const requested = requestedSubprotocols(exchange);
  if (requested.length === 0) return supported.includes('') ? '' : undefined;
  return requested.find((name) => supported.includes(name));
}

/** Completes the handshake; rejects when it is malformed (the client has then been told) or the client is gone. */
export function acceptWebSocket(exchange: Exchange, subprotocol: string): Promise<WebSocket> {
  const { socket, head } = exchange.hijack();
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageLimit,
    handleProtocols: () => (subprotocol === '' ? false : subprotocol),
  });
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('WebSocket handshake failed'));
    socket.once('close', fail);
    server.on('wsClientError', (error, failed) => {
      failed.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      reject(error);
    });
    // The handshake reads the request's method, URL and headers alone.
    const request = { method: exchange.method, url: exchange.url, headers: exchange.headers } as IncomingMessage;
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      socket.off('close', fail);
      webSocket.on('error', () => webSocket.terminate());
      resolve(webSocket);
    });
  });
}

export interface WebSocketDial {
  /** "wss://host:port/path" */
  readonly url: string;
  readonly subprotocols: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
}

/** Opens a WebSocket as a client; rejects with the status when the server refuses. */
export function dialWebSocket(options: WebSocketDial): Promise<WebSocket> {
  const { ca, cert, key, insecure, headers } = options;
  const webSocket = new WebSocket(options.url, [...options.subprotocols], {
    ...{ ca, cert, key, headers },
    rejectUnauthorized: insecure !== true,
    perMessageDeflate: false,
    maxPayload: messageLimit,
  });
  return new Promise((resolve, reject) => {
    const onAbort = (): void => webSocket.terminate();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    webSocket.once('open', () => {
      options.signal?.removeEventListener('abort', onAbort);
      webSocket.off('error', reject);
      webSocket.on('error', () => webSocket.terminate());
      resolve(webSocket);
    });
    webSocket.once('error', reject);
  });
}

/** One buffer of a message. */
export function messageBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

