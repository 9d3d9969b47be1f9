// The server's side of one HTTP/2 connection (RFC 9113): frames in, streams with requests out, answers back. It is ours
// because node:http2 costs as much as all that the API server does for a GET, and leaves the garbage collector an
// external string for each header field; frames of one turn leave in one write here, and repeated fields are one string.
//
// Every bound on a peer is here: open streams, windows, bytes of a head, resets in a time, frames that are asked for and
// not read. Who breaks the protocol is told with GOAWAY and loses the connection; who breaks a stream loses the stream.
import type { Socket } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { createTokenBucket, type TokenBucket } from '#base/token-bucket.ts';
import { endOfTurn } from '#base/turn.ts';
import type { HttpLimits } from '../http/limits.ts';
import { FrameReader } from './frame-reader.ts';
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import { HpackError, HpackExcess } from './hpack-error.ts';
import { Output } from './output.ts';
import { applySettings, type PeerSettings, writeSettings } from './settings.ts';
import { ConnectionError, defaultWindowBytes, ErrorCode, Flag, FrameType, highest31, putUint32, uint31 } from './protocol.ts';
import { requestHead, trailersAreSound } from './request-head.ts';
import { Http2Stream, type StreamHost } from './stream.ts';
import { StreamTable } from './stream-table.ts';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** A request's head has come. `tooLarge`: its fields are more than `limits.headerBytes`, not all of them are there. */
  readonly onRequest: (stream: Http2Stream, tooLarge: boolean) => void;
  /** The peer broke the protocol, or a bound. */
  readonly onFailure: (error: Error) => void;
}

/** Frames without any effect, in a row. */
const mostEmptyFrames = 1000;
/** We announce it: fewer and larger frames for large uploads. */
const frameBytes = 256 << 10;
/** Answers that are at least so large leave before the end of the turn. */
const eagerBytes = 32 << 10;
/** What is read after an error, for the peer to hear of it: a socket closed with bytes unread loses what was sent last. */
const farewellBytes = 1 << 20;
/** From our last word to the end of the socket, for a peer that does not read. */
const farewellMs = 1000;
/** The same for a connection that ends well, where answers may take as long as they like. */
const mostGoodbyeMs = 60_000;

export class Http2Connection implements StreamHost {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #output: Output;
  readonly #table: StreamTable;
  readonly #resets: TokenBucket;
  readonly #peer: PeerSettings = { initialWindowBytes: defaultWindowBytes };
  /** No stream after this one is taken; set when the connection is closing. */
  #lastTaken: number | undefined;
  #settingsSeen = false;
  #receiveWindow: number;
  #received = 0;
  #emptyFrames = 0;
  #feeding = false;
  #flushDue = false;
  #ended = false;
  #failed = false;
  /** Received since the failure. */
  #unheard = 0;
  #onEnd: (() => void)[] = [];
  #ping: ((alive: boolean) => void) | undefined;

