// Requests as attackers make them: any bytes, any headers, over HTTP/2 by default and HTTP/1.1 on demand; and raw TLS
// sockets for what no client library would send.
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { AttackedServer, Credentials } from './api-server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly body: any;
}

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Requester {
  (method: string, path: string, ask?: Ask): Promise<Answer>;
  close(): void;
}

/** Text and bytes go as they are, anything else as JSON. */
function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
}

function answerOf(status: number, headers: Record<string, string | undefined>, chunks: readonly Buffer[]): Answer {
  const text = Buffer.concat(chunks).toString();
  const isJson = headers['content-type']?.startsWith('application/json') === true && text !== '';
  // Watches answer with a document a line: the first one is shown.
  const end = text.indexOf('\n{');
  return { status, headers, text, body: isJson ? JSON.parse(end < 0 ? text : text.slice(0, end)) : undefined };
}

export function openSession(server: AttackedServer, credentials: Credentials): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(server.origin, { ...credentials, maxSendHeaderBlockLength: 4 << 20 });
    session.once('connect', () => resolve(session));
    session.once('error', reject);
    session.on('error', () => {});
  });
}

/** One HTTP/2 connection. A request whose stream is reset rejects. */
export async function http2Requester(server: AttackedServer, credentials: Credentials): Promise<Requester> {
  let session = await openSession(server, credentials);
  const ask = async (method: string, path: string, { body, headers = {} }: Ask = {}): Promise<Answer> => {
    if (session.closed || session.destroyed) session = await openSession(server, credentials);
    const bytes = bytesOf(body);
    return new Promise((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': path, ...(bytes === undefined ? {} : { 'content-type': 'application/json' }), 'user-agent': 'robust/1', ...headers }, { endStream: bytes === undefined });
      const chunks: Buffer[] = [];
      let head: Record<string, string | undefined> | undefined;
      stream.on('response', (found) => (head = found as unknown as Record<string, string | undefined>));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', () => {});
      stream.on('close', () => {
        if (head === undefined) reject(new Error(`stream reset with ${stream.rstCode}`));
        else resolve(answerOf(Number(head[':status']), head, chunks));
      });
      if (bytes !== undefined) stream.end(bytes);
    });
  };
  return Object.assign(ask, { close: () => session.destroy() });
}

/** A connection for each request. */
export function http1Requester(server: AttackedServer, credentials: Credentials): Requester {
  const ask = (method: string, path: string, { body, headers = {} }: Ask = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const bytes = bytesOf(body);
      const typed = bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) };
      const request = httpsRequest({ host: 'localhost', port: server.port, ...credentials, agent: false, method, path, headers: { ...typed, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(answerOf(response.statusCode ?? 0, response.headers as Record<string, string | undefined>, chunks)));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(bytes);
    });
  return Object.assign(ask, { close: () => {} });
}

/** A TLS connection, nothing sent yet. */
export function rawSocket(server: AttackedServer, credentials: Credentials, protocol: 'h2' | 'http/1.1'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: server.port, servername: 'localhost', ...credentials, ALPNProtocols: [protocol] }, () => resolve(socket));
    socket.once('error', reject);
    socket.on('error', () => {});
  });
}

/** Sends bytes and collects what comes back until the server closes or `ms` have passed. */
export function exchangeRaw(socket: TLSSocket, bytes: string | Uint8Array, ms = 2_000): Promise<{ readonly text: string; readonly closed: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      resolve({ text: Buffer.concat(chunks).toString('latin1'), closed });
      socket.destroy();
    };
    const timer = setTimeout(() => finish(false), ms);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('close', () => finish(true));
    socket.write(bytes);
  });
}
