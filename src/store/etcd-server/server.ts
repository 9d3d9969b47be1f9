// etcd's v3 gRPC API in front of a local engine, so that etcdctl, and any API server that keeps its objects in etcd, can
// use it. Off unless asked for; on TCP only with client certificates of its own authority, on a unix socket for whoever
// the file system lets. One member, always the leader.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Server, ServerCredentials, type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { World } from '#base/world.ts';
import type { LocalStore } from '#store';
import { etcdApi } from '#store/etcd';
import { createKeyValues, maxRequestBytes } from './key-values.ts';
import { createLeases } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { openWatchStream, type WatchRequest } from './watches.ts';
import { grpcError, refusals } from './wire.ts';

export interface EtcdServerConfig {
  /** "127.0.0.1:2379" or "unix:/run/skiff/etcd.sock"; port 0 takes a free one. */
  readonly listen: string;
  /** PEM; a must on TCP. Clients show a certificate of `ca`. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** The name of the one member. */
  readonly name: string;
  /** A folder for snapshots on their way out. */
  readonly scratch: string;
}

export interface EtcdServer {
  readonly address: string;
  close(): Promise<void>;
}

type Unary = (request: never) => Promise<object>;

const limits = {
  'grpc.max_receive_message_length': maxRequestBytes + 512 * 1024,
  'grpc.max_send_message_length': -1,
  'grpc.max_concurrent_streams': 1_000,
  'grpc.keepalive_time_ms': 2 * 60 * 60_000,
};

function unary(work: Unary): (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => void {
  return (call, answer) => {
    // A refusal may come before the first wait.
    void (async () => work(call.request as never))().then((response) => answer(null, response), (error: unknown) => answer(grpcError(error)));
  };
}

/** Answers each message of a stream in its order. */
function eachInOrder(work: Unary): (call: ServerDuplexStream<object, object>) => void {
  return (call) => {
    let last: Promise<unknown> = Promise.resolve();
    call.on('data', (request: object) => {
      call.pause();
      last = last.then(() => work(request as never)).then(
        (response) => {
          call.write(response);
          call.resume();
        },
        (error: unknown) => call.destroy(Object.assign(new Error(grpcError(error).details), grpcError(error))),
      );
    });
    call.on('end', () => void last.then(() => call.end()));
    call.on('error', () => {});
  };
}

function services(world: World, store: LocalStore, { name, scratch }: EtcdServerConfig, address: () => string): ReadonlyMap<string, UntypedServiceImplementation> {
  const header = (revision: number): object => ({ cluster_id: 1, member_id: 1, revision, raft_term: 1 });
  const now = (): object => header(store.newestRevision());
  const keyValues = createKeyValues(store, header);
  const leases = createLeases(store, world.random, now);
  const maintenance = createMaintenance(store, now, scratch);
  const refuse = (what: string): ReturnType<typeof unary> => unary(async () => {
    throw refusals.notHere(what);
  });
  return new Map<string, UntypedServiceImplementation>([
    ['KV', { Range: unary(keyValues.range), Put: unary(keyValues.put), DeleteRange: unary(keyValues.deleteRange), Txn: unary(keyValues.txn), Compact: unary(keyValues.compact) }],
    ['Watch', { Watch: watchHandler(world, store, header) }],
    ['Lease', {
      LeaseGrant: unary(leases.grant), LeaseRevoke: unary(leases.revoke), LeaseKeepAlive: eachInOrder(leases.keepAlive),
      LeaseTimeToLive: unary(leases.timeToLive), LeaseLeases: unary(leases.list),
    }],
    ['Maintenance', {
      Alarm: unary(maintenance.alarm), Status: unary(maintenance.status), Defragment: unary(maintenance.defragment), Hash: unary(maintenance.hash), HashKV: unary(maintenance.hashKv),
      Snapshot: (call: ServerWritableStream<object, object>) => void maintenance.snapshot(call).catch((error: unknown) => call.destroy(Object.assign(new Error(grpcError(error).details), grpcError(error)))),
      MoveLeader: refuse('moving the leader'), Downgrade: refuse('a downgrade'),
    }],
    ['Cluster', {
      MemberList: unary(async () => ({ header: now(), members: [{ ID: 1, name, peerURLs: [], clientURLs: [address()], isLearner: false }] })),
      MemberAdd: refuse('adding a member'), MemberRemove: refuse('removing a member'), MemberUpdate: refuse('changing a member'), MemberPromote: refuse('promoting a member'),
    }],
    ['Auth', {
      AuthStatus: unary(async () => ({ header: now(), enabled: false, authRevision: 1 })),
      Authenticate: refuse('authentication by name and password'),
    }],
  ]);
}

function watchHandler(world: World, store: LocalStore, header: (revision: number) => object): (call: ServerDuplexStream<WatchRequest, object>) => void {
  return (call) => {
    const stream = openWatchStream(world, store, header, store.newestRevision, { write: (response) => call.write(response), onDrain: (run) => void call.once('drain', run) });
    call.on('data', (request: WatchRequest) => stream.request(request));
    call.on('end', () => {
      stream.close();
      call.end();
    });
    for (const over of ['cancelled', 'error', 'close']) call.on(over, () => stream.close());
  };
}

/** Listens until closed. Throws when it would listen on TCP without certificates. */
export async function serveEtcd(world: World, store: LocalStore, config: EtcdServerConfig): Promise<EtcdServer> {
  const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(config.listen)?.[1];
  if (socket === undefined && config.tls === undefined) throw new Error('etcd\'s API is served on TCP with certificates only, or on a unix socket');
  const server = new Server(limits);
  let address = config.listen;
  for (const [service, handlers] of services(world, store, config, () => address)) {
    const definition = etcdApi[`etcdserverpb.${service}`];
    if (definition === undefined || 'format' in definition) throw new Error(`no definition of etcd's service ${service}`);
    server.addService(definition, handlers);
  }
  if (socket !== undefined) {
    mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
    rmSync(socket, { force: true });
  }
  const { tls } = config;
  const credentials = socket !== undefined || tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(Buffer.from(tls.ca), [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(socket === undefined ? config.listen : `unix:${socket}`, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  if (socket === undefined) address = `https://${config.listen.replace(/:\d+$/, '')}:${port}`;
  else chmodSync(socket, 0o600);
  return {
    address,
    close: () => new Promise((resolve) => {
      server.forceShutdown();
      if (socket !== undefined) rmSync(socket, { force: true });
      resolve();
    }),
  };
}
