// One SPDY/3.1 connection over any duplex: a hijacked socket, or a WebSocket that tunnels it (KEP-4006). Streams
// are Node duplexes. Kubernetes' Go peers (spdystream) neither send nor mind window updates, so flow control
// is on only towards a peer that announces a window with SETTINGS; otherwise the socket's own back-pressure
// holds senders back.
import { Duplex } from 'node:stream';
import { controlFrame, dataFrameHead, finFlag, type Frame, FrameReader, frameType, HeaderReader, HeaderWriter, rstStatus, type SpdyHeaders, words } from './frames.ts';

const defaultWindow = 64 << 10;
const largestData = 32 << 10;
/** What a stream may hold unread before the whole connection is held back. */
const unreadLimit = 1 << 20;
const streamLimit = 1_000;
const initialWindowSetting = 7;

export interface SpdyOptions {
  readonly side: 'client' | 'server';
  /** Called for each stream that the peer opens; it is not replied to before `stream.reply()`. */
  readonly onStream?: (stream: SpdyStream) => void;
  /** Announces this receive window to the peer and thereby asks for flow control. */
  readonly windowBytes?: number;
}

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly requestHeaders: SpdyHeaders;
  /** Resolves when the peer has replied to a stream that this side opened. */
  readonly replied: Promise<void>;
  readonly #connection: SpdyConnection;
  sendWindow: number;
  consumed = 0;
  replySent = false;
  #pending: { chunk: Buffer; done: (error?: Error | null) => void } | undefined;
  #onReply: () => void;
  #onRefused: (error: Error) => void;
  #wanted: (() => void)[] = [];
  #dead: Error | undefined;
  #peerEnded = false;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders, sendWindow: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: unreadLimit, writableHighWaterMark: 64 << 10, autoDestroy: true });
    this.id = id;
    this.requestHeaders = headers;
    this.#connection = connection;
    this.sendWindow = sendWindow;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.replied = promise;
    this.#onReply = resolve;
    this.#onRefused = reject;
    promise.catch(() => undefined);
    this.on('error', () => undefined);
  }

  /** Accepts a stream that the peer opened; nothing may be written before. */
  reply(): void {
    if (this.replySent) return;
    this.replySent = true;
    this.#connection.sendReply(this.id);
  }

  /** Undefined when there is room for more, else a promise of it. */
  receive(payload: Buffer, fin: boolean): Promise<void> | undefined {
    let room = true;
    if (payload.length > 0 && this.#open()) room = this.push(payload);
    if (fin) this.peerEnded();
    if (room || fin || this.destroyed) return undefined;
    return new Promise((resolve) => {
      this.#wanted.push(resolve);
    });
  }

  peerEnded(): void {
    if (!this.#open()) return;
    this.#peerEnded = true;
    this.push(null);
  }

  replyReceived(): void {
    this.#onReply();
  }

  /** The peer reset the stream, or the connection is gone. */
  cut(error: Error): void {
    this.#onRefused(error);
    this.#releaseReader();
    this.#dead = error;
    this.#pending?.done(error);
    this.#pending = undefined;
    this.#connection.forget(this.id);
    this.peerEnded();
    // What has arrived can still be read.
    if (this.readableLength === 0) this.destroy();
    else this.once('end', () => this.destroy());
  }

  windowOpened(delta: number): void {
    this.sendWindow += delta;
    const pending = this.#pending;
    if (pending === undefined || this.sendWindow <= 0) return;
    this.#pending = undefined;
    this.#send(pending.chunk, pending.done);
  }

  override _read(): void {
    this.#releaseReader();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#dead !== undefined) done(this.#dead);
    else this.#connection.sendData(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#releaseReader();
    this.#onRefused(error ?? new Error('the SPDY stream is closed'));
    if (!this.writableFinished || !this.readableEnded) this.#connection.reset(this.id, error === null ? rstStatus.cancel : rstStatus.internalError);
    this.#connection.forget(this.id);
    done(error);
  }

  #send(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#dead !== undefined) {
      done(this.#dead);
      return;
    }
    if (!this.#connection.flowControl) {
      this.#connection.sendData(this.id, chunk, false, done);
      return;
    }
    const part = chunk.subarray(0, Math.max(0, this.sendWindow));
    const rest = chunk.subarray(part.length);
    this.sendWindow -= part.length;
    if (rest.length > 0) this.#pending = { chunk: rest, done };
    if (part.length > 0) this.#connection.sendData(this.id, part, false, rest.length > 0 ? () => undefined : done);
  }

  /** A peer that sends after its end, or after ours, is not worth an error. */
  #open(): boolean {
    return !this.destroyed && !this.#peerEnded;
  }

  #releaseReader(): void {
    const wanted = this.#wanted;
    if (wanted.length === 0) return;
    this.#wanted = [];
    for (const resolve of wanted) resolve();
  }
}