  /** Takes over a socket that has negotiated h2. */
  constructor(socket: Socket, options: ConnectionOptions) {
    const { limits, clock } = options;
    this.socket = socket;
    this.#options = options;
    this.#resets = createTokenBucket(clock, limits.resetsPerSecond, limits.resetBurst);
    this.#reader = new FrameReader(frameBytes, (type, flags, stream, bytes, from, to) => this.#frame(type, flags, stream, bytes, from, to));
    this.#output = new Output(socket, clock, (stream) => this.#answered(stream));
    this.#blocks = new HeaderBlocks(limits.headerBytes * 2);
    this.#table = new StreamTable(clock, (id) => this.#stop(id));
    this.#receiveWindow = limits.connectionWindowBytes;
    writeSettings(this.#output, {
      maxConcurrentStreams: limits.streamsPerConnection,
      initialWindowSize: limits.streamWindowBytes,
      maxFrameSize: frameBytes,
      // Twice the limit: what is a little too large is answered 431 instead of not being sent.
      maxHeaderListSize: limits.headerBytes * 2,
    });
    if (limits.connectionWindowBytes > defaultWindowBytes) this.#output.windowUpdate(0, limits.connectionWindowBytes - defaultWindowBytes);
    this.#output.flush();
    socket.on('data', (chunk: Buffer) => this.#feed(chunk));
    socket.on('end', () => {
      this.#end();
      this.#destroySoon();
    });
    socket.on('close', () => this.#end());
  }

  /** Nothing is received or sent any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** It takes no new streams. */
  get closing(): boolean {
    return this.#lastTaken !== undefined;
  }

  /** `listener` is called once the connection has ended. */
  whenEnded(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onEnd.push(listener);
  }

  /** GOAWAY that refuses nothing yet: requests that are on their way are not lost (section 6.8). */
  notice(): void {
    if (this.#ended || this.closing) return;
    this.#guard(() => this.#goaway(highest31, ErrorCode.noError));
  }

  /** Takes no new streams, and ends with the last of those that are open. */
  close(): void {
    if (this.#ended || this.closing) return;
    this.#lastTaken = this.#table.last;
    this.#guard(() => this.#goaway(this.#table.last, ErrorCode.noError));
    this.#endIfDone();
  }

  /** Asks for a sign of life; `done` hears whether it came before the connection ended. One at a time. */
  ping(done: (alive: boolean) => void): void {
    if (this.#ended || this.#ping !== undefined) {
      done(false);
      return;
    }
    this.#ping = done;
    this.#guard(() => this.#output.control(FrameType.ping, 0, 0, 8, (into, at) => into.fill(0, at, at + 8)));
    this.#flushSoon();
  }

  /** The peer has gone too far: tells it why and ends the connection. */
  fail(error: Error): void {
    if (this.#failed || this.#ended) return;
    this.#failed = true;
    const code = codeOf(error);
    this.#options.onFailure(error);
    this.#lastTaken ??= this.#table.last;
    try {
      this.#goaway(this.#table.last, code);
    } catch {
      // The peer takes nothing: it will not read this either.
    }
    this.#table.closeAll();
    this.#output.flush();
    this.#destroySoon();
  }

  ready(stream: Http2Stream): void {
    this.#output.queue(stream);
    if (stream.pendingBytes >= eagerBytes && !this.#feeding) this.#output.flush();
    else this.#flushSoon();
  }

  taken(stream: Http2Stream, bytes: number): void {
    stream.takenBytes += bytes;
    if (stream.takenBytes * 2 < this.#options.limits.streamWindowBytes) return;
    stream.receiveWindow += stream.takenBytes;
    const { takenBytes } = stream;
    stream.takenBytes = 0;
    this.#guard(() => this.#output.windowUpdate(stream.id, takenBytes));
    this.#flushSoon();
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.closed) return;
    this.#guard(() => this.#sendReset(stream.id, code));
    this.#forget(stream);
    this.#flushSoon();
  }

  #feed(chunk: Buffer): void {
    if (this.#failed) {
      this.#unheard += chunk.length;
      if (this.#unheard > farewellBytes) this.socket.destroy();
    }
    if (this.#failed || this.#ended) return;
    this.#feeding = true;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#feeding = false;
    }
    if (!this.#ended && this.#output.waiting) this.#output.flush();
  }

  /** Runs what may find that the peer takes no frames any more. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #flushSoon(): void {
    if (this.#flushDue || this.#feeding) return;
    this.#flushDue = true;
    endOfTurn(() => {
      this.#flushDue = false;
      this.#output.flush();
    });
  }

  #frame(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): void {
    if (this.#failed || this.#ended) return;
    const awaited = this.#blocks.awaited;
    if (awaited !== undefined && (type !== FrameType.continuation || stream !== awaited)) {
      throw new ConnectionError(ErrorCode.protocolError, 'a header block is interrupted');
    }
    if (!this.#settingsSeen) {
      if (type !== FrameType.settings || (flags & Flag.ack) !== 0) throw new ConnectionError(ErrorCode.protocolError, 'the first frame is not SETTINGS');
      this.#settingsSeen = true;
    }
    switch (type) {
      case FrameType.data: return this.#data(flags, stream, bytes, from, to);
      case FrameType.headers: return this.#block(this.#blocks.headers(flags, stream, bytes, from, to));
      case FrameType.continuation: return this.#block(this.#blocks.continuation(flags, bytes, from, to));
      case FrameType.priority: return this.#priority(stream, bytes, from, to);
      case FrameType.rstStream: return this.#rstStream(stream, to - from);
      case FrameType.settings: return this.#settings(flags, stream, bytes, from, to);
      case FrameType.pushPromise: throw new ConnectionError(ErrorCode.protocolError, 'a client pushes nothing');
      case FrameType.ping: return this.#pinged(flags, stream, bytes, from, to);
      case FrameType.goaway:
        if (stream !== 0) throw new ConnectionError(ErrorCode.protocolError, 'GOAWAY on a stream');
        if (to - from < 8) throw new ConnectionError(ErrorCode.frameSizeError, 'GOAWAY is too short');
        this.close();
        return;
      case FrameType.windowUpdate: return this.#windowUpdate(stream, bytes, from, to);
      default:
      // Section 5.5: what is unknown is ignored.
    }
  }

  #data(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.protocolError, 'DATA without a stream');
    const length = to - from;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new ConnectionError(ErrorCode.flowControlError, 'more DATA than the window of the connection');
    // Given back at once: one stream that is not read would hold up all others. The streams' windows bound what is kept.
    this.#received += length;
    if (this.#received * 2 >= this.#options.limits.connectionWindowBytes) {
      this.#output.windowUpdate(0, this.#received);
      this.#receiveWindow += this.#received;
      this.#received = 0;
    }
    let begin = from;
    let end = to;
    if ((flags & Flag.padded) !== 0) {
      const padding = length === 0 ? 0 : (bytes[begin++] ?? 0);
      end -= padding;
      if (length === 0 || end < begin) throw new ConnectionError(ErrorCode.protocolError, 'the padding is longer than its frame');
    }
    const stream = this.#table.streams.get(id);
    if (stream === undefined) return this.#dataOfNone(id, (flags & Flag.endStream) !== 0);
    if (stream.received) return this.#breach(stream, ErrorCode.streamClosed);
    const last = (flags & Flag.endStream) !== 0;
    if (begin === end && !last) {
      if (++this.#emptyFrames > mostEmptyFrames) throw new ConnectionError(ErrorCode.enhanceYourCalm, 'empty frames without end');
    } else this.#emptyFrames = 0;
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#breach(stream, ErrorCode.flowControlError);
    stream.receivedBytes += end - begin;
    const { contentLength } = stream.head;
    if (contentLength !== undefined && (stream.receivedBytes > contentLength || (last && stream.receivedBytes !== contentLength))) return this.#breach(stream, ErrorCode.protocolError);
    const overhead = length - (end - begin);
    if (overhead > 0 && !last) this.taken(stream, overhead);
    if (end > begin) stream.receive(keptOf(bytes, begin, end));
    if (last) this.#requestEnded(stream);
  }

  #block(block: HeaderBlock | undefined): void {
    if (block === undefined) return;
    const { stream: id } = block;
    const known = this.#table.streams.get(id);
    if (known !== undefined) this.#trailers(known, block);
    else if (id > this.#table.last) this.#open(block);
    else if (this.#table.isUnread(id, block.last)) this.#endIfDone();
    else if (!this.#table.wasReset(id)) {
      throw new ConnectionError(id % 2 === 0 ? ErrorCode.protocolError : ErrorCode.streamClosed, `HEADERS on stream ${id}, which is closed`);
    }
  }

  #open(block: HeaderBlock): void {
    const { stream: id, last, selfish } = block;
    if (id % 2 === 0) throw new ConnectionError(ErrorCode.protocolError, `a client opens no stream ${id}`);
    this.#table.last = id;
    if (this.#lastTaken !== undefined) {
      this.#table.remember(id);
      return;
    }
    const { limits } = this.#options;
    if (this.#table.open >= limits.streamsPerConnection) return this.#refuse(id, ErrorCode.refusedStream);
    const head = block.malformed || selfish ? 'a field is not allowed' : requestHead(block.fields);
    const tooLarge = block.dropped > 0 || block.listBytes - block.fields.length * 16 > limits.headerBytes;
    if (typeof head === 'string' || (last && (head.contentLength ?? 0) !== 0)) {
      // What was left out may be what is missing.
      if (!tooLarge || block.malformed || selfish) return this.#refuse(id, ErrorCode.protocolError);
    }
    const shown = typeof head === 'string' ? { method: 'GET', url: '/', headers: { host: '' }, contentLength: undefined } : head;
    const stream = new Http2Stream(this, id, shown, block.fields, limits.streamWindowBytes, this.#peer.initialWindowBytes);
    stream.received = last;
    this.#table.streams.set(id, stream);
    this.#options.onRequest(stream, tooLarge);
  }

  #trailers(stream: Http2Stream, block: HeaderBlock): void {
    if (stream.received) return this.#breach(stream, ErrorCode.streamClosed);
    const { contentLength } = stream.head;
    const sound = block.last && !block.malformed && trailersAreSound(block.fields) && (contentLength === undefined || contentLength === stream.receivedBytes);
    if (!sound) return this.#breach(stream, ErrorCode.protocolError);
    this.#requestEnded(stream);
  }

  #requestEnded(stream: Http2Stream): void {
    stream.receiveEnd();
    if (stream.sent) this.#forget(stream);
  }

  /** All of an answer has been handed to the socket. */
  #answered(stream: Http2Stream): void {
    stream.sent = true;
    if (!stream.received) this.#table.leaveUnread(stream.id);
    this.#forget(stream);
  }

  /** A client that sends what nobody will read is told to stop (section 8.1). */
  #stop(id: number): void {
    if (this.#ended || this.#failed) return;
    this.#guard(() => this.#sendReset(id, ErrorCode.noError));
    this.#flushSoon();
    this.#endIfDone();
  }

  #rstStream(id: number, length: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'RST_STREAM has four bytes');
    if (id === 0 || id > this.#table.last) throw new ConnectionError(ErrorCode.protocolError, 'RST_STREAM on an idle stream');
    const stream = this.#table.streams.get(id);
    if (stream === undefined) {
      if (this.#table.isUnread(id, true)) this.#endIfDone();
      return;
    }
    this.#countReset();
    this.#forget(stream);
  }

  #settings(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.protocolError, 'SETTINGS on a stream');
    if ((flags & Flag.ack) !== 0) {
      if (from !== to) throw new ConnectionError(ErrorCode.frameSizeError, 'an acknowledgement of SETTINGS has no payload');
      return;
    }
    const before = this.#peer.initialWindowBytes;
    applySettings(this.#output, this.#peer, bytes, from, to);
    const wider = this.#peer.initialWindowBytes - before;
    if (wider !== 0) for (const stream of this.#table.streams.values()) this.#widen(stream, wider);
    this.#output.control(FrameType.settings, Flag.ack, 0, 0);
  }

  #widen(stream: Http2Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > highest31) throw new ConnectionError(ErrorCode.flowControlError, 'the window of a stream is too large');
    if (stream.sendWindow > 0 && stream.pendingBytes > 0) this.#output.queue(stream);
  }

  #windowUpdate(id: number, bytes: Buffer, from: number, to: number): void {
    if (to - from !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'WINDOW_UPDATE has four bytes');
    const increment = uint31(bytes, from);
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, 'WINDOW_UPDATE of nothing');
      this.#output.widen(increment);
      this.#output.feed();
      return;
    }
    if (id > this.#table.last) throw new ConnectionError(ErrorCode.protocolError, 'WINDOW_UPDATE on an idle stream');
    const stream = this.#table.streams.get(id);
    if (stream === undefined) return;
    if (increment === 0) this.#breach(stream, ErrorCode.protocolError);
    else if (stream.sendWindow + increment > highest31) this.#breach(stream, ErrorCode.flowControlError);
    else this.#widen(stream, increment);
  }

  #pinged(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.protocolError, 'PING on a stream');
    if (to - from !== 8) throw new ConnectionError(ErrorCode.frameSizeError, 'PING has eight bytes');
    if ((flags & Flag.ack) === 0) {
      this.#output.control(FrameType.ping, Flag.ack, 0, 8, (into, at) => bytes.copy(into, at, from, to));
      return;
    }
    const done = this.#ping;
    this.#ping = undefined;
    done?.(true);
  }

  /** Priorities are obsolete; a stream that depends on itself is an error all the same (RFC 7540, 5.3.1). */
  #priority(id: number, bytes: Buffer, from: number, to: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.protocolError, 'PRIORITY without a stream');
    if (to - from !== 5) throw new ConnectionError(ErrorCode.frameSizeError, 'PRIORITY has five bytes');
    if (uint31(bytes, from) !== id) return;
    const stream = this.#table.streams.get(id);
    if (stream !== undefined) this.#breach(stream, ErrorCode.protocolError);
    else throw new ConnectionError(ErrorCode.protocolError, 'a stream depends on itself');
  }

  /** DATA of a stream that is not open. */
  #dataOfNone(id: number, last: boolean): void {
    if (id > this.#table.last) throw new ConnectionError(ErrorCode.protocolError, 'DATA on an idle stream');
    if (this.#table.isUnread(id, last)) return this.#endIfDone();
    if (this.#table.wasReset(id)) return;
    this.#countReset();
    this.#sendReset(id, ErrorCode.streamClosed);
  }

  /** The peer broke the rules of one stream. */
  #breach(stream: Http2Stream, code: ErrorCode): void {
    this.#countReset();
    this.#sendReset(stream.id, code);
    this.#forget(stream);
  }

  #refuse(id: number, code: ErrorCode): void {
    this.#countReset();
    this.#sendReset(id, code);
  }

  /** Streams that a peer ends, or makes us end, cost work and count no longer as open. */
  #countReset(): void {
    if (!this.#resets.take()) throw new ConnectionError(ErrorCode.enhanceYourCalm, 'streams are reset without end');
  }

  #sendReset(id: number, code: ErrorCode): void {
    this.#table.remember(id);
    this.#output.reset(id, code);
  }

  #forget(stream: Http2Stream): void {
    this.#table.streams.delete(stream.id);
    stream.close();
    this.#endIfDone();
  }

