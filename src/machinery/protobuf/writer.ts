// Writes protobuf backwards: the end of a message is written first, so that a nested message's length is known
// when its prefix is due and nothing is measured twice. The buffer grows at its front.

export class ReverseWriter {
  #buffer: Buffer;
  /** Index of the first written byte. */
  #at: number;

  constructor(size = 1024) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** Bytes written so far; differences of it are lengths of messages. */
  get written(): number {
    return this.#buffer.length - this.#at;
  }

  /** A copy of what is written, behind an optional prefix. */
  finish(prefix?: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(this.written + (prefix?.length ?? 0));
    if (prefix !== undefined) out.set(prefix, 0);
    this.#buffer.copy(out, prefix?.length ?? 0, this.#at);
    return out;
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const used = this.written;
    const next = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + size));
    this.#buffer.copy(next, next.length - used, this.#at);
    this.#at = next.length - used;
    this.#buffer = next;
  }

  /** A non-negative integer below 2^53. */
  varint(value: number): void {
    let size = 1;
    for (let v = value; v >= 128; v = Math.floor(v / 128)) size++;
    this.#reserve(size);
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    while (rest >= 128) {
      this.#buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[at] = rest;
  }

  /** Any 64-bit integer, negative ones in two's complement. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest >= 128n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** Text with its length before it. */
  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#at -= size;
    this.#buffer.write(value, this.#at, size, 'utf8');
    this.varint(size);
  }

  /** A field's number and wire type. */
  tag(number: number, wireType: 0 | 1 | 2): void {
    this.varint(number * 8 + wireType);
  }

  /** Ends a length-delimited field whose content was written since `mark`. */
  close(number: number, mark: number): void {
    this.varint(this.written - mark);
    this.tag(number, 2);
  }
}
