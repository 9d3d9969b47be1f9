// The API server put together: cache, registry, chain, bootstrap. main/ gives it a store and its security and
// serves the handler it gets back.
import { enabledResources } from '#api/resources.ts';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Store } from '#store';
import { memoryTransport, type Handler, type HttpTransportOptions, type Transport } from '#wire';
import { createAggregation, type Aggregation, type FrontProxy } from './aggregation/index.ts';
import { createServiceAllocation } from './allocation/service-allocation.ts';
import { kubernetesServiceHook } from './bootstrap/kubernetes-service.ts';
import { createHookRunner } from './bootstrap/run-hooks.ts';
import { clusterAuthenticationHook, legacyTokenTrackingHook, priorityClassesHook, serviceCidrHook, systemNamespacesHook, type TrustedClients } from './bootstrap/system-objects.ts';
import type { Auditor } from './audit/index.ts';
import { createReader } from './cache/reader.ts';
import { WatchCache } from './cache/watch-cache.ts';
import { createChain } from './chain.ts';
import type { Delegate, NodeProxy, ObjectReader, ObjectWriter, PostStartHook, Security, SecurityPorts } from './contract.ts';
import { encryptedStore, keyResources, type Encryption } from './encryption/index.ts';
import { createCustomResources, webhookConversions } from './crds/index.ts';
import { currentOpenApi } from './discovery/current-openapi.ts';
import { createDiscoveryPaths } from './discovery/discovery-paths.ts';
import { createOpenApiPaths } from './discovery/openapi-paths.ts';
import type { Server } from './endpoints/endpoint.ts';
import { createPathHandlers } from './health/path-handlers.ts';
import type { HealthCheck } from './health/checks.ts';
import { namedChecks } from './health/named-checks.ts';
import { createAdmissionTimings } from './registry/admission-metrics.ts';
import { createAdmissionChain } from './registry/admission-chain.ts';
import { createLeasePool } from './registry/lease-pool.ts';
import { reservationSource } from './registry/reservations.ts';
import { createResourceTable, type ResourceTable } from './registry/resources.ts';
import type { Registry } from './registry/write-request.ts';
import { createAuditIds } from './request/audit-ids.ts';
import { createFlowControl, defaultFlowLimits, producerName, type FlowLimits } from './flowcontrol/index.ts';
import { createDeadlines, defaultRequestTimeoutMs } from './request/deadlines.ts';
import { createPacer } from './request/pacer.ts';
import { createChainMetrics } from './request/chain-metrics.ts';
import { createRequestMetrics } from './request/request-metrics.ts';
import { createWatchHubs } from './watch/watch-hubs.ts';
import { clusterIpResolver, createWebhookCaller, endpointResolver, type ClientCredentials } from './webhooks/index.ts';
import { createRemover, createWriter, type Remover } from './writer.ts';