export class SpdyConnection {
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  flowControl = false;
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headerWriter = new HeaderWriter();
  readonly #headerReader = new HeaderReader();
  #nextId: number;
  #nextPing: number;
  #peerWindow = defaultWindow;
  #lastPeerId = 0;
  /** Writes that wait for the socket to drain. */
  #writers: ((error?: Error | null) => void)[] = [];
  #pings = new Map<number, () => void>();

  constructor(socket: Duplex, options: SpdyOptions, head?: Uint8Array) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.side === 'client' ? 1 : 2;
    this.#nextPing = this.#nextId;
    socket.on('error', () => undefined);
    socket.on('drain', () => this.#settleWriters()).once('close', () => this.#settleWriters());
    if (options.windowBytes !== undefined) {
      this.flowControl = true;
      this.#write(controlFrame(frameType.settings, 0, words(1, initialWindowSetting, options.windowBytes)));
    }
    this.closed = this.#serve(head).finally(() => this.#end());
  }

  /** Opens a stream; wait for `stream.replied` before writing to a Go peer. */
  open(headers: SpdyHeaders): SpdyStream {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(this, id, headers, this.#peerWindow);
    this.#streams.set(id, stream);
    this.#write(controlFrame(frameType.synStream, 0, words(id, 0), Buffer.from([0, 0]), this.#headerWriter.write(headers)));
    return stream;
  }

  /** Resolves when the peer answers; rejects when the connection ends before. */
  ping(): Promise<void> {
    const id = this.#nextPing;
    this.#nextPing += 2;
    const answered = new Promise<void>((resolve) => this.#pings.set(id, resolve));
    this.#write(controlFrame(frameType.ping, 0, words(id)));
    return Promise.race([
      answered,
      this.closed.then(() => {
        throw new Error('the SPDY connection is closed');
      }),
    ]);
  }

  /** Ends the connection after what has been written; streams still open are cut. */
  close(): void {
    this.#socket.end();
  }

  sendReply(id: number): void {
    this.#write(controlFrame(frameType.synReply, 0, words(id), this.#headerWriter.write({})));
  }

  sendData(id: number, chunk: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    let room = true;
    let offset = 0;
    do {
      const part = chunk.subarray(offset, offset + largestData);
      offset += part.length;
      room = this.#write(dataFrameHead(id, part.length, fin && offset >= chunk.length));
      if (part.length > 0) room = this.#write(part);
    } while (offset < chunk.length);
    if (this.#socket.destroyed) done(new Error('the SPDY connection is closed'));
    else if (room) done();
    else this.#writers.push(done);
  }

  reset(id: number, status: number): void {
    if (this.#streams.has(id)) this.#write(controlFrame(frameType.rstStream, 0, words(id, status)));
  }

  forget(id: number): void {
    this.#streams.delete(id);
  }

  #write(bytes: Uint8Array): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded ? true : this.#socket.write(bytes);
  }

  #settleWriters(): void {
    const waiting = this.#writers;
    this.#writers = [];
    for (const done of waiting) done(this.#socket.destroyed ? new Error('the SPDY connection is closed') : null);
  }

  async #serve(head: Uint8Array | undefined): Promise<void> {
    const reader = new FrameReader();
    try {
      if (head !== undefined && head.length > 0) await this.#handleAll(reader.push(head));
      for await (const chunk of this.#socket) await this.#handleAll(reader.push(chunk as Uint8Array));
    } catch {
      // A broken peer or connection: every stream learns of it in #end.
      this.#write(controlFrame(frameType.goAway, 0, words(this.#lastPeerId, 1)));
      this.#socket.destroy();
    }
  }

  #end(): void {
    const error = new Error('the SPDY connection is closed');
    for (const stream of this.#streams.values()) stream.cut(error);
    this.#headerReader.close();
    this.#socket.end();
  }

  async #handleAll(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) {
      if (frame.kind === 'data') await this.#handleData(frame.streamId, frame.payload, (frame.flags & finFlag) !== 0);
      else await this.#handleControl(frame.type, frame.flags, frame.payload);
    }
  }

  async #handleData(id: number, payload: Buffer, fin: boolean): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const room = stream.receive(payload, fin);
    if (!this.flowControl) {
      await room;
      return;
    }
    // The window bounds the sender; holding the connection back as well would hold back its window updates.
    if (stream.readableLength > unreadLimit * 2) stream.destroy(new Error('the peer ignores the window'));
    else if (room === undefined) this.#consumed(stream, payload.length);
    else room.then(() => this.#consumed(stream, payload.length)).catch(() => undefined);
  }

  #consumed(stream: SpdyStream, bytes: number): void {
    stream.consumed += bytes;
    if (stream.consumed < (this.#options.windowBytes ?? defaultWindow) / 2) return;
    this.#write(controlFrame(frameType.windowUpdate, 0, words(stream.id, stream.consumed)));
    stream.consumed = 0;
  }

  async #handleControl(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case frameType.synStream:
        await this.#handleSynStream(flags, payload);
        return;
      case frameType.synReply:
      case frameType.headers:
        await this.#headerReader.read(payload.subarray(4));
        this.#streams.get(payload.readUInt32BE(0))?.replyReceived();
        if ((flags & finFlag) !== 0) await this.#handleData(payload.readUInt32BE(0), Buffer.alloc(0), true);
        return;
      case frameType.rstStream:
        this.#streams.get(payload.readUInt32BE(0))?.cut(new Error('the peer reset the SPDY stream'));
        return;
      case frameType.settings:
        this.#handleSettings(payload);
        return;
      case frameType.windowUpdate:
        this.#streams.get(payload.readUInt32BE(0))?.windowOpened(payload.readUInt32BE(4) & 0x7fffffff);
        return;
      case frameType.ping:
        this.#handlePing(payload);
        return;
      // GOAWAY only forbids new streams; the peer then closes the socket.
      default:
    }
  }

