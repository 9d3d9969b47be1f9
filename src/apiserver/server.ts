// The API server put together: its objects, who may do what, its parts, the chain of a request, the start and the end.
// main/ gives it a store and its security and serves the handler it gets back.
import { sleep, type Clock } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Handler } from '#wire';
import { createAggregation } from './aggregation/index.ts';
import { listenForAggregation, servedVersions } from './aggregation/local-side.ts';
import { identityLeaseHooks } from './bootstrap/identity-lease.ts';
import { createServerHooks } from './bootstrap/server-hooks.ts';
import { createChain } from './chain.ts';
import type { ObjectReader, ObjectWriter } from './contract.ts';
import { createCustomResources, webhookConversions } from './crds/index.ts';
import type { Server } from './endpoints/endpoint.ts';
import { createLogMetrics } from './endpoints/log-metrics.ts';
import { createFlowControl, defaultFlowLimits, producerName } from './flowcontrol/index.ts';
import { healthEndpoints } from './health/server-checks.ts';
import { answerTimedOut } from './answer/status-answer.ts';
import { strictTransport } from './answer/strict-transport.ts';
import { createLoopback } from './loopback.ts';
import { createOwnObjects } from './own-objects.ts';
import { createOwnPaths } from './own-paths.ts';
import { createAdmissionTimings } from './registry/admission-metrics.ts';
import { createAdmissionChain } from './registry/admission-chain.ts';
import { createDeprecatedRequests } from './registry/deprecations.ts';
import { createAuditIds } from './request/audit-ids.ts';
import { createChainMetrics } from './request/chain-metrics.ts';
import { createDeadlines, defaultRequestTimeoutMs } from './request/deadlines.ts';
import { createPacer } from './request/pacer.ts';
import { createRequestMetrics } from './request/request-metrics.ts';
import type { ApiServerConfig } from './server-config.ts';
import { createWatchHubs } from './watch/watch-hubs.ts';
import { clusterIpResolver, createWebhookCaller, endpointResolver } from './webhooks/index.ts';

export type { ApiServerConfig } from './server-config.ts';

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
  const stopped = new AbortController();
  const objects = createOwnObjects(world, config, stopped.signal);
  const { resources, cache, reader, writer, allocation, remove, removeNamed } = objects;
  const loopback = createLoopback();
  const resolve = config.serviceRouting === 'cluster-ip' ? clusterIpResolver(reader) : endpointResolver(reader, world.random);
  const webhooks = createWebhookCaller({ world, loopback: loopback.transport, connect: config.connect, egress: config.egress, credentials: config.webhookCredentials, resolve });
  const security = config.security({ reader, writer, resources, webhooks });
  const registry = objects.registry(createAdmissionChain(security.admission, createAdmissionTimings(world.metrics, () => world.clock.monotonic())));
  const hubs = createWatchHubs(world, cache, config.watchesPerUser);
  const server: Server = {
    world, cache, registry, reader, hubs, authorizer: security.authorizer, refusal: security.refusal, creators: security.creators, nodeProxy: config.nodeProxy, deprecated: createDeprecatedRequests(world.metrics), logMetrics: createLogMetrics(world.metrics), minWatchSeconds: config.minWatchSeconds, unsafeDeletion: config.unsafeDeletion === true, cbor: config.cbor === true,
  };
  const delegates = config.delegates ?? [];
  const aggregation = createAggregation({
    world, reader, resolve, connect: config.connect, dial: config.egress?.cluster, frontProxy: config.frontProxy, requestHeader: config.trustedClients?.requestHeader, served: () => servedVersions(resources, delegates),
    writer: { ...writer, remove: removeNamed },
  });
  const requestTimeoutMs = config.requestTimeoutMs ?? defaultRequestTimeoutMs;
  const flow = createFlowControl({
    world, cache, reader, limits: config.flow ?? defaultFlowLimits, requestTimeoutMs, loopback: loopback.transport,
    writer: objects.writerAs(producerName), remove: (plural, name) => removeNamed('flowcontrol.apiserver.k8s.io', plural, '', name),
  });
  const customResources = createCustomResources({ world, cache, reader, writer, resources, hubs, webhookConversion: webhookConversions(world, webhooks), remove, signal: stopped.signal });
  const identity = identityLeaseHooks({ world, hostname: config.hostname, reader, remove: (name) => removeNamed('coordination.k8s.io', 'leases', 'kube-system', name) });
  const hooks = createServerHooks(world, config, objects, allocation.firstAddress, [...flow.hooks, ...security.hooks, ...identity, aggregation.hook]);
  const state = { ready: false, closing: false, turnsAway: false };
  const health = healthEndpoints(cache, state, config.encryption?.checks ?? [], [...hooks.checks, ...(config.encryption?.hooks ?? [])]);
  const paths = createOwnPaths({ world, config, resources, delegates, aggregation, health, documents: security.documents });
  const metrics = createRequestMetrics(world);
  const handler = createChain({
    server, resources, security, paths, route: (call) => aggregation.route(call), delegates: new Map(delegates.map((d) => [d.resources[0]?.group ?? '', d.handler])), flow, turnsAway: () => state.turnsAway,
    deadlines: createDeadlines(world.clock, answerTimedOut, requestTimeoutMs), metrics, steps: createChainMetrics(world.metrics), auditIds: createAuditIds(world.random),
    ...(config.turnBudgetMs === undefined ? {} : { pacer: createPacer(world.clock, config.turnBudgetMs) }),
    ...(config.audit === undefined ? {} : { audit: config.audit }),
  });
  loopback.serve(handler);
  const directives = config.strictTransportSecurity ?? [];
  return {
    handler: directives.length === 0 ? handler : strictTransport(handler, directives),
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
      await quiet(world.clock, metrics, withinMs);
    },
    async close() {
      state.closing = true;
      stopped.abort(new Error('the API server is closed'));
      flow.close();
      hubs.close();
      for (const part of [aggregation, webhooks, cache]) await part.close();
      await config.audit?.close();
    },
  };
}

const lookMs = 20;
const quietLooks = 10;

/** Resolves when no request has been under way for a while: what was sent before the client heard of the end is still on its way. */
async function quiet(clock: Clock, metrics: { readonly inFlight: number }, withinMs: number): Promise<void> {
  const end = clock.monotonic() + withinMs;
  for (let looks = 0; looks < quietLooks && clock.monotonic() < end; looks = metrics.inFlight === 0 ? looks + 1 : 0) await sleep(clock, lookMs);
}