export interface ApiServerConfig {
  readonly store: Store;
  /** What is encrypted in the store, and how. Absent: values are stored as they are. */
  readonly encryption?: Encryption;
  /** The feature gate AllowUnsafeMalformedObjectDeletion: what cannot be read may be deleted by whoever is allowed to. */
  readonly unsafeDeletion?: boolean;
  /** The feature gate CBORServingAndStorage: bodies and answers may be CBOR. */
  readonly cbor?: boolean;
  /** What is recorded of requests, and where. Absent: nothing. */
  readonly audit?: Auditor;
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
  /** The flags of the process, for /flagz. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly trustedClients?: TrustedClients;
  /** How many requests run at once, and whether they are shared out fairly. */
  readonly flow?: FlowLimits;
  /** --request-timeout: how long a request that is no watch or stream may take. */
  readonly requestTimeoutMs?: number;
  /** How long writes that arrive together may hold up the event loop before others get their turn. Absent: as long as they take. */
  readonly turnBudgetMs?: number;
  /** Groups that others answer. */
  readonly delegates?: readonly Delegate[];
  /** Further work after the start. */
  readonly hooks?: readonly PostStartHook[];
  /** Where calls of Services go: to ready endpoints (default) or to cluster IPs, which needs a service proxy on this machine. */
  readonly serviceRouting?: 'endpoints' | 'cluster-ip';
  /** How extension API servers know this one: the front proxy's certificate, as it is now. */
  readonly frontProxy?: () => FrontProxy;
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
  /** From now on /readyz says no; everything else is served as before. */
  beginShutdown(): void;
  /** New requests are told to come again elsewhere (--shutdown-send-retry-after). */
  turnAway(): void;
  /** Ends watches, and resolves when no other request is under way any more, or after that time. */
  drained(withinMs: number): Promise<void>;
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
  const resolve = config.serviceRouting === 'cluster-ip' ? clusterIpResolver(reader) : endpointResolver(reader, world.random);
  const webhooks = createWebhookCaller({ world, loopback: loopback.transport, connect: config.connect, credentials: config.webhookCredentials, resolve });
  const security = config.security({ reader, writer, resources, webhooks });
  const registry: Registry = { ...shared, reservations, admission: createAdmissionChain(security.admission, createAdmissionTimings(world.metrics, () => world.clock.monotonic())) };
  const hubs = createWatchHubs(world, cache);
  const server: Server = {
    world, cache, registry, reader, hubs, authorizer: security.authorizer, refusal: security.refusal, creators: security.creators, nodeProxy: config.nodeProxy, unsafeDeletion: config.unsafeDeletion === true, cbor: config.cbor === true,
  };
  const delegates = config.delegates ?? [];
  const remove = createRemover(registry, reader, stopped.signal);
  const aggregation = createAggregation({
    world, reader, resolve, connect: config.connect, frontProxy: config.frontProxy, requestHeader: config.trustedClients?.requestHeader, served: () => servedVersions(resources, delegates),
    writer: { ...writer, remove: (group, plural, namespace, name) => removeStored(resources, remove, group, plural, namespace, name) },
  });
  const requestTimeoutMs = config.requestTimeoutMs ?? defaultRequestTimeoutMs;
  const flow = createFlowControl({
    world, cache, reader, limits: config.flow ?? defaultFlowLimits, requestTimeoutMs, loopback: loopback.transport,
    writer: createWriter({ ...shared, reservations, admission: createAdmissionChain([]) }, resources, reader, stopped.signal, producerName),
    remove: (plural, name) => removeStored(resources, remove, 'flowcontrol.apiserver.k8s.io', plural, '', name),
  });
  const hooks = createHookRunner(world, [systemNamespacesHook, legacyTokenTrackingHook(world.clock), ...flow.hooks, serviceCidrHook(config.serviceCidr), ...bootstrapHooks(config, allocation.firstAddress), ...security.hooks, ...(config.hooks ?? []), aggregation.hook]);
  const state = { ready: false, closing: false, turnsAway: false };
  const checks = healthChecks(cache, state);
  const keyServices = config.encryption?.checks ?? [];
  const address = config.advertise === undefined ? '' : `${config.advertise.address}:${config.advertise.port}`;
  const customResources = createCustomResources({
    world, cache, reader, writer, resources, hubs, webhookConversion: webhookConversions(world, webhooks), remove, signal: stopped.signal,
  });
  const ownOpenApi = currentOpenApi(resources, `${config.version.major ?? ''}.${config.version.minor ?? ''}`);
  const openapi = createOpenApiPaths(aggregation.openApi.over(ownOpenApi));
  const afterStart = namedChecks(hooks.checks, () => state.ready);
  const paths = createPathHandlers({
    world,
    version: config.version,
    documents: security.documents,
    discovery: createDiscoveryPaths({ resources: () => [...resources.told, ...delegates.flatMap((d) => d.resources)], revision: () => resources.revision, merge: aggregation.discovery, serverAddress: address, openapi }),
    ...(config.flags === undefined ? {} : { flags: config.flags }),
    health: [
      { name: 'healthz', checks: () => [...checks.alive, ...keyServices, ...afterStart] },
      { name: 'livez', checks: () => [...checks.alive, ...afterStart] },
      { name: 'readyz', checks: () => [...checks.alive, ...checks.ready, ...keyServices, ...afterStart, checks.shutdown] },
    ],
  });
  const metrics = createRequestMetrics(world);
  const steps = createChainMetrics(world.metrics);
  const handler = createChain({
    server, resources, security, paths, route: (call) => aggregation.route(call), delegates: new Map(delegates.map((d) => [d.resources[0]?.group ?? '', d.handler])), flow, turnsAway: () => state.turnsAway, deadlines: createDeadlines(world.clock, requestTimeoutMs), metrics, steps, auditIds: createAuditIds(world.random),
    ...(config.turnBudgetMs === undefined ? {} : { pacer: createPacer(world.clock, config.turnBudgetMs) }),
    ...(config.audit === undefined ? {} : { audit: config.audit }),
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
      await customResources.start();
      hubs.start();
      listenForAggregation(cache, resources, aggregation);
      flow.start();
      await hooks.run(writer, stopped.signal);
      allocation.startRepair();
      state.ready = true;
    },
    beginShutdown: () => void (state.closing = true),
    turnAway: () => void (state.turnsAway = true),
    async drained(withinMs) {
      hubs.close();
      const end = world.clock.monotonic() + withinMs;
      // What was sent before the client heard of it is still on its way.
      for (let quiet = 0; quiet < quietLooks && world.clock.monotonic() < end; quiet = metrics.inFlight === 0 ? quiet + 1 : 0) await sleep(world.clock, lookMs);
    },
    async close() {
      state.closing = true;
      stopped.abort(new Error('the API server is closed'));
      flow.close();
      hubs.close();
      await aggregation.close();
      await webhooks.close();
      await cache.close();
      await config.audit?.close();
    },
  };
}

const lookMs = 20;
const quietLooks = 10;

function* servedVersions(resources: ResourceTable, delegates: readonly Delegate[]): Generator<{ readonly group: string; readonly version: string; readonly custom: boolean }> {
  for (const { group, version, type } of resources.told) yield { group, version, custom: type === undefined };
  for (const delegate of delegates) for (const { group, version } of delegate.resources) yield { group, version, custom: false };
}

async function removeStored(resources: ResourceTable, remove: Remover, group: string, plural: string, namespace: string, name: string): Promise<void> {
  const served = resources.storedIn(group, plural);
  if (served !== undefined) await remove(served, namespace, name);
}

/** What aggregation must know of: APIServices, the Services behind them, and which versions are served here. */
function listenForAggregation(cache: WatchCache, resources: ResourceTable, aggregation: Aggregation): void {
  cache.resource('apiregistration.k8s.io', 'apiservices')?.onChange(() => aggregation.wake());
  cache.resource('', 'services')?.onChange(() => aggregation.wakeForBackends());
  cache.resource('discovery.k8s.io', 'endpointslices')?.onChange(() => aggregation.wakeForBackends());
  resources.onChange(() => aggregation.wake());
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
    alive: [{ name: 'ping', check: pass }, { name: 'log', check: pass }, { name: 'loopback-serving-certificate', check: pass }, { name: 'etcd', check: store }],
    ready: [{ name: 'etcd-readiness', check: store }, { name: 'informer-sync', check: synced }],
    shutdown: {
      name: 'shutdown',
      check() {
        if (state.closing) throw new Error('process is shutting down');
      },
    },
  };
}
