// Fills aggregated ClusterRoles (admin, edit, view and users' own) with the rules of the roles that they select, by
// server-side apply. Every change of any role wakes all aggregated ones: they are few, and who feeds whom is only
// known by trying the selectors.
import type { ClusterRole } from '#api/rbac/v1.ts';
import { createWorkQueue, keyOf, runWorkers } from '#client';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { reconcile } from './reconcile.ts';

const workers = 5;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const roles = context.informer<ClusterRole>('clusterroles.rbac.authorization.k8s.io');
  const resource = client.resource<ClusterRole>('clusterroles.rbac.authorization.k8s.io');
  const queue = createWorkQueue(world);
  const aggregatedIndex = 'aggregated';
  roles.addIndex(aggregatedIndex, (role) => (role.aggregationRule === undefined ? [] : ['']));
  const wakeAll = (): void => {
    for (const role of roles.byIndex(aggregatedIndex, '')) queue.add(keyOf(role));
  };
  roles.addHandler({ added: wakeAll, updated: wakeAll, deleted: wakeAll });
  return () =>
    runWorkers(world, queue, workers, signal, async (name) => {
      const role = roles.byKey(name);
      if (role === undefined) return;
      const rules = reconcile(role, roles.list());
      if (rules === undefined) return;
      const applied = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, ...(rules.length === 0 ? {} : { rules }) };
      await resource.patch(name, 'apply', applied, { fieldManager: 'clusterrole-aggregation-controller', force: true });
    });
}

export const clusterroleaggregation: Controller = {
  name: 'clusterrole-aggregation-controller',
  alias: 'clusterrole-aggregation',
  is: 'Fills aggregated ClusterRoles with the rules of the roles that they select.',
  serviceAccount: 'clusterrole-aggregation-controller',
  reads: ['clusterroles.rbac.authorization.k8s.io'],
  writes: ['clusterroles.rbac.authorization.k8s.io'],
  setUp,
};
