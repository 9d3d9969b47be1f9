// Request and response bodies over Node's streams: the whole body within a limit, a body as it comes, and a
// response with back-pressure. Shared by HTTP/1.1, HTTP/2 and the client transports.
import type { Readable, Writable } from 'node:stream';
import { BodyTooLargeError, type ResponseBody } from '../contract.ts';

const empty = new Uint8Array(0);

/** Thrown to a handler whose client went away before the request or the response was complete. */
export class PeerGoneError extends Error {
  override name = 'PeerGoneError';
}

/** One buffer of what was received in pieces; a single piece is handed on uncopied. */
export function joinChunks(chunks: readonly Uint8Array[], totalBytes: number): Uint8Array {
  if (chunks.length === 0) return empty;
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, totalBytes);
}

/** A body from its beginning to its end. Beyond `most` bytes it stops reading and rejects with what `tooLarge` makes. */
export async function readWhole(body: AsyncIterable<Uint8Array>, most: number, tooLarge: () => Error): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > most) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

/** The client went away before all of its request had come. */
export function incomplete(cause?: unknown): PeerGoneError {
  return new PeerGoneError('connection closed before the body was complete', { cause });
}

/** Reads to the end. Beyond `limitBytes` it stops reading and rejects with BodyTooLargeError. `truncated` is asked at the end. */
export function readAll(readable: Readable, limitBytes: number, truncated: () => boolean): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    const finish = (settle: () => void): void => {
      readable.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError);
      settle();
    };
    const onData = (chunk: Uint8Array): void => {
      total += chunk.length;
      if (total > limitBytes) {
        finish(() => reject(new BodyTooLargeError(`body is larger than ${limitBytes} bytes`)));
        readable.pause();
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => finish(() => (truncated() ? reject(incomplete()) : resolve(joinChunks(chunks, total))));
    const onClose = (): void => finish(() => reject(incomplete()));
    const onError = (error: Error): void => finish(() => reject(incomplete(error)));
    if (readable.readableEnded) {
      resolve(empty);
      return;
    }
    if (readable.destroyed) {
      reject(incomplete());
      return;
    }
    readable.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError);
  });
}

/** Chunks as they come; the socket is read no faster than the loop runs. `truncated` is asked at the end. */
export async function* readChunks(readable: Readable, truncated: () => boolean): AsyncGenerator<Uint8Array> {
  const chunks = readable.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw incomplete(error);
      });
      if (next.done === true) break;
      yield next.value as Uint8Array;
    }
  } finally {
    await chunks.return?.();
  }
  if (truncated()) throw incomplete();
}

/** A response body over a Node stream. `cut` resets the stream or the connection. */
export class StreamBody implements ResponseBody {
  readonly #out: Writable;
  readonly #cut: (error?: Error) => void;
  readonly #ended: () => void;

  constructor(out: Writable, cut: (error?: Error) => void, ended: () => void) {
    this.#out = out;
    this.#cut = cut;
    this.#ended = ended;
  }

  get bufferedBytes(): number {
    return this.#out.writableLength;
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#out.destroyed || this.#out.writableEnded) return false;
    return this.#out.write(chunk);
  }

  drained(): Promise<void> {
    const out = this.#out;
    if (out.destroyed) return Promise.reject(new PeerGoneError('the client is gone'));
    if (!out.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onDrain = (): void => {
        out.off('close', onClose);
        resolve();
      };
      const onClose = (): void => {
        out.off('drain', onDrain);
        reject(new PeerGoneError('the client is gone'));
      };
      out.once('drain', onDrain).once('close', onClose);
    });
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#out.destroyed || this.#out.writableEnded) return;
    if (chunk === undefined) this.#out.end();
    else this.#out.end(chunk);
    this.#ended();
  }

  destroy(error?: Error): void {
    this.#cut(error);
  }
}
