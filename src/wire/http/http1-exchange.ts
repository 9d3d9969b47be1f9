// One HTTP/1.1 request as an Exchange, upgrade requests included: those can be answered like any other or
// hijacked, which hands out the raw socket (WebSocket, SPDY, proxied upgrades).
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BodyTooLargeError, type Exchange, type Headers, type Peer, type ResponseBody } from '../contract.ts';
import { watchedAnswerBytes, type AnswerWatch } from './answer-watch.ts';
import { PeerGoneError, readAll, readChunks, StreamBody } from './body.ts';

const discardedBytes = 8 << 20;

/** An upgrade request: its socket and what was read past its head. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Uint8Array;
}

export class Http1Exchange implements Exchange {
  readonly protocol = 'http/1.1';
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly peer: Peer;
  responded = false;
  readonly #request: IncomingMessage;
  readonly #upgrade: Upgrade | undefined;
  readonly #answers: AnswerWatch;
  #response: ServerResponse | undefined;
  #abort: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse | undefined, peer: Peer, answers: AnswerWatch, upgrade?: Upgrade) {
    this.#request = request;
    this.#response = response;
    this.#upgrade = upgrade;
    this.#answers = answers;
    this.peer = peer;
    this.method = request.method ?? '';
    this.url = request.url ?? '';
    // Node joins repeated headers; only set-cookie, which no request carries, would be an array.
    this.headers = request.headers as Headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    this.whenGone((reason) => abort.abort(reason));
    return abort.signal;
  }

  get gone(): boolean {
    return this.#writable?.destroyed !== false && this.#response?.writableFinished !== true;
  }

  whenGone(listener: (reason: Error) => void): void {
    const onClose = (): void => {
      if (this.#response?.writableFinished !== true) listener(new PeerGoneError('the client is gone'));
    };
    const writable = this.#writable;
    if (writable?.destroyed !== false) onClose();
    else writable.once('close', onClose);
  }

  /** What closes when the client goes. */
  get #writable(): ServerResponse | Duplex | undefined {
    return this.#response ?? this.#upgrade?.socket;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    if (Number(this.headers['content-length'] ?? 0) > limitBytes) {
      return Promise.reject(new BodyTooLargeError(`body is larger than ${limitBytes} bytes`));
    }
    return readAll(this.#request, limitBytes, () => !this.#request.complete);
  }

  bodyStream(): AsyncIterable<Uint8Array> {
    return readChunks(this.#request, () => !this.#request.complete);
  }

  send(status: number, headers: Headers, body?: Uint8Array | string): void {
    const response = this.#claim(headers);
    const empty = body === undefined || status === 204 || status === 304;
    response.statusCode = status;
    if (!empty) response.setHeader('content-length', typeof body === 'string' ? Buffer.byteLength(body) : body.length);
    else if (status !== 204 && status !== 304 && !response.hasHeader('content-length')) response.setHeader('content-length', 0);
    if (empty || this.method === 'HEAD') response.end();
    else {
      response.end(body);
      if (body.length >= watchedAnswerBytes) this.#watch(response);
    }
  }

  start(status: number, headers: Headers): ResponseBody {
    const response = this.#claim(headers);
    response.statusCode = status;
    response.flushHeaders();
    return new StreamBody(response, () => this.#request.socket.destroy(), () => this.#watch(response));
  }

  hijack(): { socket: Duplex; head: Uint8Array } {
    if (this.#upgrade === undefined) throw new Error('only an upgrade request can be hijacked');
    if (this.responded) throw new Error('this exchange has been answered already');
    this.responded = true;
    return this.#upgrade;
  }

  cut(): void {
    if (this.responded && this.#response?.writableEnded !== true) this.#request.socket.destroy();
  }

  /** For the server alone: ends an exchange whose handler failed or forgot to answer. */
  fail(status: number): void {
    if (!this.responded) this.send(status, { 'content-type': 'text/plain; charset=utf-8' }, 'Internal Server Error\n');
    else this.cut();
  }

  #watch(response: ServerResponse): void {
    const answer = { closed: response.destroyed, whenClosed: (listener: () => void) => void response.once('close', listener) };
    this.#answers.add(answer, () => this.#request.socket.destroy());
  }

  #claim(headers: Headers): ServerResponse {
    if (this.responded) throw new Error('this exchange has been answered already');
    this.responded = true;
    const response = this.#response ?? this.#answerUpgrade();
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined) response.setHeader(name, value);
    }
    if (!this.#request.complete && this.#upgrade === undefined) response.once('finish', () => this.#discardRest());
    return response;
  }

  /** What a client still sends after its answer is read and dropped, so that it sees the answer; but not without end. */
  #discardRest(): void {
    const request = this.#request;
    if (request.complete || request.destroyed) return;
    let left = discardedBytes;
    request.on('data', (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left < 0) request.socket.destroy();
    });
    request.resume();
  }

  /** An upgrade request that is answered with an ordinary response. */
  #answerUpgrade(): ServerResponse {
    const response = new ServerResponse(this.#request);
    const { socket } = this.#request;
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    this.#response = response;
    return response;
  }
}
