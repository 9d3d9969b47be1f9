// What selects a pod's siblings, for the default spreading: the selectors of the Services, ReplicaSet, StatefulSet or
// ReplicationController that it belongs to, all of them together.
import type { ReplicaSet, StatefulSet } from '#api/apps/v1.ts';
import type { ReplicationController, Service } from '#api/core/v1.ts';
import type { InformerFactory } from '#client';
import { selectorFromLabels, selectorFromObject, type LabelMatcher } from '#machinery';
import type { PodInfo } from './pod-info.ts';

export function siblingSelector(factory: InformerFactory): (pod: PodInfo) => LabelMatcher | undefined {
  const services = factory.informer<Service>('services');
  const replicaSets = factory.informer<ReplicaSet>('replicasets.apps');
  const statefulSets = factory.informer<StatefulSet>('statefulsets.apps');
  const controllers = factory.informer<ReplicationController>('replicationcontrollers');
  services.addIndex('scheduler-namespace', (service) => (Object.keys(service.spec?.selector ?? {}).length > 0 ? [service.metadata?.namespace ?? ''] : []));
  return (pod) => {
    const matchers: LabelMatcher[] = [];
    for (const service of services.byIndex('scheduler-namespace', pod.namespace)) {
      const matcher = selectorFromLabels(service.spec?.selector ?? {});
      if (matcher.matches(pod.labels)) matchers.push(matcher);
    }
    const owner = pod.pod.metadata?.ownerReferences?.find((o) => o.controller === true);
    if (owner?.kind === 'ReplicaSet') matchers.push(selectorFromObject(replicaSets.get(pod.namespace, owner.name)?.spec?.selector));
    if (owner?.kind === 'StatefulSet') matchers.push(selectorFromObject(statefulSets.get(pod.namespace, owner.name)?.spec?.selector));
    if (owner?.kind === 'ReplicationController') matchers.push(selectorFromLabels(controllers.get(pod.namespace, owner.name)?.spec?.selector ?? {}));
    const useful = matchers.filter((m) => !m.empty);
    const [first] = useful;
    if (first === undefined) return undefined;
    return useful.length === 1 ? first : { ...first, matches: (labels) => useful.every((m) => m.matches(labels)) };
  };
}
