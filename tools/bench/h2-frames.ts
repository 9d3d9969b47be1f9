// Just enough of HTTP/2 (RFC 9113) and HPACK (RFC 7541) to load a server from less than its own share of the
// machine: frames are built and counted as bytes, answers are not decoded. Request headers use the
// dynamic table as every real client does, so the server's work is the usual one.

export const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const;
export const endStream = 1;
export const endHeaders = 4;
export const ack = 1;

/** The answer's flow-control window: as large as the protocol allows, so that the server never waits for us. */
export const largestWindow = 2 ** 31 - 1;

export function frameHeader(type: number, flags: number, stream: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head;
}

/** Preface, settings and connection window of a client. */
export function clientHello(): Buffer {
  const settings = Buffer.alloc(12);
  settings.writeUInt16BE(2, 0); // no push
  settings.writeUInt32BE(0, 2);
  settings.writeUInt16BE(4, 6); // initial window of each stream
  settings.writeUInt32BE(largestWindow, 8);
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameHeader(frame.settings, 0, 0, settings.length), settings, windowUpdate(0, largestWindow - 65_535)]);
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  const update = Buffer.allocUnsafe(13);
  frameHeader(frame.windowUpdate, 0, stream, 4).copy(update);
  update.writeUInt32BE(bytes, 9);
  return update;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** HPACK's prefix integer. */
function integer(value: number, prefixBits: number, flags: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([flags | value]);
  const bytes = [flags | most];
  let rest = value - most;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const pathNameIndex = 4;

export interface HeaderEncoder {
  /** The block for these headers; those seen before on this connection become an index. `path` is always spelt out. */
  encode(headers: readonly (readonly [string, string])[], path: Buffer): Buffer;
}

/** One per connection. The headers of one job must fit the default table of 4096 bytes. */
export function createHeaderEncoder(): HeaderEncoder {
  const known = new Map<string, number>();
  const blocks = new WeakMap<object, Buffer>();
  return {
    encode(headers, path) {
      let fixed = blocks.get(headers);
      if (fixed === undefined) {
        let fresh = false;
        fixed = Buffer.concat(
          headers.map(([name, value]) => {
            const key = `${name}:${value}`;
            const at = known.get(key);
            // The newest entry has index 62, the one before it 63.
            if (at !== undefined) return integer(62 + known.size - 1 - at, 7, 0x80);
            fresh = true;
            known.set(key, known.size);
            return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
          }),
        );
        // Only a block of indexes alone may be used again.
        if (!fresh) blocks.set(headers, fixed);
      }
      // Pseudo headers come first: the path before all others.
      return Buffer.concat([integer(pathNameIndex, 4, 0), integer(path.length, 7, 0), path, fixed]);
    },
  };
}
