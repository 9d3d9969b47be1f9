// The checks that upstream's endpoints list by name, in its order. Many stand for parts that here have no start of their
// own: these follow the end of the server's start, so that scripts which ask for one by path find it.
import type { HealthCheck } from './checks.ts';

const hooks = [
  'start-apiserver-admission-initializer', 'generic-apiserver-start-informers', 'priority-and-fairness-config-consumer', 'priority-and-fairness-filter', 'storage-object-count-tracker-hook',
  'start-apiextensions-informers', 'start-apiextensions-controllers', 'crd-informer-synced', 'start-system-namespaces-controller', 'peer-endpoint-reconciler-controller',
  'start-cluster-authentication-info-controller', 'start-kube-apiserver-identity-lease-controller', 'start-kube-apiserver-identity-lease-garbage-collector', 'storage-readiness',
  'start-legacy-token-tracking-controller', 'start-service-ip-repair-controllers', 'rbac/bootstrap-roles', 'scheduling/bootstrap-system-priority-classes', 'priority-and-fairness-config-producer',
  'bootstrap-controller', 'start-kubernetes-service-cidr-controller', 'start-kube-aggregator-informers', 'apiservice-status-local-available-controller', 'apiservice-status-remote-available-controller',
  'apiservice-registration-controller', 'apiservice-wait-for-first-sync', 'apiservice-discovery-controller', 'kube-apiserver-autoregistration',
].map((name) => `poststarthook/${name}`);

const names = [...hooks, 'autoregister-completion', 'poststarthook/apiservice-openapi-controller', 'poststarthook/apiservice-openapiv3-controller'];

/**
 * The post-start checks of an endpoint: ours where there is one of the name, else one that passes once the server has
 * started; ours that upstream does not know come last.
 */
export function namedChecks(own: readonly HealthCheck[], started: () => boolean): readonly HealthCheck[] {
  const byName = new Map(own.map((check) => [check.name, check]));
  const follows = (name: string): HealthCheck => ({
    name,
    check() {
      if (!started()) throw new Error('not finished');
    },
  });
  const known = new Set(names);
  return [...names.map((name) => byName.get(name) ?? follows(name)), ...own.filter((check) => !known.has(check.name))];
}
