// A client that says what no library would let it say: frames made by hand (RFC 9113), header fields as literals
// (RFC 7541), and a record of all that the server sends. It answers the server's settings and pings, and gives windows
// back unless told not to. What it waits for is an event, or the end of the connection, never a time.
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ErrorCode, Flag, FrameType, preface, Setting, uint31 } from './protocol.ts';
import { ca } from '../http/test-server.case.ts';

const empty = Buffer.alloc(0);

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Received {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** What has come for a stream so far. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly ended: boolean;
  /** The code of the server's reset. */
  readonly reset: number | undefined;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = empty): Buffer {
  return Buffer.concat([frameHead(payload.length, type, flags, stream), payload]);
}

export function frameHead(length: number, type: number, flags: number, stream: number): Buffer {
  return Buffer.concat([Buffer.from([length >> 16, length >> 8, length, type, flags]), uint32(stream)]);
}

/** A literal of RFC 7541, 5.2, uncompressed. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** Fields without indexing, or (`indexed`) such that each becomes an entry of the table. */
export function block(fields: Fields, indexed = false): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([indexed ? 0x40 : 0]), literal(name), literal(value)]));
}

export const whole = Flag.endStream | Flag.endHeaders;

export function request(method: string, path: string, more: Fields = []): Fields {
  return [[':method', method], [':scheme', 'https'], [':path', path], [':authority', 'localhost'], ...more];
}

export const headers = (stream: number, fields: Fields, flags: number = whole): Buffer => frame(FrameType.headers, flags, stream, block(fields));
export const get = (stream: number, path: string, more: Fields = []): Buffer => headers(stream, request('GET', path, more));
/** The head of a request whose body follows. */
export const post = (stream: number, path: string, more: Fields = []): Buffer => headers(stream, request('POST', path, more), Flag.endHeaders);
export const continuation = (stream: number, bytes: Uint8Array, flags = 0): Buffer => frame(FrameType.continuation, flags, stream, bytes);
export const data = (stream: number, bytes: Uint8Array | string, flags: number = Flag.endStream): Buffer => frame(FrameType.data, flags, stream, Buffer.from(bytes));
export const ping = (text: string, flags = 0): Buffer => frame(FrameType.ping, flags, 0, Buffer.from(text.padEnd(8).slice(0, 8)));
export const windowUpdate = (stream: number, bytes: number): Buffer => frame(FrameType.windowUpdate, 0, stream, uint32(bytes));
export const reset = (stream: number, code: number = ErrorCode.cancel): Buffer => frame(FrameType.rstStream, 0, stream, uint32(code));
export const goaway = (last: number, code: number, text = ''): Buffer => frame(FrameType.goaway, 0, 0, Buffer.concat([uint32(last), uint32(code), Buffer.from(text)]));
export const settingsAck = frame(FrameType.settings, Flag.ack, 0);

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  return frame(FrameType.settings, 0, 0, Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id]), uint32(value)]))));
}

/** The status of an answer's header block; the client's table has no room, so that no entry can stand for it. */
function statusOf(block: Buffer): number {
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = block[at] ?? 0;
  const common = [200, 204, 206, 304, 400, 404, 500][first - 0x88];
  if (common !== undefined) return common;
  const length = (block[at + 1] ?? 0) & 0x7f;
  const text = block.subarray(at + 2, at + 2 + length);
  return Number((block[at + 1] ?? 0) & 0x80 ? huffmanDigits(text) : text.toString('latin1'));
}

/** Of RFC 7541's code only what a status needs: 0 to 2 have five bits, 3 to 9 have six. */
function huffmanDigits(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  let text = '';
  for (let at = 0; text.length < 3; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    text += short < 3 ? short : Number.parseInt(bits.slice(at, at + 6), 2) - 0x16;
    at += short < 3 ? 5 : 6;
  }
  return text;
}

export interface RawOptions {
  /** False: nothing is sent by itself, not even the preface. */
  readonly polite?: boolean;
  /** False: windows are only given by hand. */
  readonly windows?: boolean;
  readonly settings?: readonly (readonly [id: number, value: number])[];
}

export interface RawClient {
  readonly socket: TLSSocket;
  readonly frames: readonly Received[];
  readonly closed: boolean;
  send(...parts: readonly Uint8Array[]): void;
  /** Rejects when the connection ends before `check` holds. */
  until(check: () => boolean): Promise<void>;
  /** The server has dealt with all that was sent, or has had enough of this connection. */
  settled(): Promise<void>;
  answer(stream: number): Answer;
  /** The answer, once it has ended or was reset. */
  answered(stream: number): Promise<Answer>;
  /** The code of the server's last GOAWAY. */
  readonly goaway: number | undefined;
  ended(): Promise<void>;
  /** All frames in short, for messages. */
  told(): string;
}

