// Tunnels through a konnectivity server (apiserver-network-proxy) on a Unix socket: a gRPC connection for each tunnel, one
// stream of packets on it, and one dialled connection in that. Waits, texts and the order of packets are those of
// konnectivity's own client, which kube-apiserver dials with. The gRPC library is loaded with the first tunnel.
import { connect } from 'node:net';
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '#base/clock.ts';
import { codeOf } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import { messageForms } from '../grpc.ts';
import { abortReason } from '../http/client-options.ts';
import { type Dial, hostPort, type TunnelProxy } from './contract.ts';
import type { DialFailure, KonnectivityMetrics } from './konnectivity-metrics.ts';
import { konnectivitySchema, konnectivityService, type Packet } from './konnectivity-schema.ts';
import { KonnectivityStream } from './konnectivity-stream.ts';

export interface KonnectivityWorld {
  readonly clock: Clock;
  readonly random: Random;
}

const connectTimeoutMs = 30_000;
const dialTimeoutMs = 30_000;
const closeTimeoutMs = 10_000;

type PacketStream = ClientDuplexStream<Packet, Packet>;

export function konnectivityProxy(world: KonnectivityWorld, socketPath: string, metrics: KonnectivityMetrics): TunnelProxy {
  return {
    async connect(signal) {
      const { client, stream } = await openStream(world.clock, socketPath, signal);
      return tunnelOn(world, client, stream, metrics);
    },
  };
}

async function openStream(clock: Clock, socketPath: string, signal: AbortSignal | undefined): Promise<{ readonly client: Client; readonly stream: PacketStream }> {
  const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const service = loader.fromJSON(konnectivitySchema, messageForms)[konnectivityService];
  const method = service === undefined || 'format' in service ? undefined : service.Proxy;
  if (method === undefined) throw new Error(`no method Proxy in ${konnectivityService}`);
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    'grpc.default_authority': 'localhost', 'grpc.use_local_subchannel_pool': 1, 'grpc.initial_reconnect_backoff_ms': 1000, 'grpc.max_receive_message_length': 16 << 20, 'grpc.enable_retries': 0,
  });
  try {
    await reached(clock, client, socketPath, signal);
    return { client, stream: client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize as (bytes: Buffer) => Packet, new grpc.Metadata(), {}) };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Connecting is tried again until it works, as a server that is being replaced comes back. */
function reached(clock: Clock, client: Client, socketPath: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(signal === undefined ? new Error('aborted') : abortReason(signal));
    };
    const timer = clock.after(connectTimeoutMs, () => {
      end();
      whyNot(socketPath).then((why) => reject(new Error(`context deadline exceeded${why}`)), reject);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      if (error !== undefined) return;
      end();
      resolve();
    });
  });
}

const errnoTexts: Readonly<Record<string, string>> = { ENOENT: 'no such file or directory', ECONNREFUSED: 'connection refused', EACCES: 'permission denied', ENOTSOCK: 'socket operation on non-socket' };

/** The library does not tell why it did not connect. */
function whyNot(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    socket.once('connect', () => {
      socket.destroy();
      resolve('');
    });
    socket.once('error', (error) => resolve(`: connection error: desc = "transport: error while dialing: dial unix ${socketPath}: connect: ${errnoTexts[codeOf(error) ?? ''] ?? error.message}"`));
  });
}

class DialError extends Error {
  override name = 'DialError';
  readonly reason: DialFailure;
  constructor(message: string, reason: DialFailure) {
    super(message);
    this.reason = reason;
  }
}

/** A number that the answer carries back: 63 bits. */
function dialId(random: Random): string {
  return (Buffer.from(random.bytes(8)).readBigUInt64BE() >> 1n).toString();
}

/** What the one dial of a tunnel has led to. */
interface Dialled {
  readonly stream: KonnectivityStream;
  readonly id: string;
}

