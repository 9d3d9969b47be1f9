// One HTTP/2 connection over TLS for load: sends requests as bytes, tells when an answer has ended, and hands
// over its body's chunks when asked to. Requests of one turn leave in one write.
import { connect, type TLSSocket } from 'node:tls';
import { ack, clientHello, createHeaderEncoder, endHeaders, endStream, frame, frameHeader, largestWindow, windowUpdate } from './h2-frames.ts';

export interface Target {
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  /** A piece of the body. `payload` is only valid during the call. */
  data?(payload: Buffer): void;
  ended(broken: boolean): void;
}

export interface H2Connection {
  send(headers: readonly (readonly [string, string])[], path: Buffer, body: Buffer | undefined, answer: Answer): void;
  close(): void;
}

/** Connects and shakes hands; rejects when the server does not speak HTTP/2. */
export async function openConnection(target: Target): Promise<H2Connection> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = connect({ host: '127.0.0.1', port: target.port, ca: target.ca, cert: target.cert, key: target.key, servername: 'localhost', ALPNProtocols: ['h2'] }, () => resolve(made));
    made.once('error', reject);
  });
  if (socket.alpnProtocol !== 'h2') throw new Error(`the server chose ${String(socket.alpnProtocol)}, not h2`);
  socket.setNoDelay(true);
  const encoder = createHeaderEncoder();
  const answers = new Map<number, Answer>();
  let nextStream = 1;
  let sendWindow = 65_535;
  let received = 0;
  let out: Buffer[] = [clientHello()];
  let scheduled = false;
  /** Bodies that wait for the connection's window. */
  let blocked: { readonly stream: number; readonly body: Buffer }[] = [];

  const flush = (): void => {
    scheduled = false;
    if (out.length === 0 || socket.destroyed) return;
    const bytes = out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
    out = [];
    socket.write(bytes);
  };
  const push = (...buffers: Buffer[]): void => {
    out.push(...buffers);
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  const sendBody = (stream: number, body: Buffer): void => {
    if (body.length > sendWindow) {
      blocked.push({ stream, body });
      return;
    }
    sendWindow -= body.length;
    push(frameHeader(frame.data, endStream, stream, body.length), body);
  };
  const finish = (stream: number, broken: boolean): void => {
    const answer = answers.get(stream);
    if (answer === undefined) return;
    answers.delete(stream);
    answer.ended(broken);
  };
  const control = (type: number, flags: number, stream: number, payload: Buffer): void => {
    if (type === frame.settings && (flags & ack) === 0) push(frameHeader(frame.settings, ack, 0, 0));
    else if (type === frame.ping && (flags & ack) === 0) push(frameHeader(frame.ping, ack, 0, 8), Buffer.from(payload));
    else if (type === frame.reset) finish(stream, true);
    else if (type === frame.windowUpdate && stream === 0) {
      sendWindow += payload.readUInt32BE(0) & largestWindow;
      const waiting = blocked;
      blocked = [];
      for (const each of waiting) sendBody(each.stream, each.body);
    }
  };

  readFrames(socket, {
    data(stream, payload, last) {
      received += payload.length;
      if (received > 1 << 24) {
        push(windowUpdate(0, received));
        received = 0;
      }
      answers.get(stream)?.data?.(payload);
      if (last) finish(stream, false);
    },
    other(type, flags, stream, payload) {
      if (type === frame.headers) {
        if ((flags & endStream) !== 0) finish(stream, false);
      } else control(type, flags, stream, payload);
    },
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const stream of answers.keys()) finish(stream, true);
  });
  push();

  return {
    send(headers, path, body, answer) {
      if (socket.destroyed) {
        answer.ended(true);
        return;
      }
      const stream = nextStream;
      nextStream += 2;
      answers.set(stream, answer);
      const block = encoder.encode(headers, path);
      push(frameHeader(frame.headers, endHeaders | (body === undefined ? endStream : 0), stream, block.length), block);
      if (body !== undefined) sendBody(stream, body);
    },
    close: () => void socket.destroy(),
  };
}

interface FrameSink {
  /** `last` with the final piece of the stream's final frame. */
  data(stream: number, payload: Buffer, last: boolean): void;
  other(type: number, flags: number, stream: number, payload: Buffer): void;
}

/** Cuts the byte stream into frames; the payload of DATA is handed on in pieces, as it comes. */
function readFrames(socket: TLSSocket, sink: FrameSink): void {
  let rest: Buffer = Buffer.alloc(0);
  /** Payload bytes still due of the DATA frame in progress. */
  let due = 0;
  let stream = 0;
  let last = false;
  socket.on('data', (incoming: Buffer) => {
    const chunk = rest.length === 0 ? incoming : Buffer.concat([rest, incoming]);
    let at = 0;
    for (;;) {
      if (due > 0) {
        const piece = Math.min(due, chunk.length - at);
        if (piece === 0) break;
        due -= piece;
        sink.data(stream, chunk.subarray(at, at + piece), last && due === 0);
        at += piece;
        continue;
      }
      if (chunk.length - at < 9) break;
      const length = chunk.readUIntBE(at, 3);
      const type = chunk[at + 3] ?? 0;
      const flags = chunk[at + 4] ?? 0;
      const id = chunk.readUInt32BE(at + 5) & largestWindow;
      if (type === frame.data) {
        at += 9;
        stream = id;
        last = (flags & endStream) !== 0;
        due = length;
        if (length === 0) sink.data(id, chunk.subarray(at, at), last);
        continue;
      }
      if (chunk.length - at < 9 + length) break;
      sink.other(type, flags, id, chunk.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    rest = at === chunk.length ? Buffer.alloc(0) : chunk.subarray(at);
  });
}
