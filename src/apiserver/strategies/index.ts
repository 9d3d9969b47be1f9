// Every resource's strategy, by group and plural. A resource without a row is a plain one; where it has a status
// subresource, status and the rest are kept apart.
import type { ResourceInfo } from '#api/resources.ts';
import type { Strategy } from '../registry/strategy.ts';
import { cluster } from './cluster.ts';
import { core } from './core.ts';
import { optional } from './optional-kinds.ts';
import { services } from './services.ts';
import { define, keepSpecAndMetadata, withStatus } from './strategy-table.ts';
import { apps, autoscaling, batch, policy } from './workloads.ts';

const byGroup: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  ...cluster,
  '': { ...core, services },
  apps,
  batch,
  autoscaling,
  policy,
};

const plain = define();
const plainWithStatus = define(withStatus, { subresources: { status: keepSpecAndMetadata } });

export function strategyOf({ group, plural, subresources }: Pick<ResourceInfo, 'group' | 'plural' | 'subresources'>): Strategy {
  return byGroup[group]?.[plural] ?? optional[group]?.[plural] ?? (subresources.some(({ name }) => name === 'status') ? plainWithStatus : plain);
}
