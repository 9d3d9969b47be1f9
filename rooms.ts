// The only import law. Every folder of src/ is a room with one sentence, the rooms it may import, and the
// npm packages and node builtins it may use; `npm run check` enforces it (tools/check-rooms.ts), and a
// folder without a row fails. `typeOnly` rooms may be imported with `import type` alone.

export interface Room {
  /** What the room is, in one sentence. */
  readonly is: string;
  readonly rooms: readonly string[];
  readonly typeOnly?: readonly string[];
  readonly packages?: readonly string[];
  /** Without the `node:` prefix. */
  readonly builtins?: readonly string[];
}

const program = ['client', 'machinery', 'api', 'wire', 'base'];

export const rooms: Readonly<Record<string, Room>> = {
  base: {
    is: 'Clock, timers, randomness, bounded queues, errors, logs and the metrics registry; no Kubernetes word.',
    rooms: [],
    packages: ['pino'],
    builtins: ['crypto', 'fs', 'fs/promises', 'path', 'os', 'net', 'child_process'],
  },
  api: { is: 'Every group, version, type and resource as data; static types generated from it.', rooms: [] },
  wire: {
    is: 'HTTP/2, HTTP/1.1, WebSocket, SPDY/3.1, gRPC, TLS and PKI; no Kubernetes object.',
    rooms: ['base'],
    packages: ['ws', '@grpc/grpc-js', '@grpc/proto-loader'],
    builtins: ['http', 'http2', 'https', 'net', 'tls', 'stream', 'stream/promises', 'zlib', 'crypto', 'events', 'fs', 'fs/promises', 'path', 'url'],
  },
  machinery: {
    is: 'What every object obeys: encodings, defaults, validation, selectors, patches, apply, tables, OpenAPI, Status.',
    rooms: ['api', 'base', 'wire'],
    packages: ['js-yaml', 're2js'],
    builtins: ['crypto', 'net', 'fs', 'path', 'module', 'util', 'zlib', 'worker_threads'],
  },
  store: {
    is: "Revisioned bytes with etcd's semantics: the contract, its engines and one case suite for all.",
    rooms: ['base'],
    packages: ['lmdb'],
    builtins: ['fs', 'fs/promises', 'path', 'crypto', 'zlib', 'stream', 'stream/promises'],
  },
  'store/etcd-server': {
    is: "etcd's v3 gRPC API in front of the embedded store: etcdctl, and API servers that keep their objects in etcd.",
    rooms: ['base', 'store', 'store/etcd'],
    packages: ['@grpc/grpc-js'],
    builtins: ['fs', 'fs/promises', 'path', 'crypto', 'events'],
  },
  'store/etcd': {
    is: 'The store on a real etcd cluster through gRPC.',
    rooms: ['base', 'store', 'wire'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    builtins: ['fs', 'path', 'url'],
  },
  apiserver: {
    is: 'Request to answer: identity, permission, admission, registry, watch cache, discovery.',
    rooms: ['store', 'machinery', 'api', 'wire', 'base'],
    packages: ['@noble/ciphers'],
    builtins: ['crypto', 'zlib', 'stream', 'stream/promises', 'net', 'tls', 'fs', 'fs/promises', 'path', 'v8', 'perf_hooks', 'util'],
  },
  client: { is: 'Typed REST, watch, informers, listers, work queues, leases and events: how everyone else talks.', rooms: ['machinery', 'api', 'wire', 'base'], builtins: ['fs', 'fs/promises', 'path', 'os'] },
  controllers: { is: 'One folder per upstream controller name.', rooms: program, builtins: ['crypto'] },
  scheduler: { is: 'Snapshot in, decision out; plugins; queue; preemption.', rooms: program },
  linux: {
    is: 'The only room that touches netlink, nftables, mounts, cgroups and namespaces.',
    rooms: ['base', 'wire'],
    builtins: ['child_process', 'fs', 'fs/promises', 'path', 'net', 'os', 'stream'],
  },
  runtime: {
    is: 'CRI, CNI and OCI image clients, and the containerd that Skiff runs.',
    rooms: ['base', 'wire', 'linux'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader', 'tar-stream'],
    builtins: ['child_process', 'fs', 'fs/promises', 'path', 'net', 'os', 'stream', 'stream/promises', 'zlib', 'crypto', 'url'],
  },
  kubelet: {
    is: 'The node agent: pods from the API or files to running containers and back to status.',
    rooms: [...program, 'runtime', 'linux'],
    packages: ['@grpc/grpc-js'],
    builtins: ['fs', 'fs/promises', 'path', 'net', 'os', 'http', 'https', 'stream', 'crypto', 'zlib'],
  },
  proxy: { is: 'Services and EndpointSlices to nftables, by delta.', rooms: [...program, 'linux'], builtins: ['net', 'crypto'] },
  dns: { is: 'The cluster DNS server and its forwarder.', rooms: program, packages: ['dns-packet'], builtins: ['dgram', 'net', 'fs', 'fs/promises'] },
  metrics: { is: 'metrics.k8s.io from the kubelets: what kubectl top asks.', rooms: program },
  cli: {
    is: 'The skiff command: flags, checklist, preflight, cluster lifecycle on one machine.',
    rooms: [...program, 'runtime', 'linux'],
    packages: ['commander', 'yaml', 'js-yaml'],
    builtins: ['child_process', 'fs', 'fs/promises', 'path', 'os', 'net', 'tls', 'dns', 'dns/promises', 'readline', 'process', 'stream', 'crypto', 'url', 'util'],
  },
  testing: {
    is: 'The public in-process cluster, simulated nodes and virtual time.',
    rooms: ['apiserver', 'store', 'controllers', 'scheduler', 'kubelet', 'runtime', ...program],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    builtins: ['stream', 'fs', 'fs/promises', 'path', 'os', 'crypto', 'events', 'http', 'https', 'net'],
  },
  main: {
    is: 'One file per program: flags, signals, wiring; the only place that sees both sides.',
    rooms: ['apiserver', 'store', 'store/etcd', 'store/etcd-server', 'controllers', 'scheduler', 'kubelet', 'runtime', 'linux', 'proxy', 'dns', 'metrics', 'cli', 'testing', ...program],
    packages: ['commander'],
    builtins: ['fs', 'fs/promises', 'path', 'os', 'process', 'net', 'tls', 'crypto', 'child_process', 'util', 'v8', 'url', 'module', 'vm'],
  },
};
