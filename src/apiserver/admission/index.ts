// Door of admission/: the plugins in upstream's order. Each runs on a real server as listed; nothing
// registers itself.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { RbacAuthorizer } from '../authz/index.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader, ObjectWriter } from '../contract.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction, taintNodesByCondition } from './nodes.ts';
import { defaultTolerationSeconds, priority, runtimeClass } from './pod-defaults.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { serviceAccountPlugin } from './service-account.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUseProtection } from './storage-and-ingress.ts';

export interface AdmissionDependencies {
  readonly reader: ObjectReader;
  readonly random: Random;
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Reads of the store for what the cache does not have yet, and the quotas' accounts. */
  readonly writer: Pick<ObjectWriter, 'lookup' | 'mutate'>;
  /** Mutating, then validating: late, so that they see what the other plugins made. */
  readonly webhooks?: readonly AdmissionPlugin[];
}

/** The plugins that are on by default. */
export function defaultAdmission(deps: AdmissionDependencies): AdmissionPlugin[] {
  const { reader, random, writer } = deps;
  return [
    namespaceLifecycle(reader, async (name) => (await writer.lookup('', 'namespaces', '', name)) !== undefined),
    limitRanger(reader),
    serviceAccountPlugin(reader, random, (namespace, name) => writer.lookup('', 'serviceaccounts', namespace, name)),
    nodeRestriction(reader),
    taintNodesByCondition,
    priority(reader),
    defaultTolerationSeconds(),
    defaultStorageClass(reader),
    storageObjectInUseProtection,
    runtimeClass(reader),
    defaultIngressClass(reader),
    rbacEscalation(deps.rbac, deps.authorizer),
    ...(deps.webhooks ?? []),
    resourceQuota(reader, writer, deps.clock),
  ];
}
