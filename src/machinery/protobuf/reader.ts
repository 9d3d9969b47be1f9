// Reads protobuf's wire format from a bounded slice, with the texts of Go's decoder for broken input.

export class ProtobufError extends Error {
  override name = 'ProtobufError';
}

/** How many messages, list items and map entries may still come; shared by all readers of one body. */
export interface WireBudget {
  left: number;
  /** Says what is wrong when nothing is left. */
  refusal(): Error;
}

export class WireReader {
  readonly #buffer: Buffer;
  readonly #budget: WireBudget | undefined;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, budget?: WireBudget) {
    this.#budget = budget;
    this.#buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  #byte(): number {
    if (this.at >= this.end) throw new ProtobufError('unexpected EOF');
    return this.#buffer[this.at++] as number;
  }

  /** A varint that fits a double exactly where it is below 2^53. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** A signed 64-bit integer. */
  int64(): bigint | number {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    let exact = 0n;
    for (let i = start, shift = 0n; i < this.at; i++, shift += 7n) exact |= BigInt((this.#buffer[i] as number) & 127) << shift;
    exact = BigInt.asIntN(64, exact);
    const small = Number(exact);
    return Number.isSafeInteger(small) ? small : exact;
  }

  double(): number {
    if (this.at + 8 > this.end) throw new ProtobufError('unexpected EOF');
    this.at += 8;
    return this.#buffer.readDoubleLE(this.at - 8);
  }

  /** The end of a length-delimited field that starts here. */
  sizedEnd(): number {
    const size = this.varint();
    const end = this.at + size;
    if (!(end <= this.end)) throw new ProtobufError('unexpected EOF');
    return end;
  }

  /** How many bytes the length-delimited field has that starts here. */
  sizeAhead(): number {
    const start = this.at;
    const size = this.sizedEnd() - this.at;
    this.at = start;
    return size;
  }

  /** A length-delimited field as a reader of its own; this reader moves past it. */
  message(): WireReader {
    const end = this.sizedEnd();
    const inner = new WireReader(this.#buffer, this.at, end, this.#budget);
    this.spend();
    this.at = end;
    return inner;
  }

  /** Counts a value. Throws when there are too many. */
  spend(): void {
    if (this.#budget !== undefined && --this.#budget.left < 0) throw this.#budget.refusal();
  }

  text(): string {
    const end = this.sizedEnd();
    const text = this.#buffer.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  bytes(): Buffer {
    const end = this.sizedEnd();
    const bytes = this.#buffer.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** Passes over a field of an unknown number. */
  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 2) this.at = this.sizedEnd();
    else if (wireType === 5) this.at += 4;
    else throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    if (this.at > this.end) throw new ProtobufError('unexpected EOF');
  }
}
