// SPDY/3.1 on an Exchange: the version header's negotiation and the 101 answer, with upstream's status codes and
// texts; and the client's side of the same.
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Exchange } from '../contract.ts';
import { hasUpgrade } from '../websocket/upgrade.ts';
import { SpdyConnection, type SpdyStream } from './connection.ts';

const versionHeader = 'x-stream-protocol-version';
const plainText = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

/** True for a request that asks for SPDY/3.1. */
export function isSpdyRequest(exchange: Exchange): boolean {
  return exchange.headers.upgrade?.toLowerCase().includes('spdy/3.1') === true && hasUpgrade(exchange);
}

/** The protocol that both sides know. When there is none the client has been answered and the result is undefined. */
export function negotiateSpdy(exchange: Exchange, supported: readonly string[]): string | undefined {
  const sent = exchange.headers[versionHeader];
  const refuse = (status: number, message: string, headers = {}): undefined => {
    exchange.send(status, { ...plainText, ...headers }, `${message}\n`);
  };
  if (sent === undefined) {
    return refuse(400, `unable to upgrade: header X-Stream-Protocol-Version does not exist in request with ${Object.keys(exchange.headers).length} headers`);
  }
  const requested = sent.split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (requested.length === 0) return refuse(400, `unable to upgrade: header X-Stream-Protocol-Version contains [${sent}], but no valid protocols`);
  const chosen = requested.find((name) => supported.includes(name));
  if (chosen !== undefined) return chosen;
  const message = `unable to upgrade: unable to negotiate protocol: client supports [${requested.join(' ')}], server accepts [${supported.join(' ')}]`;
  return refuse(403, message, { 'x-accepted-stream-protocol-versions': supported.join(', ') });
}

/** Answers 101 and speaks SPDY from then on. */
export function acceptSpdy(exchange: Exchange, protocol: string, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const { socket, head } = exchange.hijack();
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  return new SpdyConnection(socket, { side: 'server', onStream }, head);
}

export interface SpdyDial {
  /** "https://host:port/path?query" */
  readonly url: string;
  readonly protocols: readonly string[];
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Asks for flow control with this receive window. */
  readonly windowBytes?: number;
}

/** Upgrades a request to SPDY as client-go does; rejects with the status and text when the server refuses. */
export function dialSpdy(options: SpdyDial): Promise<{ connection: SpdyConnection; protocol: string }> {
  const url = new URL(options.url);
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const { ca, cert, key, signal } = options;
  const request = send(url, {
    ca,
    cert,
    key,
    signal,
    rejectUnauthorized: options.insecure !== true,
    method: options.method ?? 'POST',
    agent: false,
    headers: { ...options.headers, connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': options.protocols.join(', '), 'content-length': '0' },
  });
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', (response, socket, head) => {
      const connection = new SpdyConnection(socket, { side: 'client', windowBytes: options.windowBytes }, head);
      resolve({ connection, protocol: String(response.headers[versionHeader] ?? '') });
    });
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => reject(new Error(`upgrade refused with status ${response.statusCode ?? 0}: ${text.trim()}`)));
    });
    request.end();
  });
}
