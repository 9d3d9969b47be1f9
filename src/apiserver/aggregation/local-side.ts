// What aggregation knows of the server it is part of: which groups and versions are answered here, and when APIServices,
// the Services behind them or the served resources change.
import type { WatchCache } from '../cache/watch-cache.ts';
import type { Delegate } from '../contract.ts';
import type { ResourceTable } from '../registry/resources.ts';
import type { Aggregation } from './index.ts';

export function* servedVersions(resources: ResourceTable, delegates: readonly Delegate[]): Generator<{ readonly group: string; readonly version: string; readonly custom: boolean }> {
  for (const { group, version, type } of resources.told) yield { group, version, custom: type === undefined };
  for (const delegate of delegates) for (const { group, version } of delegate.resources) yield { group, version, custom: false };
}

/** Wakes aggregation when the cache's contents or the resources change. */
export function listenForAggregation(cache: WatchCache, resources: ResourceTable, aggregation: Aggregation): void {
  cache.resource('apiregistration.k8s.io', 'apiservices')?.onChange(() => aggregation.wake());
  cache.resource('', 'services')?.onChange(() => aggregation.wakeForBackends());
  cache.resource('discovery.k8s.io', 'endpointslices')?.onChange(() => aggregation.wakeForBackends());
  resources.onChange(() => aggregation.wake());
}
