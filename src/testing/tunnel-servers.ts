// The far ends of egress tunnels for tests: an HTTP proxy that takes CONNECT (TCP, TLS, Unix socket) and a konnectivity
// server (gRPC on a Unix socket). Both really connect, to a port of this machine that the test names for each address, so
// that a test can ask for addresses that only exist behind the tunnel; both tell what they were asked for.
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { joinSockets, konnectivitySchema, konnectivityService } from '#wire';

export interface TunnelServer extends AsyncDisposable {
  /** Where a CONNECT proxy on TCP listens. */
  readonly port: number;
  /** Every address asked for, in order. */
  readonly asked: string[];
  /** Connections that are open behind the tunnel now. */
  readonly open: number;
  /** Set: every dial is refused with this. */
  refusal: string | undefined;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
}

export interface TunnelServerOptions {
  /** The port on this machine that stands for an address ("10.0.0.1:443"). */
  readonly reach: (address: string) => number | undefined;
  /** Listens there instead of on a TCP port. */
  readonly socketPath?: string;
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

interface Doings {
  readonly asked: string[];
  readonly far: Set<Socket>;
  refusal: string | undefined;
  readonly idle: (() => void)[];
}

function doings(): Doings {
  return { asked: [], far: new Set(), refusal: undefined, idle: [] };
}

function track(own: Doings, socket: Socket): void {
  own.far.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    own.far.delete(socket);
    if (own.far.size === 0) for (const done of own.idle.splice(0)) done();
  });
}

function shown(own: Doings, port: number, close: () => Promise<void>): TunnelServer {
  return {
    port, asked: own.asked,
    get open() {
      return own.far.size;
    },
    get refusal() {
      return own.refusal;
    },
    set refusal(text) {
      own.refusal = text;
    },
    idle: () => new Promise((resolve) => (own.far.size === 0 ? resolve() : void own.idle.push(resolve))),
    async [Symbol.asyncDispose]() {
      for (const socket of own.far) socket.destroy();
      await close();
    },
  };
}

/** Refuses with 403 and the refusal as reason. */
export async function connectProxyServer({ reach, socketPath, tls }: TunnelServerOptions): Promise<TunnelServer> {
  const own = doings();
  const server = tls === undefined ? createPlainServer() : createTlsServer({ cert: tls.cert, key: tls.key, ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true }) });
  const near = new Set<Duplex>();
  server.on('connection', (socket: Socket) => {
    near.add(socket);
    socket.once('close', () => near.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const address = request.url ?? '';
    own.asked.push(address);
    socket.on('error', () => socket.destroy());
    const port = reach(address);
    if (own.refusal !== undefined || port === undefined) {
      socket.end(`HTTP/1.1 ${port === undefined ? '502 Bad Gateway' : `403 ${own.refusal}`}\r\n\r\n`);
      return;
    }
    const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    track(own, far);
    far.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      void joinSockets(socket, far);
    });
    far.once('error', () => socket.destroy());
    socket.once('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => (socketPath === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve)));
  const bound = server.address();
  return shown(own, typeof bound === 'object' && bound !== null ? bound.port : 0, async () => {
    for (const socket of near) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

interface Packet {
  readonly type: string;
  readonly dialRequest?: { readonly address: string; readonly random: string };
  readonly data?: { readonly connectID: string; readonly data: Uint8Array };
  readonly closeRequest?: { readonly connectID: string };
}

interface PacketCall {
  write(packet: object): boolean;
  end(): void;
  on(event: 'data', heard: (packet: Packet) => void): unknown;
  on(event: 'end' | 'cancelled' | 'drain', heard: () => void): unknown;
  on(event: 'error', heard: (error: Error) => void): unknown;
}

/** One stream of packets: at most one dial, as API servers do it. */
function serveTunnel(own: Doings, reach: TunnelServerOptions['reach'], connectID: string, call: PacketCall): void {
  let far: Socket | undefined;
  call.on('error', () => far?.destroy());
  for (const event of ['end', 'cancelled'] as const) call.on(event, () => far?.destroy());
  call.on('drain', () => far?.resume());
  call.on('data', (packet) => {
    const { dialRequest, data } = packet;
    if (packet.type === 'DATA' && data !== undefined) far?.write(data.data);
    else if (packet.type === 'CLOSE_REQ') {
      far?.destroy();
      call.write({ type: 'CLOSE_RSP', closeResponse: { connectID } });
    } else if (packet.type === 'DIAL_CLS') far?.destroy();
    else if (packet.type === 'DIAL_REQ' && dialRequest !== undefined) {
      own.asked.push(dialRequest.address);
      const port = reach(dialRequest.address);
      const answer = (error: string): void => void call.write({ type: 'DIAL_RSP', dialResponse: { error, connectID, random: dialRequest.random } });
      if (own.refusal !== undefined || port === undefined) return answer(own.refusal ?? 'no such address');
      const socket = connect({ host: '127.0.0.1', port });
      far = socket;
      track(own, socket);
      socket.once('connect', () => answer(''));
      socket.on('data', (bytes) => {
        if (!call.write({ type: 'DATA', data: { connectID, data: bytes } })) socket.pause();
      });
      socket.once('close', () => void call.write({ type: 'CLOSE_RSP', closeResponse: { connectID } }));
    }
  });
}

/** Answers a dial with the refusal as its error. */
export async function konnectivityServer({ reach, socketPath }: TunnelServerOptions & { readonly socketPath: string }): Promise<TunnelServer> {
  const [{ Server, ServerCredentials }, { fromJSON }] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const service = fromJSON(konnectivitySchema, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true })[konnectivityService];
  if (service === undefined || 'format' in service) throw new Error('no konnectivity service');
  const own = doings();
  const server = new Server();
  let count = 0;
  server.addService(service, { Proxy: (call: PacketCall) => serveTunnel(own, reach, String(++count), call) });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  return shown(own, 0, async () => server.forceShutdown());
}
