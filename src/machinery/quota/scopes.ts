// Which objects a quota is about, by its scopes: pods by deadline, quality of service, priority class or affinity
// across namespaces; claims by volume attributes class. Objects of other kinds match no scope. Pure.
import type { PersistentVolumeClaim, Pod, PodAffinityTerm, ResourceQuota, ScopedResourceSelectorRequirement } from '#api/core/v1.ts';
import { isZeroQuantity } from '../quantity.ts';
import { amountsOf } from './amounts.ts';

/** All scopes of the quota, plain ones as "exists". */
export function scopesOf(quota: ResourceQuota): readonly ScopedResourceSelectorRequirement[] {
  const plain = (quota.spec?.scopes ?? []).map((scopeName): ScopedResourceSelectorRequirement => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
}

export function podMatches(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return hasDeadline(pod);
    case 'NotTerminating':
      return !hasDeadline(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return selects(scope, pod.spec?.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
    default:
      return false;
  }
}

export function claimMatches(claim: PersistentVolumeClaim, scope: ScopedResourceSelectorRequirement): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const names = [claim.spec?.volumeAttributesClassName, claim.status?.currentVolumeAttributesClassName, claim.status?.modifyVolumeStatus?.targetVolumeAttributesClassName].filter((name) => name !== undefined && name !== '');
  if (names.length === 0) return selects(scope, '');
  return names.some((name) => selects(scope, name ?? ''));
}

/** The name is '' when there is none. */
function selects({ operator, values = [] }: ScopedResourceSelectorRequirement, name: string): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    case 'NotIn':
      return name === '' || !values.includes(name);
    default:
      return false;
  }
}

function hasDeadline(pod: Pod): boolean {
  return (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
}

function isBestEffort(pod: Pod): boolean {
  if (pod.status?.qosClass !== undefined && pod.status.qosClass !== '') return pod.status.qosClass === 'BestEffort';
  const asks = (list: Record<string, string> | undefined): boolean => [...amountsOf(list)].some(([name, amount]) => (name === 'cpu' || name === 'memory') && !isZeroQuantity(amount));
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map((container) => container.resources);
  return ![...all, pod.spec?.resources].some((resources) => asks(resources?.requests) || asks(resources?.limits));
}

function affinityTerms(pod: Pod): PodAffinityTerm[] {
  return [pod.spec?.affinity?.podAffinity, pod.spec?.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
}
