// The API server put together: cache, registry, chain, bootstrap. main/ gives it a store and its security and
// serves the handler it gets back.
import { enabledResources } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import { openApiDocuments } from '#machinery';
import type { Store } from '#store';
import { memoryTransport, type Handler, type HttpTransportOptions, type Transport } from '#wire';
import { createServiceAllocation } from './allocation/service-allocation.ts';
import { kubernetesServiceHook } from './bootstrap/kubernetes-service.ts';
import { createHookRunner } from './bootstrap/run-hooks.ts';
import { clusterAuthenticationHook, priorityClassesHook, serviceCidrHook, systemNamespacesHook, type TrustedClients } from './bootstrap/system-objects.ts';
import { createReader } from './cache/reader.ts';
import { WatchCache } from './cache/watch-cache.ts';
import { createChain } from './chain.ts';
import type { Delegate, NodeProxy, ObjectReader, ObjectWriter, PostStartHook, Security, SecurityPorts } from './contract.ts';
import { encryptedStore, keyResources, type Encryption } from './encryption/index.ts';
import { createDiscoveryPaths } from './discovery/discovery-paths.ts';
import { createOpenApiPaths } from './discovery/openapi-paths.ts';
import type { Server } from './endpoints/endpoint.ts';
import { createPathHandlers } from './health/path-handlers.ts';
import type { HealthCheck } from './health/checks.ts';
import { createAdmissionChain } from './registry/admission-chain.ts';
import { createLeasePool } from './registry/lease-pool.ts';
import { reservationSource } from './registry/reservations.ts';
import { createResourceTable } from './registry/resources.ts';
import type { Registry } from './registry/write-request.ts';
import { createAuditIds } from './request/audit-ids.ts';
import { createDeadlines } from './request/deadlines.ts';
import { createRequestMetrics } from './request/request-metrics.ts';
import { createSeats, defaultSeatLimits, type SeatLimits } from './request/seats.ts';
import { createWatchHubs } from './watch/watch-hubs.ts';
import { clusterIpResolver, createWebhookCaller, endpointResolver, type ClientCredentials } from './webhooks/index.ts';
import { createWriter } from './writer.ts';

export interface ApiServerConfig {
  readonly store: Store;
  /** What is encrypted in the store, and how. Absent: values are stored as they are. */
  readonly encryption?: Encryption;
  /** Called once, with the server's own caches. */
  readonly security: (ports: SecurityPorts) => Security;
  readonly nodeProxy?: NodeProxy;
  /** "10.96.0.0/16" */
  readonly serviceCidr: string;
  /** "30000-32767" */
  readonly serviceNodePortRange: string;
  /** Where clients and pods reach this server; told in discovery and as the endpoint of default/kubernetes. */
  readonly advertise?: { readonly address: string; readonly port: number };
  /** The body of /version; `gitVersion` is the server's version. */
  readonly version: Readonly<Record<string, string>>;
  /** --runtime-config: which groups and versions are served besides, or instead of, those served anyway. */
  readonly runtimeConfig?: Readonly<Record<string, string>>;
  readonly trustedClients?: TrustedClients;
  readonly seats?: SeatLimits;
  /** Groups that others answer. */
  readonly delegates?: readonly Delegate[];
  /** Further work after the start. */
  readonly hooks?: readonly PostStartHook[];
  /** Where calls of Services go: to ready endpoints (default) or to cluster IPs, which needs a service proxy on this machine. */
  readonly serviceRouting?: 'endpoints' | 'cluster-ip';
  /** Makes the clients of webhooks and extension API servers; without it the network's. */
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** How to identify oneself to webhooks at "host:port". */
  readonly webhookCredentials?: (hostPort: string) => ClientCredentials;
}

export interface ApiServer {
  /** For wire's serveHttp and memoryTransport. Never rejects. */
  readonly handler: Handler;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** True from the end of `start` until `close`. */
  readonly ready: boolean;
  /** Loads the cache, then makes sure of the cluster's own objects. Resolves when /readyz says yes. */
  start(): Promise<void>;
  /** Refuses to be ready, ends watches, lets requests finish; then nothing runs any more. The store stays open. */
  close(): Promise<void>;
}

