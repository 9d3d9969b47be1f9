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

/** Completes the handshake; the WebSocket is paused until someone listens. Rejects when it is malformed (the client has then been told) or the client is gone. */
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
    const headers = { ...exchange.headers };
    // ws does not take the slash in "SPDY/3.1+portforward.k8s.io" for a subprotocol; the choice is made already.
    if (subprotocol === '') delete headers['sec-websocket-protocol'];
    else headers['sec-websocket-protocol'] = 'chosen';
    const request = { method: exchange.method, url: exchange.url, headers } as IncomingMessage;
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      socket.off('close', fail);
      webSocket.on('error', () => webSocket.terminate());
      webSocket.pause();
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

/** Opens a WebSocket as a client, paused until someone listens; rejects with the status when the server refuses. */
export function dialWebSocket(options: WebSocketDial): Promise<{ webSocket: WebSocket; protocol: string }> {
  const { ca, cert, key, insecure, subprotocols } = options;
  const wanted = subprotocols.length === 0 ? {} : { 'sec-websocket-protocol': subprotocols.join(', ') };
  const webSocket = new WebSocket(options.url, [], {
    ca,
    cert,
    key,
    headers: { ...options.headers, ...wanted },
    rejectUnauthorized: insecure !== true,
    perMessageDeflate: false,
    maxPayload: messageLimit,
  });
  return new Promise((resolve, reject) => {
    const onAbort = (): void => webSocket.terminate();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    let protocol = '';
    // Settled here because ws refuses subprotocols with a slash.
    webSocket.once('upgrade', (response) => {
      protocol = response.headers['sec-websocket-protocol'] ?? '';
      delete response.headers['sec-websocket-protocol'];
    });
    webSocket.once('open', () => {
      options.signal?.removeEventListener('abort', onAbort);
      webSocket.off('error', reject);
      webSocket.on('error', () => webSocket.terminate());
      webSocket.pause();
      if (protocol === '' || subprotocols.includes(protocol)) {
        resolve({ webSocket, protocol });
        return;
      }
      webSocket.terminate();
      reject(new Error(`the server chose a subprotocol that was not offered: ${protocol}`));
    });
    webSocket.once('error', reject);
  });
}

/** One buffer of a message. */
export function messageBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

