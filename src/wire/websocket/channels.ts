// Numbered channels over one WebSocket (channel.k8s.io and its successors): every message begins with its
// channel's number, as a byte, or as a digit before base64 in the textual variants. v5 adds [255, n]: no more
// data on channel n. Also a WebSocket as one plain byte stream, which tunnels SPDY (KEP-4006).
import { Duplex } from 'node:stream';
import { messageBytes, type WebSocket } from './upgrade.ts';

const closeSignal = 255;
const unreadLimit = 1 << 20;

export interface ChannelOptions {
  readonly base64: boolean;
  /** v5: the end of a channel is told to the peer and understood from it. */
  readonly closeSignal: boolean;
  /** Which channels the peer may write to; messages for others are dropped. */
  readonly readable: readonly number[];
  readonly count: number;
  /** Only clients tell the end of a channel; servers close the connection. */
  readonly side: 'client' | 'server';
}

export interface Channels {
  /** A duplex per channel number. Its readable side ends with the connection or with the close signal. */
  channel(number: number): Duplex;
  /** Resolves when the WebSocket is closed. */
  readonly closed: Promise<void>;
  /** Closes after what has been written. */
  close(code?: number, reason?: string): void;
}

/** Splits `webSocket` into channels; it must not be read by anyone else. */
export function webSocketChannels(webSocket: WebSocket, options: ChannelOptions): Channels {
  const waiting = new Set<Duplex>();
  const channels = Array.from({ length: options.count }, (_, number) => {
    const channel: Duplex = new Duplex({
      readableHighWaterMark: unreadLimit,
      read() {
        if (waiting.delete(channel) && waiting.size === 0) webSocket.resume();
      },
      write: (chunk: Buffer, _encoding, done) => send(webSocket, encode(number, chunk, options.base64), !options.base64, done),
      final(done) {
        if (options.closeSignal && options.side === 'client' && webSocket.readyState === webSocket.OPEN) send(webSocket, Buffer.from([closeSignal, number]), true, done);
        else done();
      },
    });
    channel.on('error', () => undefined);
    return channel;
  });
  const ended = new Set<Duplex>();
  const end = (channel: Duplex | undefined): void => {
    if (channel === undefined || channel.destroyed || ended.has(channel)) return;
    ended.add(channel);
    channel.push(null);
  };
  webSocket.on('message', (data, isBinary) => {
    const message = messageBytes(data);
    if (message.length === 0) return;
    if (options.closeSignal && message[0] === closeSignal) {
      if (message.length === 2 && (message[1] ?? 0) < options.count) end(channels[message[1] ?? 0]);
      else webSocket.close(1002, 'malformed close signal');
      return;
    }
    const number = (message[0] ?? 0) - (options.base64 ? 0x30 : 0);
    const channel = channels[number];
    if (channel === undefined || !options.readable.includes(number) || channel.destroyed || ended.has(channel)) return;
    const payload = options.base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    if (payload.length === 0 || (options.base64 && isBinary && message.length < 2)) return;
    if (!channel.push(payload)) {
      waiting.add(channel);
      webSocket.pause();
    }
  });
  const closed = new Promise<void>((resolve) => {
    webSocket.once('close', () => {
      for (const channel of channels) {
        end(channel);
        channel.end();
      }
      resolve();
    });
  });
  webSocket.resume();
  return {
    channel: (number) => channels[number] as Duplex,
    closed,
    close: (code = 1000, reason = '') => {
      waiting.clear();
      webSocket.resume();
      webSocket.close(code, reason);
    },
  };
}

function encode(number: number, chunk: Buffer, base64: boolean): Buffer {
  if (!base64) return Buffer.concat([Buffer.from([number]), chunk]);
  return Buffer.from(String.fromCharCode(0x30 + number) + chunk.toString('base64'), 'latin1');
}

/** `done` when the socket has taken the message. */
function send(webSocket: WebSocket, message: Uint8Array, binary: boolean, done: (error?: Error | null) => void): void {
  if (webSocket.readyState !== webSocket.OPEN) done(new Error('the WebSocket is closed'));
  else webSocket.send(message, { binary }, (error) => done(error));
}

/** The WebSocket as a byte stream: each write is a binary message. */
export function webSocketDuplex(webSocket: WebSocket): Duplex {
  const duplex: Duplex = new Duplex({
    readableHighWaterMark: unreadLimit,
    read: () => webSocket.resume(),
    write: (chunk: Buffer, _encoding, done) => send(webSocket, chunk, true, done),
    writev(chunks, done) {
      send(webSocket, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), true, done);
    },
    final(done) {
      webSocket.close(1000);
      done();
    },
    destroy(error, done) {
      webSocket.terminate();
      done(error);
    },
  });
  duplex.on('error', () => undefined);
  webSocket.on('message', (data, isBinary) => {
    if (!isBinary) {
      webSocket.close(1003, 'binary messages only');
      return;
    }
    if (!duplex.destroyed && !duplex.push(messageBytes(data))) webSocket.pause();
  });
  webSocket.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
    duplex.end();
  });
  return duplex;
}
