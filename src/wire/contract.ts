// HTTP as handlers see it, whatever carries it: an HTTP/2 stream, an HTTP/1.1 request, or a call within
// the process. The API server's filter chain and the kubelet's server are written against `Exchange`;
// clients against `Transport`. Nothing here knows a Kubernetes object.
import type { Duplex } from 'node:stream';

/**
 * Lower-case names. A header sent twice is joined with ', ' (set-cookie never occurs). `host` is always there, pseudo
 * headers of HTTP/2 (':path') are not.
 */
export type Headers = Readonly<Record<string, string | undefined>>;

export interface PeerCertificate {
  /** Leaf certificate, DER, already verified against the listener's client CA pool. */
  readonly der: Uint8Array;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly notAfterMs: number;
}

export interface Peer {
  /** Remote IP address, '' within the process. */
  readonly address: string;
  readonly port: number;
  /** Client certificates that verified against the client CAs. */
  readonly certificate?: PeerCertificate;
  /** A certificate was shown that did not verify: why. */
  readonly certificateError?: string;
  /** Only `memoryTransport` sets it: the caller is this process itself, under this name. */
  readonly loopback?: { readonly user: string; readonly groups: readonly string[] };
}

export interface ResponseBody {
  /** False when the peer reads slower than we write: wait for `drained()`. */
  write(chunk: Uint8Array | string): boolean;
  /** Resolves when there is room again; rejects when the peer is gone. */
  drained(): Promise<void>;
  end(chunk?: Uint8Array | string): void;
  /** Cuts the connection or resets the stream. */
  destroy(error?: Error): void;
  /** Bytes written and not yet taken by the peer. */
  readonly bufferedBytes: number;
}

export interface Exchange {
  readonly method: string;
  /** Path and query as sent, undecoded: "/api/v1/pods?limit=500". */
  readonly url: string;
  readonly headers: Headers;
  /** Names and values in turn, as they were sent: a header sent twice is here twice. Absent: each was sent once. */
  readonly rawHeaders?: readonly string[];
  readonly protocol: 'http/1.1' | 'h2' | 'memory';
  readonly peer: Peer;
  /** Aborts when the client is gone or the server shuts down hard. */
  readonly signal: AbortSignal;
  /** Has the signal aborted, or would it have? Costs less than a signal. */
  readonly gone: boolean;
  /** Calls back where the signal aborts; at once if it has. Costs less than a signal. */
  whenGone(listener: (reason: Error) => void): void;
  /** The whole body; rejects with BodyTooLargeError beyond `limitBytes`. Call once. */
  body(limitBytes: number): Promise<Uint8Array>;
  /** The body as it comes (proxying). */
  bodyStream(): AsyncIterable<Uint8Array>;
  /** Answers at once. `content-length` is set here. */
  send(status: number, headers: Headers, body?: Uint8Array | string): void;
  /** Starts a streamed answer (watch, large list, logs). */
  start(status: number, headers: Headers): ResponseBody;
  /** Breaks off an answer that is not complete yet: HTTP/2 resets the stream, HTTP/1.1 closes the connection. */
  cut(): void;
  /** True once `send`, `start` or `hijack` has been called. */
  readonly responded: boolean;
  /** HTTP/1.1 only, for upgrades: the raw socket, positioned after the request's head; `head` holds bytes already read. */
  hijack(): { socket: Duplex; head: Uint8Array };
}

export type Handler = (exchange: Exchange) => Promise<void>;

export class BodyTooLargeError extends Error {
  override name = 'BodyTooLargeError';
}

export interface TransportRequest {
  readonly method: string;
  /** "/api/v1/pods?watch=1" */
  readonly path: string;
  readonly headers?: Headers;
  /** Headers that are sent once for each value, in lower case. */
  readonly repeatedHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body?: Uint8Array | string;
  /** Instead of `body`: sent as it comes, no faster than the server reads (proxying). */
  readonly bodyStream?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Chunks as they come; leaving the loop early ends the request. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body. */
  bytes(): Promise<Uint8Array>;
}

/** One server as a client reaches it. Reconnects by itself; a request that could not be sent rejects. */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}