  #goaway(lastStream: number, code: ErrorCode): void {
    this.#output.control(FrameType.goaway, 0, 0, 8, (into, at) => putUint32(into, putUint32(into, at, lastStream), code));
    this.#flushSoon();
  }

  #endIfDone(): void {
    if (this.#lastTaken === undefined || this.#failed || this.#ended || this.#table.open > 0) return;
    endOfTurn(() => {
      if (this.#ended || this.#failed) return;
      this.#output.flush();
      // The last answer has as long as any other.
      this.#destroySoon(this.#options.limits.answerMs || mostGoodbyeMs);
    });
  }

  /** What is written may still leave, but not for as long as a peer likes that does not read. */
  #destroySoon(withinMs = farewellMs): void {
    this.socket.end();
    if (this.socket.destroyed) return;
    const timer = this.#options.clock.after(withinMs, () => this.socket.destroy(), { background: true });
    this.socket.once('close', () => timer.cancel());
  }

  /** The socket is gone, or the peer has said its last. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#table.closeAll();
    const ping = this.#ping;
    this.#ping = undefined;
    ping?.(false);
    const listeners = this.#onEnd;
    this.#onEnd = [];
    for (const listener of listeners) listener();
  }
}

function codeOf(error: Error): ErrorCode {
  if (error instanceof ConnectionError) return error.code;
  if (error instanceof HpackExcess) return ErrorCode.enhanceYourCalm;
  return error instanceof HpackError ? ErrorCode.compressionError : ErrorCode.internalError;
}

/** What is kept of a chunk: a part of it would keep all of it, which may be many times as much. */
function keptOf(bytes: Buffer, from: number, to: number): Buffer {
  const part = bytes.subarray(from, to);
  return part.length * 4 < bytes.length ? Buffer.from(part) : part;
}
