// Steps over the items of CBOR that scan.ts has found well-formed: heads, tags, strings, numbers. What the items mean
// to a type is decode.ts's; here is what they mean by themselves, as upstream reads into values without a type.
import { RawNumber } from '../json-number.ts';
import { CborError, floatAt, readHead, typeNames, type Head } from './scan.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const selfDescribed = 55_799;

/** A value of the wrong type: what it is, and the Go type it is for. */
export class CborMismatch extends Error {
  readonly found: string;
  readonly wanted: string;
  readonly detail: string;

  constructor(major: number, wanted: string, detail = '') {
    super();
    this.found = typeNames[major] ?? '';
    this.wanted = wanted;
    this.detail = detail === '' ? '' : ` (${detail})`;
  }
}

const maxInt64 = 2n ** 63n - 1n;

export class CborReader {
  readonly #bytes: Buffer;
  readonly view: DataView;
  readonly #head: Head = { argument: 0, end: 0 };
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The major type of what comes next. */
  major(): number {
    return this.view.getUint8(this.at) >> 5;
  }

  isNull(): boolean {
    const byte = this.view.getUint8(this.at);
    return byte === 0xf6 || byte === 0xf7;
  }

  /** Passes the head; -1 for an indefinite length. */
  argument(): number | bigint {
    readHead(this.view, this.at, this.#head);
    this.at = this.#head.end;
    return this.#head.argument;
  }

  /** Passes tags; answers the innermost that says how bytes are to be told as text (21, 22, 23), else `around`. */
  tags(around = 0): number {
    let encoding = around;
    while (this.major() === 6) {
      const start = this.at;
      const tag = this.argument();
      if (tag === 0 || tag === 1) {
        const isTime = tag === 0 ? this.major() === 2 || this.major() === 3 : this.major() < 2 || (this.major() === 7 && !this.isNull() && (this.view.getUint8(this.at) & 31) >= 25);
        if (!isTime) throw new CborError(`cbor: tag number ${tag} must be followed by ${tag === 0 ? 'text string' : 'integer or floating-point number'}, got ${typeNames[this.major()] ?? ''}`);
        if (tag === 1) {
          this.at = start;
          return encoding;
        }
      } else if (tag === 21 || tag === 22 || tag === 23) {
        if (this.major() !== 2 && this.major() !== 4 && this.major() !== 5 && this.major() !== 6) throw new CborError(`cbor: tag number ${tag} must be followed by byte string, array, map, or tag, got ${typeNames[this.major()] ?? ''}`);
        encoding = tag;
      } else if (tag === selfDescribed) continue;
    }
    return encoding;
  }

  /** The items of a container whose head comes next. */
  *items(): Generator<number, void, void> {
    const count = Number(this.argument());
    for (let i = 0; count >= 0 ? i < count : this.view.getUint8(this.at) !== 0xff; i++) yield i;
    if (count < 0) this.at++;
  }

  bytes(): Buffer {
    const length = Number(this.argument());
    if (length >= 0) return this.#bytes.subarray(this.at, (this.at += length));
    const chunks: Buffer[] = [];
    while (this.view.getUint8(this.at) !== 0xff) chunks.push(this.bytes());
    this.at++;
    return Buffer.concat(chunks);
  }

  /** A byte string or a text; bytes are told as `encoding` says. */
  text(encoding: number): string {
    const isText = this.major() === 3;
    const bytes = this.bytes();
    if (isText) {
      try {
        return bytes.length < 16 ? shortText(bytes) : utf8.decode(bytes);
      } catch {
        throw new CborError('cbor: invalid UTF-8 string');
      }
    }
    if (encoding === 21) return bytes.toString('base64url');
    return bytes.toString(encoding === 22 ? 'base64' : encoding === 23 ? 'hex' : 'utf8');
  }

  /** The name of a map's entry. Throws for what can be none. */
  key(wanted: 'string' | 'field'): string {
    while (this.major() === 6) this.argument();
    const major = this.major();
    if (major === 2 || major === 3) return this.text(0);
    throw new CborMismatch(major, 'string', wanted === 'field' ? `map key is of type ${typeNames[major] ?? ''} and cannot be used to match struct field name` : '');
  }

  integer(): number | RawNumber {
    const major = this.major();
    const argument = this.argument();
    if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return major === 0 ? argument : -1 - argument;
    const value = major === 0 ? BigInt(argument) : -1n - BigInt(argument);
    if (BigInt(argument) > maxInt64) throw new CborMismatch(major, 'int64', `${value} overflows Go's int64`);
    return new RawNumber(String(value));
  }

  /** false, true, null or a float. */
  primitive(): boolean | number | null {
    const start = this.at;
    const info = this.view.getUint8(start) & 31;
    const argument = this.argument();
    if (info >= 25) return floatAt(this.view, start);
    if (argument === 20 || argument === 21) return argument === 21;
    if (argument === 22) return null;
    throw new CborError(`cbor: data item of cbor type primitives is not accepted by protocol: simple value ${argument} is not recognized`);
  }

  /** Seconds since 1970 as RFC 3339. */
  epochTime(): string {
    this.argument();
    const value = this.major() === 7 ? Number(this.primitive()) : Number(String(this.integer()));
    const time = new Date(value * 1000);
    if (Number.isNaN(time.getTime()) || time.getUTCFullYear() > 9999 || time.getUTCFullYear() < 0) {
      throw new CborError('cbor: decoded time cannot be represented in RFC3339 format with sub-second precision: Time.MarshalText: year outside of range [0,9999]');
    }
    return time.toISOString().replace(/\.?0*Z$/, 'Z');
  }

  /** Any value, as JSON has it. Throws CborError and CborMismatch. */
  any(around = 0): unknown {
    const encoding = this.tags(around);
    switch (this.major()) {
      case 0:
      case 1:
        return this.integer();
      case 2:
      case 3:
        return this.text(encoding);
      case 4: {
        const list: unknown[] = [];
        for (const _ of this.items()) list.push(this.any(encoding));
        return list;
      }
      case 5:
        return this.anyMap(encoding);
      case 6:
        return this.epochTime();
      default:
        return this.primitive();
    }
  }

  anyMap(encoding: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const index of this.items()) {
      const key = this.key('string');
      if (Object.hasOwn(map, key)) throw duplicateKey(key, index);
      assign(map, key, this.any(encoding));
    }
    return map;
  }
}

/** ASCII in most cases, which needs no decoder. */
function shortText(bytes: Buffer): string {
  for (const byte of bytes) if (byte >= 0x80) return utf8.decode(bytes);
  return bytes.toString('latin1');
}

export function duplicateKey(key: string, index: number): CborError {
  return new CborError(`cbor: found duplicate map key ${JSON.stringify(key)} at map element index ${index}`);
}

export function assign(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
  else map[key] = value;
}
