// What a connection sends: control frames first, then heads and bodies of streams in turn, a frame each, within both
// windows. Frames of a turn leave as one write, because each write costs a TLS record and a system call. While the peer
// takes nothing, bodies wait with their streams and only control frames gather here, up to a bound.
import type { Socket } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { httpDate } from './http-date.ts';
import { ConnectionError, defaultFrameBytes, defaultWindowBytes, ErrorCode, Flag, frameHeadBytes, FrameType, highest31, putFrameHead, putUint32 } from './protocol.ts';
import type { Http2Stream } from './stream.ts';

/** Where small answers gather; shared by all connections, as it is filled and copied within one call. */
const staging = Buffer.allocUnsafeSlow(64 << 10);
/** A large answer is put into buffers that are written as they are, and come back when they have been taken. */
const largeBytes = 256 << 10;
const mostSpare = 4;
const spare: Buffer<ArrayBuffer>[] = [];

/** Somebody is filling it: what a stream's end sets off may want to send on another connection. */
let staged = false;

/** Control frames that a peer provokes and does not take (RFC 9113, 10.5). */
const mostControlBytes = 64 << 10;

/** More streams than may be open: those that have been closed since are struck out of a line that is longer. */
const longLine = 1024;

/** Bytes of one stream before it is the next one's turn. */
const quantumBytes = defaultFrameBytes;

export class Output {
  readonly encoder = new HpackEncoder();
  /** What the peer lets us send on the whole connection. */
  window = defaultWindowBytes;
  /** The largest payload that the peer takes. */
  frameBytes = defaultFrameBytes;
  readonly #socket: Socket;
  readonly #clock: Clock;
  /** All of a stream's answer is in the socket. */
  readonly #onSent: (stream: Http2Stream) => void;
  #control: Buffer = Buffer.allocUnsafe(256);
  #controlBytes = 0;
  /** Streams with something to send, in turn, but for those that wait for their own window. */
  #line: Http2Stream[] = [];
  #at = 0;
  /** Streams that wait for the window of the connection alone. */
  #starved: Http2Stream[] = [];
  /** The socket has not taken the last write yet. */
  #blocked = false;
  #flushing = false;
  /** What is being filled: `staging`, or a large buffer. */
  #target = staging;
  #fill = 0;

  constructor(socket: Socket, clock: Clock, onSent: (stream: Http2Stream) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onSent = onSent;
    socket.on('drain', () => {
      this.#blocked = false;
      this.flush();
    });
  }

  /** Some of it waits for the end of the turn, the peer or the socket. */
  get waiting(): boolean {
    return this.#controlBytes > 0 || this.#at < this.#line.length;
  }

