// SPDY/3.1 frames and header blocks as bytes. Header blocks are written as stored (uncompressed) zlib blocks,
// which every peer can read and which need no state; what peers send is inflated with SPDY's dictionary.
import { constants, createInflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';

export const frameType = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;

export const rstStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, internalError: 6, flowControlError: 7 } as const;

export const finFlag = 1;

/** Largest control frame taken from a peer; header blocks of exec and port-forward are a few hundred bytes. */
const controlFrameLimit = 64 << 10;
const dataFrameLimit = (1 << 24) - 1;
const headerBlockLimit = 256 << 10;

export type SpdyHeaders = Readonly<Record<string, string>>;

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly flags: number; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

/** Cuts a byte stream into frames. Throws on anything that is not SPDY/3. */
export class FrameReader {
  #buffered: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Frame[] {
    this.#buffered = this.#buffered.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([this.#buffered, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const buffer = this.#buffered;
      if (buffer.length < 8) return frames;
      const first = buffer.readUInt32BE(0);
      const control = first >= 0x80000000;
      const length = buffer.readUIntBE(5, 3);
      if (control && (first >>> 16) !== 0x8003) throw new Error('not a SPDY/3 control frame');
      if (length > (control ? controlFrameLimit : dataFrameLimit)) throw new Error('SPDY frame is too large');
      if (buffer.length < 8 + length) return frames;
      const flags = buffer[4] ?? 0;
      const payload = buffer.subarray(8, 8 + length);
      frames.push(control ? { kind: 'control', type: first & 0xffff, flags, payload } : { kind: 'data', streamId: first, flags, payload });
      this.#buffered = buffer.subarray(8 + length);
    }
  }
}

export function dataFrameHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(((fin ? finFlag : 0) << 24) + length, 4);
  return head;
}

export function controlFrame(type: number, flags: number, ...parts: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE((flags << 24) + payload.length, 4);
  return Buffer.concat([head, payload]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, i * 4));
  return bytes;
}

/** Writes header blocks of one connection, in order. */
export class HeaderWriter {
  #begun = false;

  write(headers: SpdyHeaders): Buffer {
    const entries = Object.entries(headers);
    const parts: Buffer[] = [words(entries.length)];
    for (const [name, value] of entries) {
      for (const text of [name.toLowerCase(), value]) {
        const bytes = Buffer.from(text);
        parts.push(words(bytes.length), bytes);
      }
    }
    const plain = Buffer.concat(parts);
    const out: Buffer[] = this.#begun ? [] : [Buffer.from([0x78, 0x01])];
    this.#begun = true;
    for (let offset = 0; offset < plain.length; offset += 0xffff) {
      const block = plain.subarray(offset, offset + 0xffff);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(block.length, 1);
      head.writeUInt16LE(~block.length & 0xffff, 3);
      out.push(head, block);
    }
    // An empty block marks the flush: Go's inflater hands out what it has only there.
    out.push(Buffer.from([0, 0, 0, 0xff, 0xff]));
    return Buffer.concat(out);
  }
}

/** Reads header blocks of one connection, in order; one call at a time. */
export class HeaderReader {
  readonly #inflate = createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH });
  #chunks: Buffer[] = [];
  #error: Error | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#inflate.on('error', (error) => {
      this.#error = error;
      this.#fail?.(error);
    });
  }

  async read(block: Uint8Array): Promise<SpdyHeaders> {
    if (this.#error !== undefined) throw this.#error;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#inflate.write(block, () => resolve());
    });
    const plain = Buffer.concat(this.#chunks);
    this.#chunks = [];
    if (plain.length > headerBlockLimit) throw new Error('SPDY header block is too large');
    return parseHeaders(plain);
  }

  close(): void {
    this.#inflate.close();
  }
}

function parseHeaders(plain: Buffer): SpdyHeaders {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let offset = 4;
  const text = (): string => {
    const length = plain.readUInt32BE(offset);
    offset += 4 + length;
    if (offset > plain.length) throw new Error('malformed SPDY header block');
    return plain.toString('utf8', offset - length, offset);
  };
  for (let left = plain.readUInt32BE(0); left > 0; left--) {
    const name = text();
    headers[name] = text().replaceAll('\0', ', ');
  }
  return headers;
}
