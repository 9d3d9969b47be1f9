// One connection through a konnectivity server as a byte stream. Packets that arrive faster than somebody reads wait in a
// short row; the server's agent serves many connections with one loop, so who leaves the row full loses the connection, as
// with konnectivity's own client. The protocol knows no half-closed connection: the end of writing ends both directions.
import { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/clock.ts';

export interface PacketPort {
  /** Calls back when the packet is on its way. */
  send(bytes: Uint8Array, done: (error: Error | null | undefined) => void): void;
  pause(): void;
  resume(): void;
  /** Tells the server, once, that the connection is over; the tunnel goes when it has agreed. */
  close(): void;
}

const mostWaiting = 10;
const readTimeoutMs = 10_000;
/** Servers take messages of 4 MiB at most; small ones let other connections have their turn. */
const mostPacketBytes = 32 * 1024;

export class KonnectivityStream extends Duplex {
  readonly #clock: Clock;
  readonly #port: PacketPort;
  readonly #waiting: Uint8Array[] = [];
  #wanted = false;
  #ended = false;
  #late: Timer | undefined;

  constructor(clock: Clock, port: PacketPort) {
    super({ allowHalfOpen: false, highWaterMark: 64 * 1024 });
    this.#clock = clock;
    this.#port = port;
  }

  /** Bytes from the other end. */
  arrived(bytes: Uint8Array): void {
    if (this.destroyed) return;
    this.#waiting.push(bytes);
    this.#pass();
    if (this.#waiting.length <= mostWaiting || this.#late !== undefined) return;
    this.#port.pause();
    this.#late = this.#clock.after(readTimeoutMs, () => this.destroy(new Error('the reader is too slow for the tunnel')), { background: true });
  }

  /** Nothing more will arrive. */
  finished(): void {
    this.#ended = true;
    this.#pass();
  }

  #pass(): void {
    for (let next = this.#wanted ? this.#waiting.shift() : undefined; next !== undefined; next = this.#wanted ? this.#waiting.shift() : undefined) this.#wanted = this.push(next);
    if (this.#waiting.length <= mostWaiting && this.#late !== undefined) {
      this.#late.cancel();
      this.#late = undefined;
      this.#port.resume();
    }
    if (this.#ended && this.#waiting.length === 0 && !this.readableEnded) {
      this.#ended = false;
      this.push(null);
    }
  }

  override _read(): void {
    this.#wanted = true;
    this.#pass();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const sendFrom = (start: number): void => {
      const end = Math.min(chunk.length, start + mostPacketBytes);
      this.#port.send(chunk.subarray(start, end), (error) => {
        if (error !== null && error !== undefined) done(error);
        else if (end < chunk.length) sendFrom(end);
        else done();
      });
    };
    sendFrom(0);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#port.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#late?.cancel();
    this.#waiting.length = 0;
    this.#port.resume();
    this.#port.close();
    done(error);
  }

  // Node's HTTP agent treats its connections as sockets.
  readonly setKeepAlive = (): this => this;
  readonly setNoDelay = (): this => this;
  readonly setTimeout = (): this => this;
  readonly ref = (): this => this;
  readonly unref = (): this => this;
}
