// CBOR items into a buffer that grows.
import { halfOf } from './scan.ts';

const magic = Uint8Array.from([0xd9, 0xd9, 0xf7]);
const single = new Float32Array(1);

export class CborWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(size = 1024) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  selfDescribed(): void {
    this.raw(magic);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A head: major type and argument. */
  head(major: number, argument: number): void {
    this.#room(9);
    const type = major << 5;
    if (argument < 24) this.#at = this.#buffer.writeUInt8(type | argument, this.#at);
    else if (argument < 0x100) {
      this.#at = this.#buffer.writeUInt8(type | 24, this.#at);
      this.#at = this.#buffer.writeUInt8(argument, this.#at);
    } else if (argument < 0x1_0000) {
      this.#at = this.#buffer.writeUInt8(type | 25, this.#at);
      this.#at = this.#buffer.writeUInt16BE(argument, this.#at);
    } else if (argument < 0x1_0000_0000) {
      this.#at = this.#buffer.writeUInt8(type | 26, this.#at);
      this.#at = this.#buffer.writeUInt32BE(argument, this.#at);
    } else {
      this.#at = this.#buffer.writeUInt8(type | 27, this.#at);
      this.#at = this.#buffer.writeBigUInt64BE(BigInt(argument), this.#at);
    }
  }

  string(text: string): void {
    const length = Buffer.byteLength(text);
    this.head(2, length);
    this.#room(length);
    this.#at += this.#buffer.write(text, this.#at, 'utf8');
  }

  /** Bytes under the tag that says how they are told as text. */
  base64(text: string): void {
    const bytes = Buffer.from(text, 'base64');
    this.head(6, 22);
    this.head(2, bytes.length);
    this.raw(bytes);
  }

  boolean(value: boolean): void {
    this.head(7, value ? 21 : 20);
  }

  null(): void {
    this.head(7, 22);
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value)) this.float(value);
    else if (value >= 0) this.head(0, value);
    else this.head(1, -1 - value);
  }

  /** A 64-bit integer. */
  long(value: bigint): void {
    this.#room(9);
    this.#at = this.#buffer.writeUInt8(value >= 0n ? 0x1b : 0x3b, this.#at);
    this.#at = this.#buffer.writeBigUInt64BE(value >= 0n ? value : -1n - value, this.#at);
  }

  /** In the shortest width that holds it. */
  float(value: number): void {
    this.#room(9);
    const half = halfBits(value);
    if (half !== undefined) {
      this.#at = this.#buffer.writeUInt8(0xf9, this.#at);
      this.#at = this.#buffer.writeUInt16BE(half, this.#at);
    } else if (Math.fround(value) === value) {
      this.#at = this.#buffer.writeUInt8(0xfa, this.#at);
      this.#at = this.#buffer.writeFloatBE(value, this.#at);
    } else {
      this.#at = this.#buffer.writeUInt8(0xfb, this.#at);
      this.#at = this.#buffer.writeDoubleBE(value, this.#at);
    }
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }
}

/** The bits of a half-precision float, where one holds the value. */
function halfBits(value: number): number | undefined {
  single[0] = value;
  if (single[0] !== value) return undefined;
  const bits = new Uint32Array(single.buffer)[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 127;
  let half: number;
  if (value === 0) half = sign;
  else if (exponent >= -14 && exponent <= 15) half = sign | ((exponent + 15) << 10) | ((bits >>> 13) & 1023);
  else if (exponent >= -24 && exponent < -14) half = sign | Math.round(Math.abs(value) * 2 ** 24);
  else return undefined;
  return Object.is(halfOf(half), value) ? half : undefined;
}
