// Bytes as they come from a connection, cut into whole frames (RFC 9113, section 4). Frames that came whole are handed
// on where they lie; one that came in pieces is put together in a buffer that grows with what has really come, so that
// an announced length costs nothing.
import { ConnectionError, ErrorCode, frameHeadBytes, preface, uint31 } from './protocol.ts';

/** A frame's payload is bytes[from, to); it is valid until the next chunk, but for what the receiver keeps of it. */
export type OnFrame = (type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number) => void;

const smallestPartialBytes = 256;

export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #onFrame: OnFrame;
  #prefaceLeft = preface.length;
  /** The beginning of a frame that has not come whole. */
  #partial: Buffer | undefined;
  #partialBytes = 0;

  /** @param maxFrameBytes the largest payload, as announced. */
  constructor(maxFrameBytes: number, onFrame: OnFrame) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** Throws ConnectionError for a wrong preface or a frame that is too large, and what `onFrame` throws. */
  push(chunk: Buffer): void {
    let at = this.#prefaceLeft === 0 ? 0 : this.#readPreface(chunk);
    if (this.#partial !== undefined) at = this.#complete(chunk, at);
    while (at + frameHeadBytes <= chunk.length) {
      const end = at + this.#wholeBytes(chunk, at);
      if (end > chunk.length) break;
      this.#hand(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  #readPreface(chunk: Buffer): number {
    const begin = preface.length - this.#prefaceLeft;
    const count = Math.min(this.#prefaceLeft, chunk.length);
    if (preface.compare(chunk, 0, count, begin, begin + count) !== 0) throw new ConnectionError(ErrorCode.protocolError, 'the connection preface is wrong');
    this.#prefaceLeft -= count;
    return count;
  }

  /** Bytes of the frame whose head is at `at`. */
  #wholeBytes(bytes: Uint8Array, at: number): number {
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (length > this.#maxFrameBytes) throw new ConnectionError(ErrorCode.frameSizeError, `a frame of ${length} bytes is larger than the announced ${this.#maxFrameBytes}`);
    return frameHeadBytes + length;
  }

  #hand(bytes: Buffer, at: number, end: number): void {
    this.#onFrame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, uint31(bytes, at + 5), bytes, at + frameHeadBytes, end);
  }

  /** Adds to the frame that is under way, and hands it on when it is whole; where the chunk goes on. */
  #complete(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#partialBytes < frameHeadBytes) {
      const end = Math.min(chunk.length, at + frameHeadBytes - this.#partialBytes);
      this.#keep(chunk, at, end);
      at = end;
      if (this.#partialBytes < frameHeadBytes) return at;
    }
    const head = this.#partial ?? chunk;
    const whole = this.#wholeBytes(head, 0);
    const end = Math.min(chunk.length, at + whole - this.#partialBytes);
    if (end > at) this.#keep(chunk, at, end);
    const partial = this.#partial;
    if (partial === undefined || this.#partialBytes < whole) return end;
    this.#partial = undefined;
    this.#partialBytes = 0;
    this.#hand(partial, 0, whole);
    return end;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.#partialBytes + to - from;
    if (this.#partial === undefined || this.#partial.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(smallestPartialBytes, needed, this.#partialBytes * 2));
      this.#partial?.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#partialBytes, from, to);
    this.#partialBytes = needed;
  }
}
