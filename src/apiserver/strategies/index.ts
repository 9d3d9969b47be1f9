// Every resource's strategy, by group and plural. A resource without a row is a plain one.
import type { Strategy } from '../registry/strategy.ts';
import { cluster } from './cluster.ts';
import { core } from './core.ts';
import { services } from './services.ts';
import { define } from './strategy-table.ts';
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

export function strategyOf(group: string, plural: string): Strategy {
  return byGroup[group]?.[plural] ?? plain;
}
