// One request and its answer on an HTTP/2 connection (RFC 9113, section 5): what has been received and not read yet,
// what has been written and not sent yet, and both windows. A stream is open until both sides have ended it or one has
// reset it; `closed` is final. It knows its connection only as `StreamHost`.
import type { Headers } from '../contract.ts';
import { ErrorCode } from './protocol.ts';
import type { RequestHead } from './request-head.ts';

/** What a stream asks of its connection. */
export interface StreamHost {
  /** There is something to send. */
  ready(stream: Http2Stream): void;
  /** The reader has taken `bytes` of the body: the peer may send as many. */
  taken(stream: Http2Stream, bytes: number): void;
  /** Ends the stream at once. */
  reset(stream: Http2Stream, code: ErrorCode): void;
}

/** The head of an answer that has not been sent yet. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  readonly contentLength: number | undefined;
}

/** Who reads the body: called when there is more, at its end, and when the stream closes before. */
export type BodyReader = () => void;

const noChunks: Buffer[] = [];

/** Written and not sent: beyond it a writer should wait. */
const highWaterBytes = 64 << 10;

/** Received chunks below this size are put together when there are many. */
const smallBytes = 1024;
const mostSmallChunks = 32;

/** Sent chunks before the list of pending ones is cut. */
const longQueue = 256;

export class Http2Stream {
  readonly id: number;
  readonly head: RequestHead;
  readonly fields: readonly string[];
  /** The peer has sent all of its request. */
  received = false;
  /** All of the answer has been sent. */
  sent = false;
  /** All of the answer has been written. */
  ended = false;
  closed = false;
  /** Bytes that the peer may still send, and that we may. */
  receiveWindow: number;
  sendWindow: number;
  /** Bytes of the body that have come, read or not. */
  receivedBytes = 0;
  /** Read since the peer was last told. */
  takenBytes = 0;
  /** Stands in the connection's line of streams that have something to send. */
  inLine = false;
  answer: AnswerHead | undefined;
  /** The client waits to be told that its body is wanted, and is to be told so. */
  wanted = false;
  readonly #host: StreamHost;
  #asked = false;
  /** Received and not read. */
  #chunks: Buffer[] = noChunks;
  /** At the end of `#chunks`. */
  #smallChunks = 0;
  #reader: BodyReader | undefined;
  /** Written and not sent, from `#first` on, of which `#sentOfFirst` bytes are sent. */
  #pending: Buffer[] = noChunks;
  #first = 0;
  #sentOfFirst = 0;
  #pendingBytes = 0;
  #onClose: (() => void)[] | undefined;
  #onDrain: (() => void)[] | undefined;

  constructor(host: StreamHost, id: number, head: RequestHead, fields: readonly string[], receiveWindow: number, sendWindow: number) {
    this.#host = host;
    this.id = id;
    this.head = head;
    this.fields = fields;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
  }

  /** It was closed before its answer was whole. */
  get cutOff(): boolean {
    return this.closed && !this.sent;
  }

  /** Bytes written and not sent. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** `listener` is called once, when the stream closes; at once if it is closed. */
  whenClosed(listener: () => void): void {
    if (this.closed) listener();
    else if (this.#onClose === undefined) this.#onClose = [listener];
    else this.#onClose.push(listener);
  }

  /** There is more to send than a writer should add to. */
  get full(): boolean {
    return this.#pendingBytes >= highWaterBytes;
  }

  /** `listener` is called once, when there is room to write again, or never will be. */
  whenDrained(listener: () => void): void {
    if (this.closed || !this.full) listener();
    else if (this.#onDrain === undefined) this.#onDrain = [listener];
    else this.#onDrain.push(listener);
  }

  /** The body is about to be waited for: a client that asked whether it should send it is told to (RFC 9110, 10.1.1). */
  want(): void {
    if (this.#asked || this.closed || this.received || this.receivedBytes > 0 || this.head.headers['expect'] !== '100-continue') return;
    this.#asked = true;
    this.wanted = true;
    this.#host.ready(this);
  }

  /** The answer's head; nothing of it leaves before the end of this turn. */
  respond(answer: AnswerHead): void {
    if (this.closed) return;
    this.answer = answer;
    this.#host.ready(this);
  }

  /** Part of the answer; the bytes must not change any more. */
  write(chunk: Buffer): void {
    if (this.closed || this.ended || chunk.length === 0) return;
    if (this.#pending === noChunks) this.#pending = [chunk];
    else this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#host.ready(this);
  }

  end(): void {
    if (this.closed || this.ended) return;
    this.ended = true;
    this.#host.ready(this);
  }

  reset(code: ErrorCode): void {
    if (!this.closed) this.#host.reset(this, code);
  }

  /** For the connection: copies at most `most` pending bytes to `into` at `at`; there are as many. */
  takePending(into: Buffer, at: number, most: number): void {
    const chunks = this.#pending;
    const end = at + most;
    let first = this.#first;
    let sent = this.#sentOfFirst;
    for (let to = at; to < end; ) {
      const chunk = chunks[first] as Buffer;
      const count = Math.min(end - to, chunk.length - sent);
      chunk.copy(into, to, sent, sent + count);
      to += count;
      sent += count;
      if (sent === chunk.length) {
        sent = 0;
        first++;
      }
    }
    if (first === chunks.length) {
      this.#pending = noChunks;
      first = 0;
    } else if (first >= longQueue) {
      this.#pending = chunks.slice(first);
      first = 0;
    }
    this.#first = first;
    this.#sentOfFirst = sent;
    this.#pendingBytes -= most;
    if (this.#onDrain !== undefined && !this.full) this.#tellDrained();
  }

  /** For the connection: a part of the body has come. */
  receive(chunk: Buffer): void {
    if (this.#chunks === noChunks) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    this.#smallChunks = chunk.length < smallBytes ? this.#smallChunks + 1 : 0;
    if (this.#smallChunks > mostSmallChunks) this.#joinSmall();
    this.#reader?.();
  }

  /** A body in frames of a byte would take a hundred times its size. */
  #joinSmall(): void {
    const joined = Buffer.concat(this.#chunks.splice(-this.#smallChunks));
    this.#chunks.push(joined);
    this.#smallChunks = joined.length < smallBytes ? 1 : 0;
  }

  /** For the connection: the body has ended. */
  receiveEnd(): void {
    this.received = true;
    this.#reader?.();
  }

  /** For the connection, when it has forgotten the stream. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#pending = noChunks;
    this.#first = 0;
    this.#sentOfFirst = 0;
    this.#pendingBytes = 0;
    this.answer = undefined;
    if (!this.received) {
      this.#chunks = noChunks;
      this.#smallChunks = 0;
    }
    this.#reader?.();
    this.#tellDrained();
    const listeners = this.#onClose;
    this.#onClose = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }

  /** From now on `reader` is called whenever `takeReceived` may yield something else; undefined: nobody. */
  read(reader: BodyReader | undefined): void {
    this.#reader = reader;
  }

  /** What has been received since the last call; the peer may then send as much. */
  takeReceived(): Buffer[] {
    const chunks = this.#chunks;
    if (chunks === noChunks) return chunks;
    this.#chunks = noChunks;
    this.#smallChunks = 0;
    if (!this.received && !this.closed) {
      let bytes = 0;
      for (const chunk of chunks) bytes += chunk.length;
      this.#host.taken(this, bytes);
    }
    return chunks;
  }

  #tellDrained(): void {
    const listeners = this.#onDrain;
    this.#onDrain = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }
}
