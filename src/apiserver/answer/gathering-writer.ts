// Gathers small pieces into chunks and hands full ones on with back-pressure. An answer that fits into the
// first chunk is sent at once, with its length. Work is cut into slices that leave the event loop to others.
import type { Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { answer, answerHeaders, type Call } from '../request/call.ts';
import { acceptsGzip, compressFromBytes, gzipWriter, plainWriter, type BodyWriter } from './compression.ts';

const chunkBytes = 256 * 1024;
const sliceMs = 8;

export class GatheringWriter {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #contentType: string;
  #buffer = Buffer.allocUnsafeSlow(chunkBytes);
  #filled = 0;
  #out: BodyWriter | undefined;
  #sliceStart: number;

  constructor(call: Call, clock: Clock, contentType: string) {
    this.#call = call;
    this.#clock = clock;
    this.#contentType = contentType;
    this.#sliceStart = clock.monotonic();
  }

  /** Adds bytes; a returned promise must be awaited before the next call. */
  add(bytes: Uint8Array, from = 0): Promise<void> | void {
    const length = bytes.length - from;
    if (this.#filled + length > this.#buffer.length) return this.#overflow(from === 0 ? bytes : bytes.subarray(from));
    this.#buffer.set(from === 0 ? bytes : bytes.subarray(from), this.#filled);
    this.#filled += length;
  }

  addText(text: string): Promise<void> | void {
    if (this.#filled + text.length * 3 > this.#buffer.length) return this.add(Buffer.from(text));
    this.#filled += this.#buffer.write(text, this.#filled, 'utf8');
  }

  /** Lets others run when this work has taken its slice of time. */
  breathe(): Promise<void> | void {
    if (this.#clock.monotonic() - this.#sliceStart < sliceMs) return undefined;
    return new Promise((resolve) =>
      endOfTurn(() => {
        this.#sliceStart = this.#clock.monotonic();
        resolve();
      }),
    );
  }

  async end(): Promise<void> {
    const rest = this.#buffer.subarray(0, this.#filled);
    if (this.#out !== undefined) {
      if (rest.length > 0) await this.#out.write(rest);
      await this.#out.end();
      return;
    }
    const { exchange } = this.#call;
    if (rest.length < compressFromBytes || !acceptsGzip(exchange.headers['accept-encoding'])) {
      answer(this.#call, 200, { 'content-type': this.#contentType }, rest);
      return;
    }
    const out = this.#start();
    await out.write(rest);
    await out.end();
  }

  async #overflow(bytes: Uint8Array): Promise<void> {
    const out = this.#out ?? this.#start();
    if (this.#filled > 0) {
      // The peer may hold on to what it was given: each chunk is a buffer of its own.
      const full = this.#buffer.subarray(0, this.#filled);
      this.#buffer = Buffer.allocUnsafeSlow(chunkBytes);
      this.#filled = 0;
      await out.write(full);
    }
    if (bytes.length > chunkBytes) await out.write(bytes);
    else await this.add(bytes);
    await this.breathe();
  }

  #start(): BodyWriter {
    const zipped = acceptsGzip(this.#call.exchange.headers['accept-encoding']);
    const headers: Record<string, string> = { 'content-type': this.#contentType };
    if (zipped) Object.assign(headers, { 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    this.#call.status = 200;
    const body = this.#call.exchange.start(200, answerHeaders(this.#call, headers));
    this.#out = zipped ? gzipWriter(body) : plainWriter(body);
    return this.#out;
  }
}
