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
  const body = readBody(source, takeChunks(stream));
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

async function* readBody(source: ResponseSource, chunks: ChunkQueue): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) yield chunk;
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

/** What a response holds back for a slow reader before it stops reading from the network. */
const heldBytes = 256 * 1024;

interface ChunkQueue {
  /** The next piece, undefined at the end. Rejects when the stream fails or closes before its end. */
  next(): Promise<Uint8Array | undefined>;
}

/**
 * Takes what comes from now on. A small answer can arrive whole, its end included, before the code that asked for it
 * runs again; Node then closes a stream that nobody has begun to read, and its body is lost.
 */
function takeChunks(stream: Readable): ChunkQueue {
  const chunks: Uint8Array[] = [];
  const state: { held: number; ended: boolean; failure: Error | undefined; wake: (() => void) | undefined } = { held: 0, ended: false, failure: undefined, wake: undefined };
  stream.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk);
    state.held += chunk.length;
    if (state.held >= heldBytes) stream.pause();
    state.wake?.();
  });
  const settle = (failure?: Error): void => {
    if (!state.ended) state.failure ??= failure;
    state.wake?.();
  };
  stream.once('end', () => {
    state.ended = true;
    settle();
  });
  stream.once('error', settle);
  stream.once('close', () => settle(new Error('the connection closed before the end of the response')));
  return {
    async next() {
      for (;;) {
        const chunk = chunks.shift();
        if (chunk !== undefined) {
          state.held -= chunk.length;
          if (state.held < heldBytes && stream.isPaused()) stream.resume();
          return chunk;
        }
        if (state.ended) return undefined;
        if (state.failure !== undefined) throw state.failure;
        await new Promise<void>((resolve) => (state.wake = resolve));
        state.wake = undefined;
      }
    },
  };
}
