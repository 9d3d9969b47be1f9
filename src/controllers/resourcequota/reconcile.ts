// What of a quota is used: for every resource that it limits and that somebody can count, the sum over the objects
// of its namespace within its scopes. Pure. Upstream: pkg/controller/resourcequota, pkg/quota/v1.
import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service } from '#api/core/v1.ts';
import { addInto, counterOf, isInScopes, quantityOf, quotaUsage, sameAmounts, toAmountList, type Amounts, type Counter, type KubeObject, type Quantity } from '#machinery';

export interface Observed {
  readonly quota: ResourceQuota;
  /** Of the quota's namespace. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  /** How many objects of "deployments.apps"; undefined when they cannot be counted now. */
  readonly objects: (resource: string) => number | undefined;
}

/** The status that the quota should have; undefined when it has it. */
export function reconcile({ quota, pods, services, claims, objects }: Observed, nowMs: number): ResourceQuotaStatus | undefined {
  const hard = quota.spec?.hard ?? {};
  const sumOf = (counter: Counter, objects: readonly object[]): Amounts => {
    const total = new Map<string, Quantity>();
    for (const object of objects as readonly KubeObject[]) if (isInScopes(quota, counter, object)) addInto(total, quotaUsage(counter, object, nowMs));
    return total;
  };
  const totals = { pods: sumOf('pods', pods), services: sumOf('services', services), persistentvolumeclaims: sumOf('persistentvolumeclaims', claims) };
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard)) {
    const counter = counterOf(name);
    if (counter === undefined) continue;
    const before = quota.status?.used?.[name];
    if (typeof counter === 'string') Object.assign(used, toAmountList(new Map([[name, totals[counter].get(name) ?? quantityOf(0)]])));
    else {
      const number = isInScopes(quota, counter, {}) ? objects(counter.objects) : 0;
      if (number !== undefined) used[name] = String(number);
      else if (before !== undefined) used[name] = before;
    }
  }
  const { status } = quota;
  const same = status?.hard !== undefined && status.used !== undefined && sameAmounts(status.hard, hard) && sameAmounts(status.used, used);
  return same ? undefined : { hard: { ...hard }, used };
}
