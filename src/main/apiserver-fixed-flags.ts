// Flags of kube-apiserver whose work this server does in one way only, or whose machinery it does not have. Manifests and
// installers give many of them with upstream's default: that is taken. What this server would not do is refused with the
// reason, instead of being believed. A row whose every value has an effect has its place in apiserver-flags.ts.
import type { ApiserverFlags } from './apiserver-flags.ts';
import type { FlagRow } from './flag-parse.ts';

export type FixedRow = FlagRow & {
  /** The texts that change nothing; absent: every value, as there is nothing that it could change for clients. */
  readonly only?: readonly string[];
  /** Why another value is not possible. */
  readonly why?: string;
};

const emulation = 'only the own version is emulated';
const leaders = 'coordinated leader election is not served';
const peers = 'requests are not handed on to peers of other versions';
const golang = 'there is no Go runtime to profile';
const logs = 'log lines are written at once, to one stream';
const store = 'the store is asked when a request needs it, and each request has its own deadline';

export const fixedFlags = {
  'aggregator-reject-forwarding-redirect': { type: 'bool', default: true, help: 'Redirects of extension API servers are refused; only true is possible.', only: ['true'], why: 'redirects of extension API servers are always refused' },
  'contention-profiling': { type: 'bool', default: false, help: `Only false is possible: ${golang}.`, only: ['false'], why: golang },
  'coordinated-leadership-lease-duration': { type: 'duration', default: 15_000, help: `Only the default is possible: ${leaders}.`, only: ['15000'], why: leaders },
  'coordinated-leadership-renew-deadline': { type: 'duration', default: 10_000, help: `Only the default is possible: ${leaders}.`, only: ['10000'], why: leaders },
  'coordinated-leadership-retry-period': { type: 'duration', default: 2000, help: `Only the default is possible: ${leaders}.`, only: ['2000'], why: leaders },
  'cors-allowed-origins': { type: 'list', default: [], help: 'Not possible: browsers are not answered across origins.', only: [''], why: 'browsers are not answered across origins; put a proxy in front' },
  'debug-socket-path': { type: 'string', default: '', help: `Not possible: ${golang}.`, only: [''], why: golang },
  'delete-collection-workers': { type: 'int', default: 1, help: 'Taken, without effect: the deletions of a collection wait for the disk together.' },
  'emulation-forward-compatible': { type: 'bool', default: false, help: `Only false is possible: ${emulation}.`, only: ['false'], why: emulation },
  'enable-garbage-collector': { type: 'bool', default: true, help: 'Only true is possible.', only: ['true'], why: 'deletions always heed dependents' },
  'enable-logs-handler': { type: 'bool', default: false, help: 'Only false is possible: /logs is not served.', only: ['false'], why: '/logs is not served' },
  'endpoint-reconciler-type': { type: 'string', default: 'lease', help: 'Who keeps the endpoints of default/kubernetes: lease, each server its own; none, nobody.', only: ['lease', 'none'], why: 'the endpoints of default/kubernetes follow leases, or nobody keeps them' },
  'etcd-count-metric-poll-period': { type: 'duration', default: 60_000, help: 'Taken, without effect: objects are counted when metrics are read.' },
  'etcd-db-metric-poll-interval': { type: 'duration', default: 30_000, help: 'Taken, without effect: the size of the store is asked for when metrics are read.' },
  'etcd-healthcheck-timeout': { type: 'duration', default: 2000, help: `Taken, without effect: ${store}.` },
  'etcd-readycheck-timeout': { type: 'duration', default: 2000, help: `Taken, without effect: ${store}.` },
  'etcd-servers-overrides': { type: 'list', default: [], help: 'Not possible: all resources lie in one store.', only: [''], why: 'all resources lie in one store, under one revision' },
  'kubelet-preferred-address-types': { type: 'list', default: [], help: 'Taken, without effect: InternalIP, ExternalIP and then names are tried, as names need a resolver.' },
  'kubelet-timeout': { type: 'duration', default: 5000, help: 'Taken, without effect: requests to kubelets last as long as the request that asks for them.' },
  'kubernetes-service-node-port': { type: 'int', default: 0, help: 'Only 0 is possible: the Service default/kubernetes is of type ClusterIP.', only: ['0'], why: 'the Service default/kubernetes is of type ClusterIP' },
  'lease-reuse-duration-seconds': { type: 'int', default: 60, help: 'Taken, without effect: leases of events are shared for a minute.' },
  'livez-grace-period': { type: 'duration', default: 0, help: 'Only 0 is possible: /livez tells what is.', only: ['0'], why: '/livez tells what is' },
  'log-flush-frequency': { type: 'duration', default: 5000, help: `Taken, without effect: ${logs}.` },
  'log-json-info-buffer-size': { type: 'string', default: '0', help: `Only 0 is possible: ${logs}.`, only: ['0'], why: logs },
  'log-json-split-stream': { type: 'bool', default: false, help: `Only false is possible: ${logs}.`, only: ['false'], why: logs },
  'log-text-info-buffer-size': { type: 'string', default: '0', help: `Only 0 is possible: ${logs}.`, only: ['0'], why: logs },
  'log-text-split-stream': { type: 'bool', default: false, help: `Only false is possible: ${logs}.`, only: ['false'], why: logs },
  'logging-format': { type: 'string', default: 'text', help: 'Taken, without effect: the log has one format.', only: ['text', 'json'], why: 'Unsupported log format' },
  'max-connection-bytes-per-sec': { type: 'int', default: 0, help: 'Only 0 is possible: connections are not throttled.', only: ['0'], why: 'connections are not throttled' },
  'min-compatibility-version': { type: 'list', default: [], help: `Not possible: ${emulation}.`, only: ['', '1.35', 'kube=1.35', '1.36', 'kube=1.36'], why: emulation },
  'peer-advertise-ip': { type: 'string', default: '', help: `Not possible: ${peers}.`, only: [''], why: peers },
  'peer-advertise-port': { type: 'string', default: '', help: `Not possible: ${peers}.`, only: [''], why: peers },
  'peer-ca-file': { type: 'string', default: '', help: `Not possible: ${peers}.`, only: [''], why: peers },
  'permit-address-sharing': { type: 'bool', default: false, help: 'Only false is possible.', only: ['false'], why: 'the port is opened for this process alone' },
  'permit-port-sharing': { type: 'bool', default: false, help: 'Only false is possible.', only: ['false'], why: 'the port is opened for this process alone' },
  profiling: { type: 'bool', default: false, help: `Taken, without effect: ${golang}, and /debug/pprof is not served.` },
  'runtime-config-emulation-forward-compatible': { type: 'bool', default: false, help: `Only false is possible: ${emulation}.`, only: ['false'], why: emulation },
  'shutdown-watch-termination-grace-period': { type: 'duration', default: 0, help: 'Taken, without effect: watches end when the server begins to drain, and clients resume elsewhere.' },
  'storage-backend': { type: 'string', default: '', help: "Only etcd3 is possible, which --etcd-servers makes an etcd and its absence the embedded store with etcd's meaning.", only: ['', 'etcd3'], why: "--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'" },
  'storage-initialization-timeout': { type: 'duration', default: 60_000, help: 'Taken, without effect: the server is ready once its caches are.' },
  'storage-media-type': { type: 'string', default: 'application/json', help: 'Only application/json is possible for what is written; what others wrote in other forms is read.', only: ['application/json'], why: 'objects are stored as JSON' },
  'tracing-config-file': { type: 'string', default: '', help: 'Not possible: traces are not exported.', only: [''], why: 'traces are not exported' },
  vmodule: { type: 'string', default: '', help: 'Not possible: see --v.', only: [''], why: 'the log has one verbosity' },
  'watch-cache': { type: 'bool', default: true, help: 'Taken, without effect: reads are answered from memory, and are as consistent as those of etcd.' },
  'watch-cache-sizes': { type: 'list', default: [], help: 'Taken, without effect: the history for watches is bounded by memory, not by resource.' },
} as const satisfies Readonly<Record<string, FixedRow>>;

function isFixed(name: string): name is keyof typeof fixedFlags {
  return Object.hasOwn(fixedFlags, name);
}

/** What was asked for that this server does not do. */
export function fixedFlagErrors(flags: ApiserverFlags): string[] {
  return Object.keys(fixedFlags).filter(isFixed).flatMap((name) => {
    const row: FixedRow = fixedFlags[name];
    const value = flags.get(name);
    const text = Array.isArray(value) ? value.join(',') : String(value);
    return row.only === undefined || !flags.given(name) || row.only.includes(text) ? [] : [`--${name}=${text} is not possible: ${row.why ?? ''}`];
  });
}