export function createApiServer(world: World, config: ApiServerConfig): ApiServer {
  const resources = createResourceTable(enabledResources(config.runtimeConfig));
  const encrypted = config.encryption === undefined ? undefined : encryptedStore(config.store, config.encryption, keyResources(resources.stored));
  const store = encrypted ?? config.store;
  const cache = new WatchCache(world, store, resources.stored);
  const isStale: Registry['isStale'] = encrypted === undefined ? undefined : (resource, key, signal) => encrypted.isStale(resource.prefix + key, signal);
  config.encryption?.onChange(() => void cache.retryUnreadable().catch(() => {}));
  const reader = createReader(cache);
  const stopped = new AbortController();
  const shared = { world, cache, reader, leases: createLeasePool(config.store, world.clock), ...(isStale === undefined ? {} : { isStale }) };
  const allocation = createServiceAllocation({ world, cache, reader, resources, serviceCidr: config.serviceCidr, nodePortRange: config.serviceNodePortRange, signal: stopped.signal });
  const reservations = reservationSource({ '/services': allocation.reserver });
  const writer = createWriter({ ...shared, reservations, admission: createAdmissionChain([]) }, resources, reader, stopped.signal);
  const loopback = lazyLoopback();
  const webhooks = createWebhookCaller({
    world, loopback: loopback.transport, connect: config.connect, credentials: config.webhookCredentials,
    resolve: config.serviceRouting === 'cluster-ip' ? clusterIpResolver(reader) : endpointResolver(reader, world.random),
  });
  const security = config.security({ reader, writer, resources, webhooks });
  const registry: Registry = { ...shared, reservations, admission: createAdmissionChain(security.admission) };
  const hubs = createWatchHubs(world, cache);
  const server: Server = {
    world, cache, registry, reader, hubs, authorizer: security.authorizer, refusal: security.refusal, creators: security.creators, nodeProxy: config.nodeProxy,
  };
  const hooks = createHookRunner(world, [systemNamespacesHook, serviceCidrHook(config.serviceCidr), ...bootstrapHooks(config, allocation.firstAddress), ...security.hooks, ...(config.hooks ?? [])]);
  const state = { ready: false, closing: false };
  const checks = healthChecks(cache, state);
  const keyServices = config.encryption?.checks ?? [];
  const address = config.advertise === undefined ? '' : `${config.advertise.address}:${config.advertise.port}`;
  const infos = resources.served.map((served) => served.info);
  const delegates = config.delegates ?? [];
  const openapi = createOpenApiPaths(openApiDocuments({ resources: infos, serverVersion: config.version.gitVersion ?? 'unversioned' }));
  const paths = createPathHandlers({
    world,
    version: config.version,
    documents: security.documents,
    discovery: createDiscoveryPaths({ resources: [...infos, ...delegates.flatMap((d) => d.resources)], serverAddress: address, openapi }),
    health: [
      { name: 'healthz', checks: () => [...checks.alive, ...keyServices, ...hooks.checks] },
      { name: 'livez', checks: () => [...checks.alive, ...hooks.checks] },
      { name: 'readyz', checks: () => [...checks.alive, ...checks.ready, ...keyServices, ...hooks.checks, checks.shutdown] },
    ],
  });
  const handler = createChain({
    server, resources, security, paths, delegates: new Map(delegates.map((d) => [d.resources[0]?.group ?? '', d.handler])), seats: createSeats(world.clock, config.seats ?? defaultSeatLimits), deadlines: createDeadlines(world.clock), metrics: createRequestMetrics(world), auditIds: createAuditIds(world.random),
  });
  loopback.serve(handler);
  return {
    handler,
    reader,
    writer,
    get ready() {
      return state.ready && !state.closing;
    },
    async start() {
      await cache.start();
      hubs.start();
      await hooks.run(writer, stopped.signal);
      allocation.startRepair();
      state.ready = true;
    },
    async close() {
      state.closing = true;
      stopped.abort(new Error('the API server is closed'));
      hubs.close();
      await webhooks.close();
      await cache.close();
    },
  };
}

/** This server as its own client, once it can answer. */
function lazyLoopback(): { serve(handler: Handler): void; transport(): Transport } {
  let handler: Handler | undefined;
  return {
    serve(own) {
      handler = own;
    },
    transport: () => memoryTransport(async (exchange) => handler?.(exchange), { user: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }),
  };
}

function bootstrapHooks(config: ApiServerConfig, clusterIp: string): PostStartHook[] {
  return [
    priorityClassesHook,
    ...(config.advertise === undefined ? [] : [kubernetesServiceHook({ ...config.advertise, clusterIp })]),
    ...(config.trustedClients === undefined ? [] : [clusterAuthenticationHook(config.trustedClients)]),
  ];
}

interface Checks {
  readonly alive: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
  readonly shutdown: HealthCheck;
}

function healthChecks(cache: WatchCache, state: { readonly closing: boolean }): Checks {
  const pass = (): void => {};
  const store = async (): Promise<void> => void (await cache.store.status());
  const synced = (): void => {
    if (!cache.ready) throw new Error('the watch cache is not loaded');
  };
  return {
    alive: [{ name: 'ping', check: pass }, { name: 'log', check: pass }, { name: 'etcd', check: store }],
    ready: [{ name: 'etcd-readiness', check: store }, { name: 'informer-sync', check: synced }],
    shutdown: {
      name: 'shutdown',
      check() {
        if (state.closing) throw new Error('process is shutting down');
      },
    },
  };
}
