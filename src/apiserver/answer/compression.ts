// gzip for large answers to clients that ask for it, at upstream's level and threshold.
import { constants, createGzip, gzip, type Gzip } from 'node:zlib';
import type { ResponseBody } from '#wire';

/** Smaller answers go as they are. */
export const compressFromBytes = 128 * 1024;
const level = 4;

export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && header.split(',').some((part) => {
    const [name = '', ...parameters] = part.trim().split(';');
    return name.trim() === 'gzip' && !parameters.some((p) => /^\s*q=0(\.0*)?\s*$/.test(p));
  });
}

export function compress(bytes: Uint8Array | string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level }, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** Where a streamed answer goes. `write` resolves when there is room for more. */
export interface BodyWriter {
  write(chunk: Uint8Array): Promise<void> | void;
  end(): Promise<void> | void;
}

/** Straight to the peer. */
export function plainWriter(body: ResponseBody): BodyWriter {
  return {
    write: (chunk) => (body.write(chunk) ? undefined : body.drained()),
    end: () => body.end(),
  };
}

/** Compressed on the way, on zlib's own threads. */
export function gzipWriter(body: ResponseBody): BodyWriter {
  const stream: Gzip = createGzip({ level, flush: constants.Z_NO_FLUSH });
  const done = (async () => {
    for await (const chunk of stream) if (!body.write(chunk as Uint8Array)) await body.drained();
    body.end();
  })();
  done.catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))));
  return {
    write: (chunk) =>
      new Promise<void>((resolve, reject) => {
        // The chunk's buffer is filled again as soon as this resolves, so it must have been taken.
        stream.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error)));
      }),
    async end() {
      stream.end();
      await done;
    },
  };
}
