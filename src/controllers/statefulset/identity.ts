// Who a StatefulSet's pod is: its ordinal, name, labels, host name and claims, all from the set's name and template.
// Pure. Upstream: stateful_set_utils.go.
import type { StatefulSet } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from '#api/core/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import { podFromTemplate } from '../pod-template.ts';
import { revisionLabel } from '../revision-history.ts';

const nameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export function replicasOf(set: StatefulSet): number {
  return set.spec?.replicas ?? 1;
}

export function startOrdinal(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

/** The set's name and the ordinal that a pod's name says; undefined when it says none. */
function parts(pod: Pod): { readonly parent: string; readonly ordinal: number } | undefined {
  const match = /^(.*)-([0-9]+)$/s.exec(pod.metadata?.name ?? '');
  const ordinal = Number(match?.[2]);
  return match === null || ordinal >= 2 ** 31 ? undefined : { parent: match[1] ?? '', ordinal };
}

/** -1 when the pod's name has none. */
export function ordinalOf(pod: Pod): number {
  return parts(pod)?.ordinal ?? -1;
}

/** By its name a pod of the set. */
export function isMember(set: StatefulSet, pod: Pod): boolean {
  return parts(pod)?.parent === set.metadata?.name;
}

export function isInRange(set: StatefulSet, pod: Pod): boolean {
  const at = ordinalOf(pod) - startOrdinal(set);
  return at >= 0 && at < replicasOf(set);
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name}-${ordinal}`;
}

export function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata?.name}-${set.metadata?.name}-${ordinal}`;
}

/** The claims of the pod with this ordinal, as they are to be created. */
export function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...structuredClone(template),
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: set.metadata?.namespace,
      labels: { ...template.metadata?.labels, ...set.spec?.selector?.matchLabels },
    },
  }));
}

/** The volumes with the set's claims before all others; same-named ones give way. */
function withClaims(set: StatefulSet, ordinal: number, volumes: readonly Volume[]): Volume[] {
  const templates = set.spec?.volumeClaimTemplates ?? [];
  const names = new Set(templates.map((template) => template.metadata?.name));
  const claimed = templates.map((template): Volume => ({ name: template.metadata?.name ?? '', persistentVolumeClaim: { claimName: claimName(set, template, ordinal) } }));
  return [...claimed, ...volumes.filter((volume) => !names.has(volume.name))];
}

/** A new pod of the given template and revision. */
export function newPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string, reference: OwnerReference): Pod {
  const { generateName, ...metadata } = podFromTemplate(template, set, reference).metadata ?? {};
  void generateName;
  const name = podName(set, ordinal);
  const spec = structuredClone(template.spec) ?? { containers: [] };
  const volumes = withClaims(set, ordinal, spec.volumes ?? []);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, labels: { ...metadata.labels, ...identityLabels(name, ordinal), [revisionLabel]: revision } },
    spec: { ...spec, hostname: name, ...(set.spec?.serviceName === undefined || set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }), ...(volumes.length === 0 ? {} : { volumes }) },
  };
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [nameLabel]: name, [indexLabel]: String(ordinal) };
}

export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const name = podName(set, ordinalOf(pod));
  return ordinalOf(pod) >= 0 && pod.metadata?.name === name && pod.metadata.namespace === set.metadata?.namespace && pod.metadata.labels?.[nameLabel] === name;
}

export function storageMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  if (ordinal < 0) return false;
  return (set.spec?.volumeClaimTemplates ?? []).every((template) => {
    const volume = pod.spec?.volumes?.find((each) => each.name === template.metadata?.name);
    return volume?.persistentVolumeClaim?.claimName === claimName(set, template, ordinal);
  });
}

/** The pod with its identity and volumes put right. */
export function repaired(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...identityLabels(podName(set, ordinal), ordinal) } },
    spec: { containers: [], ...pod.spec, ...(storageMatches(set, pod) ? {} : { volumes: withClaims(set, ordinal, pod.spec?.volumes ?? []) }) },
  };
}

export function revisionOf(pod: Pod): string {
  return pod.metadata?.labels?.[revisionLabel] ?? '';
}