/** Connects, and says hello unless told not to. */
export async function connectRaw(port: number, options: RawOptions = {}): Promise<RawClient> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: ca.cert, ALPNProtocols: ['h2'] });
  socket.on('error', () => undefined).setNoDelay(true);
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('close', () => reject(new Error('no TLS'))));
  const client = converse(socket, options);
  if (options.polite !== false) client.send(preface, settings([Setting.headerTableSize, 0], ...(options.settings ?? [])));
  return client;
}

function converse(socket: TLSSocket, options: RawOptions): RawClient {
  const frames: Received[] = [];
  const answers = new Map<number, { status: number; chunks: Buffer[]; ended: boolean; reset: number | undefined }>();
  const waiting = new Set<() => void>();
  let rest: Buffer = empty;
  let closed = false;
  let pings = 0;
  let goawayCode: number | undefined;
  const take = (received: Received): void => {
    const { type, flags, stream, payload } = received;
    frames.push(received);
    const answer = answers.get(stream) ?? { status: 0, chunks: [], ended: false, reset: undefined };
    answers.set(stream, answer);
    const ends = type === FrameType.data || type === FrameType.headers;
    if (type === FrameType.headers && answer.status === 0) answer.status = statusOf(payload);
    if (type === FrameType.data) answer.chunks.push(payload);
    if (type === FrameType.rstStream) answer.reset = payload.readUInt32BE(0);
    if (type === FrameType.goaway) goawayCode = payload.readUInt32BE(4);
    if (ends && (flags & Flag.endStream) !== 0) answer.ended = true;
    if (options.polite === false) return;
    if (type === FrameType.settings && (flags & Flag.ack) === 0) client.send(settingsAck);
    if (type === FrameType.ping && (flags & Flag.ack) === 0) client.send(frame(FrameType.ping, Flag.ack, 0, payload));
    if (type === FrameType.data && payload.length > 0 && options.windows !== false) client.send(windowUpdate(0, payload.length), windowUpdate(stream, payload.length));
  };
  const wake = (): void => {
    for (const check of waiting) check();
  };
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 9 && rest.length - at >= 9 + rest.readUIntBE(at, 3)) {
      const end = at + 9 + rest.readUIntBE(at, 3);
      take({ type: rest[at + 3] ?? 0, flags: rest[at + 4] ?? 0, stream: uint31(rest, at + 5), payload: Buffer.from(rest.subarray(at + 9, end)) });
      at = end;
    }
    rest = rest.subarray(at);
    wake();
  });
  socket.once('close', () => {
    closed = true;
    wake();
  });
  const ponged = (text: string): boolean => frames.some(({ type, flags, payload }) => type === FrameType.ping && (flags & Flag.ack) !== 0 && payload.toString().trim() === text);
  const when = (check: () => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      const look = (): void => {
        const holds = check();
        if (!holds && !closed) return;
        waiting.delete(look);
        resolve(holds);
      };
      waiting.add(look);
      look();
    });
  const client: RawClient = {
    socket,
    frames,
    get closed() {
      return closed;
    },
    get goaway() {
      return goawayCode;
    },
    send(...parts) {
      if (!socket.destroyed && socket.writable) socket.write(Buffer.concat(parts));
    },
    async until(check) {
      if (!(await when(check))) throw new Error(`the connection ended before; it brought: ${client.told()}`);
    },
    async settled() {
      // The answer to a ping may overtake what came of a frame before it, that to a second one asked after it does not.
      for (let i = 0; i < 2; i++) {
        const text = `s${++pings}`;
        client.send(ping(text));
        await when(() => ponged(text) || goawayCode !== undefined);
      }
    },
    answer(stream) {
      const { status, chunks, ended, reset: code } = answers.get(stream) ?? { status: 0, chunks: [], ended: false, reset: undefined };
      return {
        status,
        ended,
        reset: code,
        get body() {
          return Buffer.concat(chunks);
        },
      };
    },
    async answered(stream) {
      await client.until(() => client.answer(stream).ended || client.answer(stream).reset !== undefined);
      return client.answer(stream);
    },
    ended: async () => void (await when(() => closed)),
    told: () => frames.slice(-50).map(({ type, flags, stream, payload }) => `${type}/${flags.toString(16)}@${stream}+${payload.length}${type === FrameType.goaway || type === FrameType.rstStream ? `=${payload.toString('hex')}` : ''}`).join(' '),
  };
  return client;
}