  /** A frame without a payload, or with the payload that `fill` writes. Throws when the peer takes none of them. */
  control(type: number, flags: number, stream: number, length: number, fill?: (into: Buffer, at: number) => void): void {
    const needed = this.#controlBytes + frameHeadBytes + length;
    if (needed > mostControlBytes) throw new ConnectionError(ErrorCode.enhanceYourCalm, 'the peer asks and does not read');
    if (needed > this.#control.length) {
      const larger = Buffer.allocUnsafe(Math.min(mostControlBytes, needed * 2));
      this.#control.copy(larger, 0, 0, this.#controlBytes);
      this.#control = larger;
    }
    const at = putFrameHead(this.#control, this.#controlBytes, length, type, flags, stream);
    fill?.(this.#control, at);
    this.#controlBytes = needed;
  }

  reset(stream: number, code: ErrorCode): void {
    this.control(FrameType.rstStream, 0, stream, 4, (into, at) => putUint32(into, at, code));
  }

  windowUpdate(stream: number, bytes: number): void {
    this.control(FrameType.windowUpdate, 0, stream, 4, (into, at) => putUint32(into, at, bytes));
  }

  /** Puts the stream in the line, unless it stands there. */
  queue(stream: Http2Stream): void {
    if (stream.inLine) return;
    stream.inLine = true;
    if (this.#line.length - this.#at > longLine) {
      this.#line = this.#line.slice(this.#at).filter(open);
      this.#at = 0;
    }
    this.#line.push(stream);
  }

  /** The peer has made room on the whole connection. Throws beyond what a window may be. */
  widen(bytes: number): void {
    this.window += bytes;
    if (this.window > highest31) throw new ConnectionError(ErrorCode.flowControlError, 'the window of the connection is too large');
  }

  /** Sends what may be sent now. */
  flush(): void {
    if (this.#flushing || this.#blocked || this.#socket.destroyed || !this.#socket.writable) return;
    if (staged) {
      endOfTurn(() => this.flush());
      return;
    }
    staged = true;
    this.#flushing = true;
    try {
      while (!this.#blocked) {
        this.#chooseTarget();
        this.#putControl();
        this.#putStreams();
        if (this.#fill === 0) break;
        this.#write();
      }
    } finally {
      this.#flushing = false;
      staged = false;
    }
  }

  #chooseTarget(): void {
    if (this.#target !== staging) return;
    const first = this.#line[this.#at];
    if (first === undefined || first.pendingBytes < staging.length || this.window < staging.length || first.sendWindow < staging.length) return;
    this.#target = spare.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  }

  #write(): void {
    const filled = this.#target;
    const length = this.#fill;
    this.#fill = 0;
    this.#target = staging;
    if (filled === staging) {
      const bytes = Buffer.allocUnsafe(length);
      staging.copy(bytes, 0, 0, length);
      if (!this.#socket.write(bytes)) this.#blocked = true;
      return;
    }
    const taken = (): void => {
      if (spare.length < mostSpare) spare.push(filled);
    };
    if (!this.#socket.write(filled.subarray(0, length), taken)) this.#blocked = true;
  }

  #putControl(): void {
    if (this.#controlBytes === 0) return;
    this.#put(this.#control, 0, this.#controlBytes);
    this.#controlBytes = 0;
  }

  /** Into the buffer, which is written out whenever it is full. */
  #put(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) {
      if (this.#fill === this.#target.length) this.#write();
      const count = Math.min(to - at, this.#target.length - this.#fill);
      this.#target.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#fill);
      this.#fill += count;
      at += count;
    }
  }

  /** Serves the line until the buffer is full or nobody may send; who has more stands at the end again. */
  #putStreams(): void {
    while (this.#at < this.#line.length && this.#target.length - this.#fill > quantumBytes) {
      const stream = this.#line[this.#at++] as Http2Stream;
      stream.inLine = false;
      if (stream.closed) continue;
      if (stream.wanted) this.#putContinue(stream);
      if (stream.answer !== undefined) this.#putHead(stream);
      if (stream.pendingBytes > 0 && !stream.closed) {
        if (stream.sendWindow > 0) {
          if (this.window <= 0) {
            this.#starve(stream);
            continue;
          }
          this.#putData(stream);
        }
        if (stream.pendingBytes > 0) {
          if (stream.sendWindow > 0) this.queue(stream);
          continue;
        }
      }
      if (stream.ended && !stream.sent && !stream.closed) this.#putEnd(stream);
    }
    if (this.#at === this.#line.length) {
      this.#line = [];
      this.#at = 0;
    } else if (this.#at > longLine) {
      this.#line = this.#line.slice(this.#at);
      this.#at = 0;
    }
  }

  /** Who waits for the connection's window has a place for when there is one, and is not looked at in vain. */
  #starve(stream: Http2Stream): void {
    if (this.#starved.length > longLine) this.#starved = this.#starved.filter(open);
    stream.inLine = true;
    this.#starved.push(stream);
  }

  /** After `widen`: who waited for it stands in the line again. */
  feed(): void {
    if (this.#starved.length === 0 || this.window <= 0) return;
    this.#line.push(...this.#starved);
    this.#starved = [];
  }

  /** 100 Continue, unless the answer is there already. */
  #putContinue(stream: Http2Stream): void {
    stream.wanted = false;
    if (stream.answer === undefined) this.#putBlock(stream.id, this.encoder.encode(100, {}, undefined), 0);
  }

  #putHead(stream: Http2Stream): void {
    const { answer } = stream;
    if (answer === undefined) return;
    stream.answer = undefined;
    const last = stream.ended && stream.pendingBytes === 0;
    this.#putBlock(stream.id, this.encoder.encode(answer.status, answer.headers, answer.contentLength, httpDate(this.#clock.now())), last ? Flag.endStream : 0);
    if (last) this.#onSent(stream);
  }

  /** A header block, in as many frames as the peer wants. */
  #putBlock(stream: number, block: Uint8Array, firstFlags: number): void {
    let flags = firstFlags;
    let type: number = FrameType.headers;
    let at = 0;
    do {
      const end = Math.min(block.length, at + this.frameBytes);
      if (this.#target.length - this.#fill < frameHeadBytes) this.#write();
      this.#fill = putFrameHead(this.#target, this.#fill, end - at, type, end === block.length ? flags | Flag.endHeaders : flags, stream);
      this.#put(block, at, end);
      at = end;
      type = FrameType.continuation;
      flags = 0;
    } while (at < block.length);
  }

  #putData(stream: Http2Stream): void {
    // A long head may have filled the buffer since the stream's turn began.
    if (this.#target.length - this.#fill <= quantumBytes) this.#write();
    const room = this.#target.length - this.#fill - frameHeadBytes;
    const count = Math.min(stream.pendingBytes, stream.sendWindow, this.window, this.frameBytes, quantumBytes, room);
    const last = stream.ended && count === stream.pendingBytes;
    const at = putFrameHead(this.#target, this.#fill, count, FrameType.data, last ? Flag.endStream : 0, stream.id);
    this.#fill = at + count;
    this.window -= count;
    stream.sendWindow -= count;
    stream.takePending(this.#target, at, count);
    if (last) this.#onSent(stream);
  }

  /** An end that no data carries. */
  #putEnd(stream: Http2Stream): void {
    if (this.#target.length - this.#fill < frameHeadBytes) this.#write();
    this.#fill = putFrameHead(this.#target, this.#fill, 0, FrameType.data, Flag.endStream, stream.id);
    this.#onSent(stream);
  }
}

function open(stream: Http2Stream): boolean {
  return !stream.closed;
}
