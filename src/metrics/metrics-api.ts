// metrics.k8s.io/v1beta1 as metrics-server serves it: NodeMetrics and PodMetrics, read-only, with label
// selectors. What `kubectl top` and the autoscaler ask.
import type { ObjectMeta } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { notFound, parseLabelSelector, stringifyJson, toStatusError } from '#machinery';
import type { Exchange, Handler } from '#wire';
import type { Scraper } from './scraper.ts';
import type { Usage } from './samples.ts';

const group = 'metrics.k8s.io';
const apiVersion = `${group}/v1beta1`;

export interface NamedObject {
  readonly metadata?: ObjectMeta;
}

export interface MetricsSource {
  nodes(): readonly NamedObject[];
  pods(namespace: string | undefined): readonly NamedObject[];
}

function usageText(usage: Usage): { cpu: string; memory: string } {
  return { cpu: `${usage.cpuNanocores}n`, memory: `${Math.round(usage.memoryBytes / 1024)}Ki` };
}

function meta(world: World, object: NamedObject): ObjectMeta {
  const { name, namespace, labels } = object.metadata ?? {};
  return { name, ...(namespace === undefined ? {} : { namespace }), creationTimestamp: rfc3339(world.clock.now()), ...(labels === undefined ? {} : { labels }) };
}

function windowText(usage: Usage): string {
  return `${(usage.windowMs / 1000).toFixed(3).replace(/\.?0+$/, '')}s`;
}

function nodeMetrics(world: World, scraper: Scraper, node: NamedObject): object | undefined {
  const usage = scraper.nodeUsage(node.metadata?.name ?? '');
  if (usage === undefined) return undefined;
  return { kind: 'NodeMetrics', apiVersion, metadata: meta(world, node), timestamp: rfc3339(usage.atMs), window: windowText(usage), usage: usageText(usage) };
}

function podMetrics(world: World, usages: ReadonlyMap<string, Usage>, pod: NamedObject): object | undefined {
  const prefix = `${pod.metadata?.namespace}/${pod.metadata?.name}/`;
  const containers: { name: string; usage: { cpu: string; memory: string } }[] = [];
  let newest: Usage | undefined;
  for (const [key, usage] of usages) {
    if (!key.startsWith(prefix)) continue;
    containers.push({ name: key.slice(prefix.length), usage: usageText(usage) });
    if (newest === undefined || usage.atMs > newest.atMs) newest = usage;
  }
  if (newest === undefined) return undefined;
  return { kind: 'PodMetrics', apiVersion, metadata: meta(world, pod), timestamp: rfc3339(newest.atMs), window: windowText(newest), containers };
}

/** The group's resources, for discovery. */
export const metricsResources: readonly ResourceInfo[] = [
  { group, version: 'v1beta1', kind: 'NodeMetrics', type: undefined, plural: 'nodes', singular: '', namespaced: false, shortNames: [], categories: [], verbs: ['get', 'list'], subresources: [] },
  { group, version: 'v1beta1', kind: 'PodMetrics', type: undefined, plural: 'pods', singular: '', namespaced: true, shortNames: [], categories: [], verbs: ['get', 'list'], subresources: [] },
];

/** Serves everything below /apis/metrics.k8s.io/v1beta1. Who may ask has been decided before. */
export function createMetricsHandler(world: World, scraper: Scraper, source: MetricsSource): Handler {
  const json = (exchange: Exchange, status: number, body: unknown): void => exchange.send(status, { 'content-type': 'application/json' }, stringifyJson(body));
  const answer = (path: readonly string[], query: URLSearchParams): unknown => {
    const [first, second, third, fourth] = path;
    const selector = parseLabelSelector(query.get('labelSelector') ?? '');
    const selected = (objects: readonly NamedObject[]): readonly NamedObject[] => objects.filter((o) => selector.matches(o.metadata?.labels ?? {}));
    const list = (kind: string, items: (object | undefined)[]): object => ({ kind, apiVersion, metadata: {}, items: items.filter((i) => i !== undefined) });
    if (first === 'nodes' && second === undefined) return list('NodeMetricsList', selected(source.nodes()).map((n) => nodeMetrics(world, scraper, n)));
    if (first === 'nodes') {
      const node = source.nodes().find((n) => n.metadata?.name === second);
      const metrics = node === undefined ? undefined : nodeMetrics(world, scraper, node);
      if (metrics === undefined) throw notFound({ group, resource: 'nodes' }, second ?? '');
      return metrics;
    }
    const namespace = first === 'namespaces' ? second : undefined;
    const resource = first === 'namespaces' ? third : first;
    const name = first === 'namespaces' ? fourth : second;
    if (resource !== 'pods') throw notFound({ group, resource: resource ?? '' }, name ?? '');
    const usages = scraper.containerUsage();
    const pods = source.pods(namespace);
    if (name === undefined) return list('PodMetricsList', selected(pods).map((p) => podMetrics(world, usages, p)));
    const pod = pods.find((p) => p.metadata?.name === name);
    const metrics = pod === undefined ? undefined : podMetrics(world, usages, pod);
    if (metrics === undefined) throw notFound({ group, resource: 'pods' }, `${namespace}/${name}`);
    return metrics;
  };
  return async (exchange) => {
    const [pathname = '', query] = exchange.url.split('?', 2);
    const path = pathname.split('/').slice(4).map(decodeURIComponent);
    try {
      json(exchange, 200, answer(path, new URLSearchParams(query)));
    } catch (error) {
      const { status } = toStatusError(error);
      json(exchange, status.code ?? 500, status);
    }
  };
}
