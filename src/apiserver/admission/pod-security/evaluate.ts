// Which checks a level has in which version of the standards, and their judgement of one pod. Checks of the restricted
// level stand in for the baseline's that they sharpen.
import {
  appArmor, hostNamespaces, hostPathVolumes, hostPorts, hostProbesAndLifecycle, ordinaryCapabilitiesOnly, privileged, procMount, procMountOfOwnUsers, seccomp, seccompAnnotations, seLinux, sysctls,
  windowsHostProcess,
} from './baseline-checks.ts';
import type { LevelVersion } from './policy.ts';
import { allowPrivilegeEscalation, capabilitiesDropped, exceptOnWindows, exceptWithOwnUsers, restrictedVolumes, runAsNonRoot, runAsUser, seccompSet } from './restricted-checks.ts';
import type { Judged, PodCheck, Violation } from './words.ts';

interface VersionedCheck {
  readonly id: string;
  readonly overrides?: string;
  /** From which minor version of the standards on. */
  readonly since: Readonly<Record<number, PodCheck>>;
}

const firstSysctls = ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'];
const sysctls27 = [...firstSysctls, 'net.ipv4.ip_local_reserved_ports'];
const sysctls29 = [...sysctls27, 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'];
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const containerTypes = ['container_t', 'container_init_t', 'container_kvm_t'];

/** In the order in which violations are told. */
const baseline: readonly VersionedCheck[] = [
  { id: 'appArmorProfile', since: { 0: appArmor } },
  { id: 'capabilities_baseline', since: { 0: ordinaryCapabilitiesOnly } },
  { id: 'hostNamespaces', since: { 0: hostNamespaces } },
  { id: 'hostPathVolumes', since: { 0: hostPathVolumes } },
  { id: 'hostPorts', since: { 0: hostPorts } },
  { id: 'hostProbesAndHostLifecycle', since: { 34: hostProbesAndLifecycle } },
  { id: 'privileged', since: { 0: privileged } },
  { id: 'procMount', since: { 0: procMount, 35: procMountOfOwnUsers } },
  { id: 'seLinuxOptions', since: { 0: seLinux(...containerTypes), 31: seLinux(...containerTypes, 'container_engine_t') } },
  { id: 'seccompProfile_baseline', since: { 0: seccompAnnotations, 19: seccomp } },
  { id: 'sysctls', since: { 0: sysctls(...firstSysctls), 27: sysctls(...sysctls27), 29: sysctls(...sysctls29), 32: sysctls(...sysctls32) } },
  { id: 'windowsHostProcess', since: { 0: windowsHostProcess } },
];

const restricted: readonly VersionedCheck[] = [
  { id: 'allowPrivilegeEscalation', since: { 8: allowPrivilegeEscalation, 25: exceptOnWindows(allowPrivilegeEscalation) } },
  { id: 'capabilities_restricted', overrides: 'capabilities_baseline', since: { 22: capabilitiesDropped, 25: exceptOnWindows(capabilitiesDropped) } },
  { id: 'procMount_restricted', overrides: 'procMount', since: { 35: procMount } },
  { id: 'restrictedVolumes', overrides: 'hostPathVolumes', since: { 0: restrictedVolumes } },
  { id: 'runAsNonRoot', since: { 0: runAsNonRoot, 35: exceptWithOwnUsers(runAsNonRoot) } },
  { id: 'runAsUser', since: { 23: runAsUser, 35: exceptWithOwnUsers(runAsUser) } },
  { id: 'seccompProfile_restricted', overrides: 'seccompProfile_baseline', since: { 19: seccompSet, 25: exceptOnWindows(seccompSet) } },
];

/** The version that "latest" and all later ones mean. */
const newest = 35;

function checkAt({ since }: VersionedCheck, minor: number): PodCheck | undefined {
  const start = Object.keys(since).map(Number).filter((from) => from <= minor).sort((a, b) => a - b).at(-1);
  return start === undefined ? undefined : since[start];
}

const known = new Map<string, readonly PodCheck[]>();

function checksOf({ level, version }: LevelVersion): readonly PodCheck[] {
  const minor = version === 'latest' ? newest : Math.min(newest, Number(version.slice('v1.'.length)));
  const key = `${level} ${minor}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const sharp = level === 'restricted' ? restricted.filter((check) => checkAt(check, minor) !== undefined) : [];
  const overridden = new Set(sharp.map((check) => check.overrides));
  const found = [...baseline.filter((check) => !overridden.has(check.id)), ...sharp].flatMap((check) => checkAt(check, minor) ?? []);
  known.set(key, found);
  return found;
}

/** What the pod violates; empty when the level allows it. */
export function violations(required: LevelVersion, pod: Judged): Violation[] {
  if (required.level === 'privileged') return [];
  return checksOf(required).flatMap((check) => check(pod) ?? []);
}

export function reasonsOf(found: readonly Violation[]): string {
  return found.map((violation) => violation.reason).join(', ');
}

export function detailsOf(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}
