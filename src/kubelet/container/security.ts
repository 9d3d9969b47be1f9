// Security contexts of pod and container made one, in CRI's words: users and groups, capabilities, seccomp,
// masked /proc paths, namespaces, and the check that a container said to run as non-root does not run as root.
import type { Container, Pod, PodSecurityContext, SeccompProfile, SecurityContext } from '#api/core/v1.ts';
import type { ContainerConfig, NamespaceOption, SecurityProfile } from '#runtime';
import { podText, specOf } from '../pod.ts';

type RuntimeSecurity = NonNullable<ContainerConfig['linux']>['security_context'];

/** The user that the image names: a number, or a name that only the image can resolve. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

const maskedPaths = [
  '/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug',
  '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The container's fields over the pod's. */
export function effectiveSecurity(pod: PodSecurityContext | undefined, own: SecurityContext | undefined): SecurityContext {
  const base: SecurityContext = {};
  if (pod?.runAsUser !== undefined) base.runAsUser = pod.runAsUser;
  if (pod?.runAsGroup !== undefined) base.runAsGroup = pod.runAsGroup;
  if (pod?.runAsNonRoot !== undefined) base.runAsNonRoot = pod.runAsNonRoot;
  if (pod?.seccompProfile !== undefined) base.seccompProfile = pod.seccompProfile;
  return { ...base, ...own };
}

export function namespaceOptions(pod: Pod): NamespaceOption {
  const spec = specOf(pod);
  const pid = spec.hostPID === true ? 'NODE' : spec.shareProcessNamespace === true ? 'POD' : 'CONTAINER';
  return { network: spec.hostNetwork === true ? 'NODE' : 'POD', pid, ipc: spec.hostIPC === true ? 'NODE' : 'POD' };
}

/** Throws with upstream's text (CreateContainerConfigError). */
export function verifyNonRoot(pod: Pod, container: Container, user: ImageUser): void {
  const security = effectiveSecurity(specOf(pod).securityContext, container.securityContext);
  if (security.runAsNonRoot !== true) return;
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (security.runAsUser !== undefined) {
    if (security.runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (user.uid === undefined && user.username !== '') {
    throw new Error(`container has runAsNonRoot and image has non-numeric user (${user.username}), cannot verify user is non-root ${where}`);
  }
  if (user.uid === 0) throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
}

function seccomp(profile: SeccompProfile | undefined, seccompDefault: boolean, profileRoot: string): SecurityProfile {
  if (profile === undefined) return { profile_type: seccompDefault ? 'RuntimeDefault' : 'Unconfined' };
  if (profile.type === 'RuntimeDefault') return { profile_type: 'RuntimeDefault' };
  if (profile.type !== 'Localhost') return { profile_type: 'Unconfined' };
  if (profile.localhostProfile === undefined || profile.localhostProfile === '') throw new Error('localhostProfile must be set if seccompProfile type is Localhost.');
  return { profile_type: 'Localhost', localhost_ref: `${profileRoot}/${profile.localhostProfile}` };
}

export interface SecurityInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly user: ImageUser;
  readonly seccompDefault: boolean;
  readonly seccompRoot: string;
  /** An ephemeral container that looks into this container's processes. */
  readonly targetId: string | undefined;
}

/** no_new_privs unless the container may gain privileges. */
const noNewPrivileges = (security: SecurityContext): boolean => security.allowPrivilegeEscalation === false;

export function containerSecurity(input: SecurityInput): RuntimeSecurity {
  const pod = specOf(input.pod).securityContext;
  const security = effectiveSecurity(pod, input.container.securityContext);
  const uid = security.runAsUser ?? input.user.uid;
  const namespaces = namespaceOptions(input.pod);
  const target = input.targetId !== undefined && namespaces.pid === 'CONTAINER';
  const unmasked = security.procMount === 'Unmasked';
  const groups = [...(pod?.fsGroup !== undefined ? [pod.fsGroup] : []), ...(pod?.supplementalGroups ?? [])];
  return {
    ...(security.capabilities !== undefined ? { capabilities: { add_capabilities: [...(security.capabilities.add ?? [])], drop_capabilities: [...(security.capabilities.drop ?? [])] } } : {}),
    privileged: security.privileged === true,
    namespace_options: target && input.targetId !== undefined ? { ...namespaces, pid: 'TARGET', target_id: input.targetId } : namespaces,
    ...(uid !== undefined ? { run_as_user: { value: uid } } : input.user.username !== '' ? { run_as_username: input.user.username } : {}),
    ...(security.runAsGroup !== undefined ? { run_as_group: { value: security.runAsGroup } } : {}),
    readonly_rootfs: security.readOnlyRootFilesystem === true,
    supplemental_groups: groups,
    no_new_privs: noNewPrivileges(security),
    masked_paths: unmasked ? [] : maskedPaths,
    readonly_paths: unmasked ? [] : readonlyPaths,
    seccomp: seccomp(security.seccompProfile, input.seccompDefault, input.seccompRoot),
  };
}
