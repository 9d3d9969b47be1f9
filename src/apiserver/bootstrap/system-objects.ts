// The objects that every cluster has from its first second: system namespaces, priority classes, and since when uses of
// tokens are noted. Each hook may run again at any time.
import type { Clock } from '#base/clock.ts';
import { isAlreadyExists } from '#machinery';
import type { KubeObject, ObjectWriter, PostStartHook } from '../contract.ts';

/** Creates the object unless somebody, perhaps another server, has. */
async function ensure(writer: ObjectWriter, group: string, resource: string, object: KubeObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata ?? {};
  if ((await writer.lookup(group, resource, namespace, name)) !== undefined) return;
  try {
    await writer.create(group, resource, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

const namespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

export const systemNamespacesHook: PostStartHook = {
  name: 'start-system-namespaces-controller',
  async run(writer) {
    await Promise.all(namespaces.map((name) => ensure(writer, '', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  },
};

const priorityClasses: readonly (readonly [string, number, string])[] = [
  ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
  ['system-cluster-critical', 2_000_000_000, 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'],
];

export const priorityClassesHook: PostStartHook = {
  name: 'scheduling/bootstrap-system-priority-classes',
  async run(writer) {
    await Promise.all(priorityClasses.map(([name, value, description]) => ensure(writer, 'scheduling.k8s.io', 'priorityclasses', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description })));
  },
};

/** Since when uses of tokens out of Secrets are noted: who clears unused ones away must know. */
export function legacyTokenTrackingHook(clock: Pick<Clock, 'now'>): PostStartHook {
  const name = 'kube-apiserver-legacy-service-account-token-tracking';
  return {
    name: 'start-legacy-token-tracking-controller',
    background: true,
    run: (writer) => ensure(writer, '', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data: { since: new Date(clock.now()).toISOString().slice(0, 10) } }),
  };
}
