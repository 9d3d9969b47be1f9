// The checks of the level "restricted": what hardened pods must say of themselves.
import type { Container, PodSpec, Volume } from '#api/core/v1.ts';
import { isConfinedSeccomp, seccomp } from './baseline-checks.ts';
import { containerList, containersOf, hasOwnUsers, isWindows, namesOf, plural, quoted, setters, sorted, type PodCheck, type Violation } from './words.ts';

export function exceptOnWindows(check: PodCheck): PodCheck {
  return (pod) => (isWindows(pod.spec) ? undefined : check(pod));
}

export function exceptWithOwnUsers(check: PodCheck): PodCheck {
  return (pod) => (hasOwnUsers(pod.spec) ? undefined : check(pod));
}

export const allowPrivilegeEscalation: PodCheck = ({ spec }) => {
  const bad = namesOf(containersOf(spec).filter((c) => c.securityContext?.allowPrivilegeEscalation !== false));
  return bad.length === 0 ? undefined : { reason: 'allowPrivilegeEscalation != false', detail: `${containerList(bad)} must set securityContext.allowPrivilegeEscalation=false` };
};

export const capabilitiesDropped: PodCheck = ({ spec }) => {
  const added = (c: Container): string[] => (c.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const keeping = namesOf(containersOf(spec).filter((c) => c.securityContext?.capabilities?.drop?.includes('ALL') !== true));
  const adding = containersOf(spec).filter((c) => added(c).length > 0);
  const details = [
    ...(keeping.length === 0 ? [] : [`${containerList(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0 ? [] : [`${containerList(namesOf(adding))} must not include ${quoted(sorted(adding.flatMap(added)))} in securityContext.capabilities.add`]),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'] as const;
const namedVolumes = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'nfs', 'iscsi', 'glusterfs', 'rbd', 'flexVolume', 'cinder', 'cephfs', 'flocker', 'fc', 'azureFile', 'vsphereVolume', 'quobyte',
  'azureDisk', 'photonPersistentDisk', 'portworxVolume', 'scaleIO', 'storageos',
] as const;

export const restrictedVolumes: PodCheck = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume: Volume) => !allowedVolumes.some((type) => volume[type] !== undefined));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => namedVolumes.find((type) => volume[type] !== undefined) ?? 'unknown'));
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map((volume) => volume.name))} ${plural('uses', 'use', bad.length)} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`,
  };
};

/** Something that the pod may say for all its containers, and each for itself. */
function saidByAll(spec: PodSpec, isSaid: (c: Container) => boolean, saidByPod: boolean, wanted: (names: string) => Violation): Violation | undefined {
  const silent = namesOf(containersOf(spec).filter((c) => !isSaid(c)));
  return saidByPod || silent.length === 0 ? undefined : wanted(`pod or ${containerList(silent)}`);
}

export const runAsNonRoot: PodCheck = ({ spec }) => {
  const own = spec.securityContext?.runAsNonRoot;
  const reason = 'runAsNonRoot != true';
  const denying = namesOf(containersOf(spec).filter((c) => c.securityContext?.runAsNonRoot === false));
  if (own === false || denying.length > 0) return { reason, detail: `${setters(own === false, denying)} must not set securityContext.runAsNonRoot=false` };
  return saidByAll(spec, (c) => c.securityContext?.runAsNonRoot !== undefined, own === true, (names) => ({ reason, detail: `${names} must set securityContext.runAsNonRoot=true` }));
};

export const runAsUser: PodCheck = ({ spec }) => {
  const own = spec.securityContext?.runAsUser === 0;
  const bad = namesOf(containersOf(spec).filter((c) => c.securityContext?.runAsUser === 0));
  return !own && bad.length === 0 ? undefined : { reason: 'runAsUser=0', detail: `${setters(own, bad)} must not set runAsUser=0` };
};

export const seccompSet: PodCheck = (pod) =>
  seccomp(pod) ??
  saidByAll(pod.spec, (c) => c.securityContext?.seccompProfile !== undefined, isConfinedSeccomp(pod.spec.securityContext?.seccompProfile?.type), (names) => ({
    reason: 'seccompProfile', detail: `${names} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }));
