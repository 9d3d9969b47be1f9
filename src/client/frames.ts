// Newline-delimited JSON, as a watch streams it: cuts a byte stream into lines without ever holding more than
// one frame, and refuses a frame larger than the bound, so that a broken server cannot fill our memory.

/** Larger than any object a server accepts (3 MiB bodies, escaped by a watch envelope). */
export const defaultFrameLimitBytes = 16 * 1024 * 1024;

export class FrameTooLargeError extends Error {
  override name = 'FrameTooLargeError';
}

const newline = 10;

/** Complete lines, as many at a time as a chunk brought. An unfinished last line is dropped: the stream was cut. */
export async function* lines(body: AsyncIterable<Uint8Array>, limitBytes = defaultFrameLimitBytes): AsyncGenerator<readonly string[]> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const found: string[] = [];
    let from = 0;
    for (let at = bytes.indexOf(newline, from); at >= 0; at = bytes.indexOf(newline, from)) {
      const part = bytes.subarray(from, at);
      from = at + 1;
      checkSize(pendingBytes + part.length, limitBytes);
      const line = pendingBytes === 0 ? part : Buffer.concat([...pending, part], pendingBytes + part.length);
      pending = [];
      pendingBytes = 0;
      if (line.length > 0) found.push(line.toString('utf8'));
    }
    if (from < bytes.length) {
      const rest = bytes.subarray(from);
      pending.push(rest);
      pendingBytes += rest.length;
      checkSize(pendingBytes, limitBytes);
    }
    if (found.length > 0) yield found;
  }
}

function checkSize(bytes: number, limit: number): void {
  if (bytes > limit) throw new FrameTooLargeError(`a watch frame is larger than ${limit} bytes`);
}
