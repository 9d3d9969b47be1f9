// Door of admission/: the plugins in upstream's order. Each runs on a real server as listed; nothing
// registers itself.
import type { Random } from '#base/random.ts';
import type { RbacAuthorizer } from '../authz/index.ts';
import type { AdmissionPlugin, Authorizer, KubeObject, ObjectReader } from '../contract.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction, taintNodesByCondition } from './nodes.ts';
import { defaultTolerationSeconds, priority, runtimeClass } from './pod-defaults.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { serviceAccountPlugin } from './service-account.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUseProtection } from './storage-and-ingress.ts';

export interface AdmissionDependencies {
  readonly reader: ObjectReader;
  readonly random: Random;
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
  /** A consistent read of the store, for what the cache does not have yet. */
  lookup(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined>;
}

/** The plugins that are on by default. */
export function defaultAdmission(deps: AdmissionDependencies): AdmissionPlugin[] {
  const { reader, random, lookup } = deps;
  return [
    namespaceLifecycle(reader, async (name) => (await lookup('', 'namespaces', '', name)) !== undefined),
    limitRanger(reader),
    serviceAccountPlugin(reader, random, (namespace, name) => lookup('', 'serviceaccounts', namespace, name)),
    nodeRestriction(reader),
    taintNodesByCondition,
    priority(reader),
    defaultTolerationSeconds(),
    defaultStorageClass(reader),
    storageObjectInUseProtection,
    runtimeClass(reader),
    defaultIngressClass(reader),
    rbacEscalation(deps.rbac, deps.authorizer),
  ];
}
