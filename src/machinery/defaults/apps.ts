// Defaults of apps/v1 (pkg/apis/apps/v1/defaults.go).
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1.ts';
import { hook, type Hooks } from './hook.ts';

function deploymentDefaults({ spec }: Deployment): void {
  if (spec === undefined) return;
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= '25%';
    strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function daemonSetDefaults({ spec }: DaemonSet): void {
  if (spec === undefined) return;
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

function statefulSetDefaults({ spec }: StatefulSet): void {
  if (spec === undefined) return;
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) {
    strategy.rollingUpdate.partition ??= 0;
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  for (const template of spec.volumeClaimTemplates ?? []) {
    if (template.apiVersion !== 'v1') template.apiVersion = 'v1';
    if (template.kind !== 'PersistentVolumeClaim') template.kind = 'PersistentVolumeClaim';
  }
}

export const hooks: Hooks = {
  'apps.v1.Deployment': hook(deploymentDefaults),
  'apps.v1.DaemonSet': hook(daemonSetDefaults),
  'apps.v1.StatefulSet': hook(statefulSetDefaults),
  'apps.v1.ReplicaSet': hook<ReplicaSet>(({ spec }) => {
    if (spec !== undefined) spec.replicas ??= 1;
  }),
};
