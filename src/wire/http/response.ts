// A response as a TransportResponse: the body as it comes or whole, unpacked when it is gzip, and never a
// truncated body that looks complete.
import { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import type { Headers, TransportResponse } from '../contract.ts';
import { joinChunks } from './body.ts';
import { largestResponseBytes } from './client-options.ts';

export interface ResponseSource {
  readonly status: number;
  readonly headers: Headers;
  readonly stream: Readable;
  /** Why the body is not complete although the stream has ended; undefined when it is. */
  truncation(): Error | undefined;
  /** Ends the request early. */
  cancel(): void;
  /** Called once when nothing more will be read. */
  released(): void;
}

export function transportResponse(source: ResponseSource, unpack: boolean): TransportResponse {
  let { headers, stream } = source;
  if (unpack && headers['content-encoding'] === 'gzip') {
    const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
    stream.once('error', (error) => gunzip.destroy(error));
    stream = stream.pipe(gunzip);
    headers = { ...headers, 'content-encoding': undefined, 'content-length': undefined };
  }
  const body = readBody(source, stream);
  return {
    status: source.status,
    headers,
    body,
    async bytes() {
      const chunks: Uint8Array[] = [];
      let total = 0;
      for await (const chunk of body) {
        total += chunk.length;
        if (total > largestResponseBytes) throw new Error(`response is larger than ${largestResponseBytes} bytes`);
        chunks.push(chunk);
      }
      return joinChunks(chunks, total);
    },
  };
}

async function* readBody(source: ResponseSource, stream: Readable): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
    complete = true;
  } catch (error) {
    throw source.truncation() ?? error;
  } finally {
    if (!complete) source.cancel();
    source.released();
  }
  const truncated = source.truncation();
  if (truncated !== undefined) throw truncated;
}
