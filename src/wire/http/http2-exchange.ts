// One HTTP/2 stream as an Exchange. This is the server's hottest object: what a plain GET does not need (abort
// controller, listeners) is made only when asked for.
import { BodyTooLargeError, type Exchange, type Headers, type Peer, type ResponseBody } from '../contract.ts';
import { ErrorCode } from '../h2/protocol.ts';
import type { Http2Stream } from '../h2/stream.ts';
import { watchedAnswerBytes, type AnswerWatch } from './answer-watch.ts';
import { incomplete, joinChunks, PeerGoneError } from './body.ts';

const noBody = new Uint8Array(0);

/** What the exchanges of one connection share. */
export interface ConnectionUse {
  readonly peer: Peer;
  /** Handlers that have not settled yet. */
  running: number;
  /** Streamed answers that have not ended yet. */
  streaming: number;
  readonly answers: AnswerWatch;
}

export class Http2Exchange implements Exchange {
  readonly protocol = 'h2';
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  responded = false;
  readonly #stream: Http2Stream;
  readonly #connection: ConnectionUse;
  #abort: AbortController | undefined;

  constructor(stream: Http2Stream, connection: ConnectionUse) {
    const { head } = stream;
    this.#stream = stream;
    this.#connection = connection;
    this.peer = connection.peer;
    this.method = head.method;
    this.url = head.url;
    this.headers = head.headers;
    this.rawHeaders = stream.fields;
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    this.whenGone((reason) => abort.abort(reason));
    return abort.signal;
  }

  get gone(): boolean {
    return this.#stream.cutOff;
  }

  whenGone(listener: (reason: Error) => void): void {
    this.#stream.whenClosed(() => {
      if (this.#stream.cutOff) listener(new PeerGoneError('the client is gone'));
    });
  }

  async body(limitBytes: number): Promise<Uint8Array> {
    const stream = this.#stream;
    const tooLarge = (): BodyTooLargeError => new BodyTooLargeError(`body is larger than ${limitBytes} bytes`);
    if ((stream.head.contentLength ?? 0) > limitBytes) throw tooLarge();
    if (stream.received && stream.receivedBytes === 0) return noBody;
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      for (const chunk of stream.takeReceived()) {
        total += chunk.length;
        chunks.push(chunk);
      }
      if (total > limitBytes) throw tooLarge();
      if (stream.received) return joinChunks(chunks, total);
      if (stream.closed) throw incomplete();
      await this.#more();
    }
  }

  async *bodyStream(): AsyncGenerator<Uint8Array> {
    const stream = this.#stream;
    for (;;) {
      yield* stream.takeReceived();
      // More may have come while the last of it was dealt with.
      if (stream.received) {
        yield* stream.takeReceived();
        return;
      }
      if (stream.closed) throw incomplete();
      await this.#more();
    }
  }

  send(status: number, headers: Headers, body?: Uint8Array | string): void {
    this.#claim();
    const stream = this.#stream;
    if (stream.closed) return;
    const bodiless = status === 204 || status === 304;
    if (body === undefined || bodiless) {
      stream.respond({ status, headers, contentLength: bodiless || headers['content-length'] !== undefined ? undefined : 0 });
      stream.end();
      return;
    }
    const bytes = bufferOf(body);
    stream.respond({ status, headers, contentLength: bytes.length });
    if (this.method !== 'HEAD') {
      stream.write(bytes);
      if (bytes.length >= watchedAnswerBytes) this.#watch();
    }
    stream.end();
  }

  start(status: number, headers: Headers): ResponseBody {
    this.#claim();
    const stream = this.#stream;
    if (!stream.closed) {
      const connection = this.#connection;
      connection.streaming++;
      stream.whenClosed(() => connection.streaming--);
      stream.respond({ status, headers, contentLength: undefined });
      if (this.method === 'HEAD') stream.end();
    }
    return new Http2Body(stream, () => this.#watch());
  }

  hijack(): never {
    throw new Error('an HTTP/2 stream cannot be hijacked');
  }

  cut(): void {
    if (this.responded && !this.#stream.ended) this.#stream.reset(ErrorCode.internalError);
  }

  /** For the server alone: ends an exchange whose handler failed or forgot to answer. */
  fail(status: number): void {
    if (!this.responded) this.send(status, { 'content-type': 'text/plain; charset=utf-8' }, 'Internal Server Error\n');
    else this.cut();
  }

  /** Resolves when there is more of the body, or no more to come. */
  #more(): Promise<void> {
    if (!this.responded) this.#stream.want();
    return new Promise((resolve) => {
      this.#stream.read(() => {
        this.#stream.read(undefined);
        resolve();
      });
    });
  }

  #watch(): void {
    this.#connection.answers.add(this.#stream, () => this.#stream.reset(ErrorCode.internalError));
  }

  #claim(): void {
    if (this.responded) throw new Error('this exchange has been answered already');
    this.responded = true;
  }
}

/** A streamed answer. */
class Http2Body implements ResponseBody {
  readonly #stream: Http2Stream;
  readonly #ended: () => void;

  constructor(stream: Http2Stream, ended: () => void) {
    this.#stream = stream;
    this.#ended = ended;
  }

  get bufferedBytes(): number {
    return this.#stream.pendingBytes;
  }

  write(chunk: Uint8Array | string): boolean {
    const stream = this.#stream;
    // An answer to HEAD has ended before its body; what is written of it is nowhere to go.
    if (stream.closed || stream.ended) return !stream.cutOff;
    stream.write(bufferOf(chunk));
    return !stream.full;
  }

  drained(): Promise<void> {
    const stream = this.#stream;
    if (stream.cutOff) return Promise.reject(new PeerGoneError('the client is gone'));
    if (!stream.full) return Promise.resolve();
    return new Promise((resolve, reject) => {
      stream.whenDrained(() => {
        if (stream.cutOff) reject(new PeerGoneError('the client is gone'));
        else resolve();
      });
    });
  }

  end(chunk?: Uint8Array | string): void {
    const stream = this.#stream;
    if (stream.closed || stream.ended) return;
    if (chunk !== undefined) stream.write(bufferOf(chunk));
    stream.end();
    this.#ended();
  }

  destroy(): void {
    this.#stream.reset(ErrorCode.internalError);
  }
}

function bufferOf(body: Uint8Array | string): Buffer {
  if (typeof body === 'string') return Buffer.from(body);
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
