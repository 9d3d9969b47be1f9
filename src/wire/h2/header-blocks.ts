// Header blocks from HEADERS and CONTINUATION (RFC 9113, 4.3 and 6.2): padding and priorities are taken off, pieces put
// together, and the whole decoded, whatever becomes of the stream: the table of fields is the connection's.
import { type FieldBlock, HpackDecoder } from './hpack-decoder.ts';
import { ConnectionError, defaultTableBytes, ErrorCode, Flag, uint31 } from './protocol.ts';

export interface HeaderBlock extends FieldBlock {
  readonly stream: number;
  /** The peer sends nothing more on the stream. */
  readonly last: boolean;
  /** The stream is said to depend on itself (RFC 7540, 5.3.1). */
  readonly selfish: boolean;
}

/** Frames of one block after its first, empty ones included, beside those that its bytes need. */
const mostContinuations = 64;
const mostFields = 1000;

interface Begun {
  readonly stream: number;
  readonly last: boolean;
  readonly selfish: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class HeaderBlocks {
  readonly #decoder = new HpackDecoder(defaultTableBytes);
  readonly #mostBytes: number;
  #begun: Begun | undefined;

  /** @param mostBytes names and values that are kept of a block */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The stream whose block goes on in the next frame, which must be a CONTINUATION. */
  get awaited(): number | undefined {
    return this.#begun?.stream;
  }

  /** A HEADERS frame; undefined: its block goes on. */
  headers(flags: number, stream: number, bytes: Buffer, from: number, to: number): HeaderBlock | undefined {
    if (stream === 0) throw new ConnectionError(ErrorCode.protocolError, 'HEADERS without a stream');
    let begin = from;
    let end = to;
    if ((flags & Flag.padded) !== 0) {
      if (begin === end) throw new ConnectionError(ErrorCode.frameSizeError, 'HEADERS is too short');
      end -= bytes[begin++] ?? 0;
    }
    let selfish = false;
    if ((flags & Flag.priority) !== 0) {
      if (end - begin < 5) throw new ConnectionError(to - from < 5 ? ErrorCode.frameSizeError : ErrorCode.protocolError, 'HEADERS is too short');
      selfish = uint31(bytes, begin) === stream;
      begin += 5;
    }
    if (end < begin) throw new ConnectionError(ErrorCode.protocolError, 'the padding is longer than its frame');
    const last = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.#decode({ stream, last, selfish }, bytes, begin, end);
    this.#begun = { stream, last, selfish, parts: [Buffer.from(bytes.subarray(begin, end))], bytes: end - begin };
    return undefined;
  }

  /** A CONTINUATION frame; undefined: its block goes on. */
  continuation(flags: number, bytes: Buffer, from: number, to: number): HeaderBlock | undefined {
    const begun = this.#begun;
    if (begun === undefined) throw new ConnectionError(ErrorCode.protocolError, 'CONTINUATION of nothing');
    begun.parts.push(Buffer.from(bytes.subarray(from, to)));
    begun.bytes += to - from;
    // What is kept is less: who goes on all the same is mistaken or means harm.
    const endless = begun.bytes > this.#mostBytes || begun.parts.length > mostContinuations + begun.bytes / 8192;
    if (endless) throw new ConnectionError(ErrorCode.enhanceYourCalm, 'a header block without end');
    if ((flags & Flag.endHeaders) === 0) return undefined;
    this.#begun = undefined;
    return this.#decode(begun, Buffer.concat(begun.parts, begun.bytes), 0, begun.bytes);
  }

  #decode({ stream, last, selfish }: Omit<Begun, 'parts' | 'bytes'>, bytes: Buffer, from: number, to: number): HeaderBlock {
    const { fields, listBytes, dropped, malformed } = this.#decoder.decode(bytes, from, to, this.#mostBytes, mostFields);
    return { stream, last, selfish, fields, listBytes, dropped, malformed };
  }
}
