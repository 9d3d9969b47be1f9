// The bounds of a listener. Every number has a default that fits the API server: upstream's where upstream
// has one (250 streams, 1 MiB of headers, 32 s for a request's head, 90 s idle).

export interface HttpLimits {
  /** All header names and values of a request; beyond: 431. */
  readonly headerBytes: number;
  /** Open streams of one HTTP/2 connection. */
  readonly streamsPerConnection: number;
  readonly connections: number;
  readonly handshakeMs: number;
  /** From the first byte of an HTTP/1.1 request to the end of its head. */
  readonly headMs: number;
  /** A connection without a request in flight is closed after this. */
  readonly idleMs: number;
  /** A silent HTTP/2 connection with requests in flight is pinged this often; one unanswered ping cuts it. */
  readonly pingMs: number;
  /** A complete answer that the client has not taken after this is cut off; 0: never. */
  readonly answerMs: number;
  /** HTTP/2 receive window per stream: what a client may send before the handler reads. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** RST_STREAM frames a client may send at once, and per second after that; beyond: the connection is cut. */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
}

export const defaultLimits: HttpLimits = {
  headerBytes: 1 << 20,
  streamsPerConnection: 250,
  connections: 20_000,
  handshakeMs: 10_000,
  headMs: 32_000,
  idleMs: 90_000,
  pingMs: 30_000,
  answerMs: 60_000,
  streamWindowBytes: 256 << 10,
  connectionWindowBytes: 8 << 20,
  resetBurst: 2_000,
  resetsPerSecond: 200,
};
