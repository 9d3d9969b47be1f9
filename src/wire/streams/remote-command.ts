// exec and attach as a server hears them, whichever way the client speaks: WebSocket channels (v4, v5 and the
// old ones, KEP-4006) or SPDY/3.1 streams. The caller copies bytes and finishes with a Status; how a
// Status travels (JSON from v4 on, plain text before) is settled here.
import type { Readable, Writable } from 'node:stream';
import { type Clock } from '#base/clock.ts';
import type { Exchange } from '../contract.ts';
import type { SpdyStream } from '../spdy/connection.ts';
import { acceptSpdy, isSpdyRequest, negotiateSpdy } from '../spdy/upgrade.ts';
import { webSocketChannels } from '../websocket/channels.ts';
import { acceptWebSocket, chooseSubprotocol, isWebSocketRequest } from '../websocket/upgrade.ts';
import { type TerminalSize, terminalSizes } from './terminal-size.ts';

export interface RemoteCommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly clock: Clock;
  /** How long a SPDY client may take to open its streams. Default 30 s. */
  readonly streamCreationMs?: number;
}

/** How the command ended: a meta/v1 Status as plain JSON. */
export interface CommandStatus {
  readonly status?: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

export interface RemoteCommand {
  /** Ends when the client closes its stdin or goes away. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  /** Never there with a tty. */
  readonly stderr: Writable | undefined;
  readonly resizes: AsyncIterable<TerminalSize>;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Sends what was written, then the status, then closes. Resolves when the client has taken it or is gone. */
  finish(status: CommandStatus): Promise<void>;
}

const spdyProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const webSocketProtocols = ['', 'channel.k8s.io', 'base64.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'v5.channel.k8s.io'];
const plainText = { 'content-type': 'text/plain; charset=utf-8' };

/** Completes the upgrade. undefined: the request was no good and has been answered, or the client went away. */
export async function acceptRemoteCommand(exchange: Exchange, options: RemoteCommandOptions): Promise<RemoteCommand | undefined> {
  const wanted = { ...options, stderr: options.stderr && !options.tty };
  if (isWebSocketRequest(exchange)) return overWebSocket(exchange, wanted);
  if (isSpdyRequest(exchange)) return overSpdy(exchange, wanted);
  exchange.send(400, plainText, 'unable to upgrade: missing upgrade headers in request\n');
  return undefined;
}

async function overWebSocket(exchange: Exchange, options: RemoteCommandOptions): Promise<RemoteCommand | undefined> {
  const protocol = chooseSubprotocol(exchange, webSocketProtocols);
  if (protocol === undefined) {
    exchange.send(403, plainText, 'unable to upgrade: requested protocol(s) are not supported\n');
    return undefined;
  }
  const webSocket = await acceptWebSocket(exchange, protocol).catch(() => undefined);
  if (webSocket === undefined) return undefined;
  const channels = webSocketChannels(webSocket, {
    base64: protocol.includes('base64'),
    closeSignal: protocol.startsWith('v5.'),
    readable: options.stdin ? [0, 4] : [4],
    count: 5,
    side: 'server',
  });
  // Tells the client that the connection stands.
  channels.channel(options.stdout ? 1 : options.stderr ? 2 : 3).write(Buffer.alloc(0));
  const gone = new AbortController();
  channels.closed.then(() => gone.abort(new Error('the client is gone')));
  const stdout = options.stdout ? channels.channel(1) : undefined;
  const stderr = options.stderr ? channels.channel(2) : undefined;
  return {
    stdin: options.stdin ? channels.channel(0) : undefined,
    stdout,
    stderr,
    resizes: terminalSizes(channels.channel(4)),
    signal: gone.signal,
    async finish(status) {
      await Promise.all([ended(stdout), ended(stderr)]);
      const text = statusText(status, /^v[45]\./.test(protocol));
      if (text !== '') channels.channel(3).write(text);
      await ended(channels.channel(3));
      channels.close();
      await Promise.race([channels.closed, exit(options.clock)]);
      webSocket.terminate();
    },
  };
}

async function overSpdy(exchange: Exchange, options: RemoteCommandOptions): Promise<RemoteCommand | undefined> {
  const protocol = negotiateSpdy(exchange, spdyProtocols);
  if (protocol === undefined) return undefined;
  const resizable = options.tty && /^v[34]\./.test(protocol);
  const missing = new Set(['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => options[name]), ...(resizable ? ['resize'] : [])]);
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  const connection = acceptSpdy(exchange, protocol, (stream) => {
    const type = stream.requestHeaders.streamtype ?? '';
    stream.reply();
    if (!missing.delete(type)) return;
    streams.set(type, stream);
    if (missing.size === 0) complete.resolve(true);
  });
  connection.closed.then(() => complete.resolve(false));
  const timer = options.clock.after(options.streamCreationMs ?? 30_000, () => complete.resolve(false));
  const ready = await complete.promise;
  timer.cancel();
  if (!ready) {
    connection.close();
    return undefined;
  }
  const gone = new AbortController();
  connection.closed.then(() => gone.abort(new Error('the client is gone')));
  const resize = streams.get('resize');
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    resizes: resize === undefined ? nothing() : terminalSizes(resize),
    signal: gone.signal,
    async finish(status) {
      await Promise.all([ended(streams.get('stdout')), ended(streams.get('stderr'))]);
      const text = statusText(status, protocol.startsWith('v4.'));
      const errors = streams.get('error');
      if (text !== '') errors?.write(text);
      await ended(errors);
      streams.get('stdin')?.destroy();
      connection.close();
      await Promise.race([connection.closed, exit(options.clock)]);
    },
  };
}

function statusText(status: CommandStatus, json: boolean): string {
  if (json) return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? 'command failed');
}

/** Ends a stream and waits until everything written has left, or the peer is gone. */
function ended(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed || stream.writableFinished) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('finish', resolve).once('close', resolve).once('error', () => resolve());
    stream.end();
  });
}

/** A client that does not hang up after the end is not waited for much longer. */
function exit(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(5_000, resolve, { background: true });
  });
}

async function* nothing(): AsyncGenerator<TerminalSize> {}
