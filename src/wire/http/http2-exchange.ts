// One HTTP/2 stream as an Exchange, on node:http2's core stream API. This is the server's hottest object: what
// a plain GET does not need (abort controller, listeners) is made only when asked for.
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { BodyTooLargeError, type Exchange, type Headers, type Peer, type ResponseBody } from '../contract.ts';
import { watchedAnswerBytes, type AnswerWatch } from './answer-watch.ts';
import { PeerGoneError, readAll, readChunks, StreamBody } from './body.ts';

const noBody = new Uint8Array(0);

/** What the exchanges of one connection share. */
export interface Http2Connection {
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
  readonly #stream: ServerHttp2Stream;
  readonly #connection: Http2Connection;
  #abort: AbortController | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Http2Connection, rawHeaders: readonly string[]) {
    this.rawHeaders = rawHeaders;
    this.#stream = stream;
    this.#connection = connection;
    this.peer = connection.peer;
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
    headers.host ??= headers[':authority'] ?? '';
    // Node joins repeated headers; only set-cookie, which no request carries, would be an array.
    this.headers = headers as Headers;
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    this.whenGone((reason) => abort.abort(reason));
    return abort.signal;
  }

  get gone(): boolean {
    const stream = this.#stream;
    // A stream may close in the turn that sends its last bytes, before the write that carried them is reported.
    return stream.destroyed && (stream.aborted || !stream.writableEnded || stream.rstCode !== constants.NGHTTP2_NO_ERROR);
  }

  whenGone(listener: (reason: Error) => void): void {
    const onClose = (): void => {
      if (this.gone) listener(new PeerGoneError('the client is gone'));
    };
    if (this.#stream.destroyed) onClose();
    else this.#stream.once('close', onClose);
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const stream = this.#stream;
    if (stream.endAfterHeaders) return Promise.resolve(noBody);
    if (Number(this.headers['content-length'] ?? 0) > limitBytes) {
      return Promise.reject(new BodyTooLargeError(`body is larger than ${limitBytes} bytes`));
    }
    return readAll(stream, limitBytes, () => this.#truncated());
  }

  bodyStream(): AsyncIterable<Uint8Array> {
    return readChunks(this.#stream, () => this.#truncated());
  }

  send(status: number, headers: Headers, body?: Uint8Array | string): void {
    this.#claim();
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    // Node sends a raw list without copying and checking it as it does an object.
    const head: string[] = [':status', String(status)];
    const bodiless = status === 204 || status === 304;
    const empty = body === undefined || bodiless;
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined && (empty || name !== 'content-length')) head.push(name, value);
    }
    if (empty) {
      if (!bodiless && headers['content-length'] === undefined) head.push('content-length', '0');
      stream.respond(head, { endStream: true });
    } else {
      head.push('content-length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
      if (this.method === 'HEAD') stream.respond(head, { endStream: true });
      else {
        stream.respond(head);
        stream.end(body);
        if (body.length >= watchedAnswerBytes) this.#connection.answers.add(stream, () => this.#cut());
      }
    }
    if (!stream.endAfterHeaders) this.#dropUnreadBody();
  }

  start(status: number, headers: Headers): ResponseBody {
    this.#claim();
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) {
      const connection = this.#connection;
      connection.streaming++;
      stream.once('close', () => connection.streaming--);
      stream.respond({ ':status': status, ...headers }, { endStream: this.method === 'HEAD' });
      if (!stream.endAfterHeaders) this.#dropUnreadBody();
    }
    return new StreamBody(stream, (error) => this.#cut(error), () => this.#connection.answers.add(stream, () => this.#cut()));
  }

  hijack(): never {
    throw new Error('an HTTP/2 stream cannot be hijacked');
  }

  cut(): void {
    if (this.responded && !this.#stream.writableEnded) this.#cut();
  }

  /** For the server alone: ends an exchange whose handler failed or forgot to answer. */
  fail(status: number): void {
    if (!this.responded) this.send(status, { 'content-type': 'text/plain; charset=utf-8' }, 'Internal Server Error\n');
    else this.cut();
  }

  /** `destroy`, because `close` would end the stream first and make the truncated answer look complete. */
  #cut(error?: Error): void {
    this.#stream.destroy(error ?? new Error('the response was cut'));
  }

  /** A reset by the client also ends the readable side. */
  #truncated(): boolean {
    const stream = this.#stream;
    return stream.aborted || (stream.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR;
  }

  #claim(): void {
    if (this.responded) throw new Error('this exchange has been answered already');
    this.responded = true;
  }

  /** A client that is still sending when its answer is complete is told to stop (RFC 9113, 8.1). */
  #dropUnreadBody(): void {
    const stream = this.#stream;
    stream.once('finish', () => {
      if (!stream.readableEnded && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }
}
