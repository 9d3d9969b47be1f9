// The numbers of HTTP/2 (RFC 9113) and its two kinds of failure: one ends the connection, one a stream.

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const frameHeadBytes = 9;

/** Section 6. */
export const FrameType = { data: 0, headers: 1, priority: 2, rstStream: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;

export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Section 6.5.2. */
export const Setting = { headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5, maxHeaderListSize: 6 } as const;

/** Section 7. */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Section 6.9.1: no window is larger, and no stream has a higher number. */
export const highest31 = 2 ** 31 - 1;
/** Section 6.9.2: of a connection at its begin, and of streams until a peer's settings say otherwise. */
export const defaultWindowBytes = 65_535;
/** Section 6.5.2: the largest payload that every peer takes, and the smallest that a peer may ask for. */
export const defaultFrameBytes = 16_384;
export const mostFrameBytes = 2 ** 24 - 1;
export const defaultTableBytes = 4096;

/** The peer broke the connection's rules (section 5.4.1): it is told why, and the connection ends. */
export class ConnectionError extends Error {
  override name = 'Http2ConnectionError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Writes the nine bytes of a frame's head at `at`; the position after them. */
export function putFrameHead(into: Buffer, at: number, length: number, type: number, flags: number, stream: number): number {
  into[at] = length >>> 16;
  into[at + 1] = length >>> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  into[at + 5] = stream >>> 24;
  into[at + 6] = stream >>> 16;
  into[at + 7] = stream >>> 8;
  into[at + 8] = stream;
  return at + frameHeadBytes;
}

/** Four bytes, the highest first. */
export function putUint32(into: Buffer, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}

/** The highest bit is reserved in stream numbers and windows alike, and is not looked at. */
export function uint31(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) & 0x7f) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