  async #handleSynStream(flags: number, payload: Buffer): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#headerReader.read(payload.subarray(10));
    const odd = id % 2 === 1;
    if (id <= this.#lastPeerId || odd === (this.#options.side === 'client')) throw new Error('SPDY stream id out of order');
    this.#lastPeerId = id;
    if (this.#options.onStream === undefined || this.#streams.size >= streamLimit) {
      this.#write(controlFrame(frameType.rstStream, 0, words(id, rstStatus.refusedStream)));
      return;
    }
    const stream = new SpdyStream(this, id, headers, this.#peerWindow);
    this.#streams.set(id, stream);
    if ((flags & finFlag) !== 0) stream.peerEnded();
    this.#options.onStream(stream);
  }

  #handleSettings(payload: Buffer): void {
    const count = Math.min(payload.readUInt32BE(0), Math.floor((payload.length - 4) / 8));
    for (let i = 0; i < count; i++) {
      if ((payload.readUInt32BE(4 + i * 8) & 0xffffff) !== initialWindowSetting) continue;
      const window = payload.readUInt32BE(8 + i * 8);
      this.flowControl = true;
      for (const stream of this.#streams.values()) stream.windowOpened(window - this.#peerWindow);
      this.#peerWindow = window;
    }
  }

  #handlePing(payload: Buffer): void {
    const id = payload.readUInt32BE(0);
    const own = id % 2 === this.#nextPing % 2;
    if (!own) {
      this.#write(controlFrame(frameType.ping, 0, words(id)));
      return;
    }
    this.#pings.get(id)?.();
    this.#pings.delete(id);
  }
}