function tunnelOn(world: KonnectivityWorld, client: Client, packets: PacketStream, metrics: KonnectivityMetrics): Dial {
  const { clock } = world;
  const state = metrics.connection();
  const id = dialId(world.random);
  let answered: ((failure?: DialError) => void) | undefined;
  let dialled: Dialled | undefined;
  let isOver = false;
  const send: Send = (packet, done = () => undefined) => {
    if (isOver) return done(new Error('tunnel closed'));
    metrics.packet('from_client', packet.type);
    packets.write(packet, done);
  };
  const shut = (): void => {
    if (isOver) return;
    isOver = true;
    state.becomes(undefined);
    dialled?.stream.finished();
    answered?.(new DialError('tunnel closed', 'tunnelclosed'));
    packets.cancel();
    client.close();
  };
  const close = closer(clock, send, shut, () => dialled);
  // Made here and not where it is waited for: data may follow in the same breath.
  const begin = (connectID: string): void => {
    const stream = new KonnectivityStream(clock, { send: (data, done) => send({ type: 'DATA', data: { connectID, data } }, done), pause: () => packets.pause(), resume: () => packets.resume(), close });
    stream.on('error', () => undefined);
    dialled = { stream, id: connectID };
    state.becomes('ok');
  };
  packets.on('data', (packet: Packet) => {
    metrics.packet('to_client', packet.type);
    const { dialResponse, data, closeResponse } = packet;
    if (packet.type === 'DIAL_RSP') {
      if (dialResponse?.random !== id || answered === undefined) return shut();
      if (dialResponse.error === '') begin(dialResponse.connectID);
      answered(dialResponse.error === '' ? undefined : new DialError(dialResponse.error, 'endpoint'));
    } else if (packet.type === 'DIAL_CLS') {
      answered?.(new DialError('dial closed', 'dialclosed'));
      shut();
    } else if (packet.type === 'DATA' && data !== undefined && data.connectID !== '0') {
      if (dialled?.id === data.connectID) dialled.stream.arrived(data.data);
      else send({ type: 'CLOSE_REQ', closeRequest: { connectID: data.connectID } });
    } else if (packet.type === 'CLOSE_RSP' && dialled !== undefined && closeResponse?.connectID === dialled.id) shut();
  });
  packets.on('error', (error: ServiceError) => {
    if (!isOver) metrics.streamFailed('to_client', error.code, 'Unknown');
    shut();
  });
  packets.on('end', shut);
  return async (address, signal) => {
    state.becomes('dialing');
    try {
      await asked({ clock, id, send, shut, listen: (listener) => void (answered = listener) }, hostPort(address), signal);
      if (dialled === undefined) throw new DialError('tunnel closed', 'tunnelclosed');
      return dialled.stream;
    } catch (error) {
      metrics.dialFailed(error instanceof DialError ? error.reason : 'unknown');
      throw error;
    }
  };
}

type Send = (packet: Packet, done?: (error: Error | null | undefined) => void) => void;

/** Says once that the connection is over; whether or not the server agrees, the tunnel goes soon. */
function closer(clock: Clock, send: Send, shut: () => void, dialled: () => Dialled | undefined): () => void {
  let isClosing = false;
  return () => {
    const connection = dialled();
    if (isClosing || connection === undefined) return;
    isClosing = true;
    clock.after(closeTimeoutMs, shut, { background: true });
    send({ type: 'CLOSE_REQ', closeRequest: { connectID: connection.id } }, (error) => {
      if (error !== null && error !== undefined) shut();
    });
  };
}

interface Asking {
  readonly clock: Clock;
  readonly id: string;
  readonly send: Send;
  readonly shut: () => void;
  readonly listen: (listener: ((failure?: DialError) => void) | undefined) => void;
}

/** Resolves when the connection is there. Whoever stops waiting says so, and lets go of the tunnel. */
function asked({ clock, id, send, shut, listen }: Asking, address: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      listen(undefined);
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (error: Error): void => {
      end();
      reject(error);
      send({ type: 'DIAL_CLS', closeDial: { random: id } }, shut);
    };
    const onAbort = (): void => giveUp(new DialError('dial timeout, context', 'context'));
    const timer = clock.after(dialTimeoutMs, () => giveUp(new DialError('dial timeout, backstop', 'timeout')));
    listen((failure) => {
      end();
      if (failure === undefined) return resolve();
      reject(failure);
      shut();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    send({ type: 'DIAL_REQ', dialRequest: { protocol: 'tcp', address, random: id } }, (error) => {
      if (error === null || error === undefined) return;
      end();
      reject(error);
      shut();
    });
    if (signal?.aborted === true) onAbort();
  });
}
