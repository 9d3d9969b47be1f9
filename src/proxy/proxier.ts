// Keeps the node's nftables in step with Services and EndpointSlices. A change marks the table dirty; one
// synchronisation runs at a time and covers all that came meanwhile. Steady state is a delta; the first run,
// and any run after a refused transaction, rebuilds from what the kernel really holds. Nothing is removed on
// exit: rules survive the agent.
import type { Node, Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { InformerFactory } from '#client';
import { deleteConntrack, nftApply, nftList, setSysctl } from '#linux';
import { serveHealthChecks } from './health.ts';
import { buildRuleset, tableName, type RulesConfig } from './rules.ts';
import { deltaScript, fullScript, type Ruleset } from './ruleset.ts';
import { servicePorts, type Family, type ServicePortEntry } from './service-ports.ts';

export interface ProxyConfig extends RulesConfig {
  readonly nodeName: string;
  readonly families: readonly Family[];
  /** "namespace/name" of Services that something else on the node answers (cluster DNS). */
  readonly exclude: readonly string[];
  /** Address of /healthz and of health check node ports. */
  readonly healthAddress: string;
  /** 10256 upstream; 0 picks one. */
  readonly healthPort: number;
  /** At most one synchronisation in this time. */
  readonly minSyncMs: number;
}

export interface Proxy {
  /** Resolves when the first rules are in the kernel. */
  readonly synced: Promise<void>;
  readonly healthPort: number;
  close(): Promise<void>;
}

const serviceNameLabel = 'kubernetes.io/service-name';

/** What the kernel's table holds now, by name; what is not ours to know is left out. */
async function loadedNames(family: Family): Promise<{ chains: string[]; sets: { kind: 'set' | 'map'; name: string }[] }> {
  const items = (await nftList(family, tableName)) ?? [];
  const chains: string[] = [];
  const sets: { kind: 'set' | 'map'; name: string }[] = [];
  for (const item of items) {
    const { chain, set, map } = item as { chain?: { name: string }; set?: { name: string }; map?: { name: string } };
    if (chain !== undefined) chains.push(chain.name);
    if (set !== undefined) sets.push({ kind: 'set', name: set.name });
    if (map !== undefined) sets.push({ kind: 'map', name: map.name });
  }
  return { chains, sets };
}

/** UDP flows to endpoints that are gone would be pinned to them for as long as packets come. */
async function forgetStaleUdp(world: World, before: readonly ServicePortEntry[], after: readonly ServicePortEntry[]): Promise<void> {
  const targets = (entries: readonly ServicePortEntry[]): Map<string, ServicePortEntry> =>
    new Map(entries.filter((e) => e.protocol === 'udp').flatMap((e) => [...e.clusterEndpoints, ...e.externalEndpoints].map((t) => [`${e.clusterIp} ${e.port} ${t.ip}`, e] as const)));
  const now = targets(after);
  for (const [key, entry] of targets(before)) {
    if (now.has(key)) continue;
    const replySource = key.split(' ')[2];
    await deleteConntrack({ protocol: 'udp', originalDestination: entry.clusterIp, replySource, family: entry.family === 'ip6' ? 'ipv6' : 'ipv4' }).catch((error: unknown) =>
      world.log.warn('cannot delete stale UDP flows', { error: errorText(error) }),
    );
  }
}

/** Starts the proxy on informers of `factory`, which its owner starts. */
export async function startProxy(world: World, config: ProxyConfig, factory: InformerFactory): Promise<Proxy> {
  const services = factory.informer<Service>('services');
  const slices = factory.informer<EndpointSlice>('endpointslices.discovery.k8s.io');
  const nodes = factory.informer<Node>('nodes', { fieldSelector: `metadata.name=${config.nodeName}` });
  slices.addIndex('proxy-service', (slice) => [`${slice.metadata?.namespace}/${slice.metadata?.labels?.[serviceNameLabel] ?? ''}`]);

  const stop = new AbortController();
  const health = await serveHealthChecks(world, config.healthAddress, config.healthPort);
  const loaded = new Map<Family, Ruleset>();
  let entries: ServicePortEntry[] = [];
  let dirty = true;
  let wake: (() => void) | undefined;
  const duration = world.metrics.histogram('kubeproxy_sync_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds', [], [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096]);
  const lastSync = world.metrics.gauge('kubeproxy_sync_proxy_rules_last_timestamp_seconds', 'The last time proxy rules were successfully synced');
  const failures = world.metrics.counter('kubeproxy_sync_proxy_rules_nftables_sync_failures_total', 'Cumulative proxy nftables sync failures');

  const touch = (): void => {
    dirty = true;
    wake?.();
  };
  services.addHandler({ added: touch, updated: touch, deleted: touch });
  slices.addHandler({ added: touch, updated: touch, deleted: touch });

  const derive = (): ServicePortEntry[] => {
    const zone = nodes.get('', config.nodeName)?.metadata?.labels?.['topology.kubernetes.io/zone'] ?? '';
    return services.list().flatMap((service) => {
      const key = `${service.metadata?.namespace}/${service.metadata?.name}`;
      return config.exclude.includes(key) ? [] : servicePorts(service, slices.byIndex('proxy-service', key), { nodeName: config.nodeName, zone });
    });
  };

  const applyFamily = async (family: Family, next: readonly ServicePortEntry[]): Promise<void> => {
    const wanted = buildRuleset(family, next, config);
    const known = loaded.get(family);
    const script = known === undefined ? fullScript(wanted, await loadedNames(family)) : deltaScript(known, wanted);
    if (script !== '') await nftApply(script);
    loaded.set(family, wanted);
  };

  const sync = async (): Promise<void> => {
    const started = world.clock.monotonic();
    dirty = false;
    const next = derive();
    try {
      for (const family of config.families) await applyFamily(family, next);
    } catch (error) {
      // The kernel may hold anything now: the next run asks it.
      loaded.clear();
      failures.inc();
      throw error;
    }
    await forgetStaleUdp(world, entries, next);
    entries = next;
    health.update(next);
    duration.observe((world.clock.monotonic() - started) / 1000);
    lastSync.set(world.clock.now() / 1000);
  };

  const run = async (onFirst: () => void): Promise<void> => {
    await Promise.all([services.synced, slices.synced, nodes.synced]);
    if (config.localhostNodePorts && config.families.includes('ip')) await setSysctl('net.ipv4.conf.all.route_localnet', '1');
    let retryMs = 100;
    while (!stop.signal.aborted) {
      try {
        await sync();
        onFirst();
        retryMs = 100;
        if (!dirty) await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
        await sleep(world.clock, config.minSyncMs, stop.signal).catch(() => {});
      } catch (error) {
        if (stop.signal.aborted) return;
        world.log.error('cannot synchronise proxy rules; trying again', { error: errorText(error), retryMs });
        await sleep(world.clock, retryMs, stop.signal).catch(() => {});
        retryMs = Math.min(retryMs * 2, 30_000);
      }
    }
  };
  let running = Promise.resolve();
  const synced = new Promise<void>((resolve) => (running = run(resolve)));
  return {
    synced,
    healthPort: health.port,
    async close() {
      stop.abort(new Error('closed'));
      wake?.();
      await running;
      await health.close();
    },
  };
}
