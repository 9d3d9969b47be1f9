// A Transport that calls a Handler in the same process: the API server's own clients and the in-process
// cluster use it, so that they pass the same filter chain as everybody else. No socket, no copy: chunks are
// handed over by reference, with the back-pressure and the aborts that a connection would have.
import type { Exchange, Handler, Headers, Peer, ResponseBody, Transport, TransportRequest, TransportResponse } from '../contract.ts';
import { BodyTooLargeError } from '../contract.ts';
import { joinChunks, PeerGoneError } from './body.ts';

/** What a reader may be behind before `write` says false. */
const highWaterBytes = 256 << 10;
const noBytes = new Uint8Array(0);

export interface MemoryTransportOptions {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Requests on it are `handler` calls by `user`; after `close` they reject and those in flight are aborted. */
export function memoryTransport(handler: Handler, options: MemoryTransportOptions): Transport {
  const peer: Peer = { address: '', port: 0, loopback: { user: options.user, groups: options.groups } };
  const open = new Set<MemoryExchange>();
  let closed = false;
  return {
    request(request) {
      if (closed) return Promise.reject(new Error('the transport is closed'));
      if (request.signal?.aborted === true) return Promise.reject(abortError(request.signal));
      return new Promise<TransportResponse>((resolve, reject) => {
        const exchange = new MemoryExchange(request, peer, resolve, reject, () => open.delete(exchange));
        open.add(exchange);
        handler(exchange).then(
          () => exchange.settled(),
          (error: unknown) => exchange.failed(error),
        );
      });
    },
    async close() {
      closed = true;
      for (const exchange of open) exchange.cancel(new PeerGoneError('the transport is closed'));
    },
  };
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

class MemoryExchange implements Exchange {
  readonly protocol = 'memory';
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly peer: Peer;
  responded = false;
  readonly #request: TransportRequest;
  readonly #respond: (response: TransportResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #finished: () => void;
  readonly #onAbort: (() => void) | undefined;
  #abort: AbortController | undefined;
  #gone: Error | undefined;
  #done = false;
  #pipe: Pipe | undefined;

  constructor(request: TransportRequest, peer: Peer, respond: (response: TransportResponse) => void, reject: (error: Error) => void, finished: () => void) {
    this.#request = request;
    this.method = request.method;
    this.url = request.path;
    this.headers = withRepeated(request);
    this.peer = peer;
    this.#respond = respond;
    this.#reject = reject;
    this.#finished = finished;
    const { signal } = request;
    if (signal !== undefined) {
      this.#onAbort = () => this.cancel(abortError(signal));
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  get rawHeaders(): readonly string[] | undefined {
    const { headers = {}, repeatedHeaders } = this.#request;
    if (repeatedHeaders === undefined) return undefined;
    return [...Object.entries(headers).flatMap(([name, value]) => (value === undefined || repeatedHeaders[name] !== undefined ? [] : [name, value])), ...Object.entries(repeatedHeaders).flatMap(([name, values]) => values.flatMap((value) => [name, value]))];
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#gone !== undefined) this.#abort.abort(this.#gone);
    }
    return this.#abort.signal;
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  whenGone(listener: (reason: Error) => void): void {
    const { signal } = this;
    const tell = (): void => listener(abortError(signal));
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  }

  async body(limitBytes: number): Promise<Uint8Array> {
    const { body, bodyStream } = this.#request;
    if (bodyStream !== undefined) {
      const chunks: Uint8Array[] = [];
      let total = 0;
      for await (const chunk of bodyStream) {
        total += chunk.length;
        if (total > limitBytes) throw new BodyTooLargeError(`body is larger than ${limitBytes} bytes`);
        chunks.push(chunk);
      }
      return joinChunks(chunks, total);
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? noBytes);
    if (bytes.length > limitBytes) throw new BodyTooLargeError(`body is larger than ${limitBytes} bytes`);
    return bytes;
  }

  async *bodyStream(): AsyncGenerator<Uint8Array> {
    const { body, bodyStream } = this.#request;
    if (bodyStream !== undefined) yield* bodyStream;
    else if (body !== undefined && body.length > 0) yield typeof body === 'string' ? Buffer.from(body) : body;
  }

  send(status: number, headers: Headers, body?: Uint8Array | string): void {
    this.#claim();
    if (this.#gone !== undefined) return;
    const bytes = body === undefined || status === 204 || status === 304 ? noBytes : typeof body === 'string' ? Buffer.from(body) : body;
    const length = status === 204 || status === 304 ? undefined : String(bytes.length);
    const visible = this.method === 'HEAD' ? noBytes : bytes;
    this.#end();
    this.#respond({
      status,
      headers: length === undefined ? headers : { ...headers, 'content-length': length },
      body: once(visible),
      bytes: () => Promise.resolve(visible),
    });
  }

  start(status: number, headers: Headers): ResponseBody {
    this.#claim();
    const pipe = new Pipe(() => this.#end(), (error) => this.cancel(error));
    this.#pipe = pipe;
    if (this.#gone !== undefined) pipe.fail(this.#gone);
    else if (this.method === 'HEAD') pipe.end();
    this.#respond({ status, headers, body: pipe, bytes: () => pipe.all() });
    return pipe;
  }

  hijack(): never {
    throw new Error('a call within the process cannot be hijacked');
  }

  cut(): void {
    if (this.responded) this.cancel(new Error('the answer was cut'));
  }

  /** The client's side ends the exchange. */
  cancel(error: Error): void {
    if (this.#done) return;
    this.#gone = error;
    this.#end();
    this.#pipe?.fail(error);
    this.#abort?.abort(error);
    this.#reject(error);
  }

  /** The handler has returned. */
  settled(): void {
    if (!this.responded && this.#gone === undefined) this.send(500, { 'content-type': 'text/plain; charset=utf-8' }, 'Internal Server Error\n');
  }

  /** The handler has thrown. */
  failed(error: unknown): void {
    if (!this.responded) this.settled();
    else this.#pipe?.destroy(new Error('the handler failed', { cause: error }));
  }

  #claim(): void {
    if (this.responded) throw new Error('this exchange has been answered already');
    this.responded = true;
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#onAbort !== undefined) this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#finished();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Writer's side a ResponseBody, reader's side an iterable; one reader. */
class Pipe implements ResponseBody, AsyncIterable<Uint8Array> {
  bufferedBytes = 0;
  #chunks: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #onEnd: () => void;
  readonly #onAbandon: (error: Error) => void;

  constructor(onEnd: () => void, onAbandon: (error: Error) => void) {
    this.#onEnd = onEnd;
    this.#onAbandon = onAbandon;
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#ended) return false;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (bytes.length > 0) {
      this.#chunks.push(bytes);
      this.bufferedBytes += bytes.length;
      this.#wake();
    }
    return this.bufferedBytes < highWaterBytes;
  }

  drained(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.bufferedBytes < highWaterBytes) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#ended) return;
    if (chunk !== undefined) this.write(chunk);
    this.#ended = true;
    this.#wake();
    this.#onEnd();
  }

  /** The writer's side breaks off: the reader sees the error after what was written. */
  destroy(error?: Error): void {
    if (this.#ended) return;
    this.#error = error ?? new PeerGoneError('the server cut the response');
    this.#ended = true;
    this.#rejectWriters(this.#error);
    this.#wake();
    this.#onEnd();
  }

  /** The reader's side breaks off: the writer sees the error, and what was written is dropped. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#ended = true;
    this.#chunks = [];
    this.bufferedBytes = 0;
    this.#rejectWriters(error);
    this.#wake();
  }

  async all(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of this) {
      chunks.push(chunk);
      total += chunk.length;
    }
    return joinChunks(chunks, total);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let complete = false;
    try {
      for (;;) {
        const chunks = this.#chunks;
        this.#chunks = [];
        for (const chunk of chunks) {
          this.bufferedBytes -= chunk.length;
          if (this.bufferedBytes < highWaterBytes / 2) this.#resolveWriters();
          yield chunk;
        }
        if (this.#chunks.length > 0) continue;
        if (this.#ended) break;
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
      complete = true;
      if (this.#error !== undefined) throw this.#error;
    } finally {
      if (!complete) this.#onAbandon(new PeerGoneError('the reader left'));
    }
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }

  #resolveWriters(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  #rejectWriters(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}

/** The headers as a handler sees them. */
function withRepeated({ headers = {}, repeatedHeaders }: TransportRequest): Headers {
  if (repeatedHeaders === undefined) return headers;
  const joined = Object.fromEntries(Object.entries(repeatedHeaders).map(([name, values]) => [name, values.join(', ')]));
  return { ...headers, ...joined };
}
