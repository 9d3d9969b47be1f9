// What a write of a pod's status must obey: conditions, addresses, and container states that do not come
// back from the dead against the restart policy.
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, internalFieldError, invalidValue, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { idErrors } from '../../names.ts';
import { goStructs } from '../go-struct.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkMetaUpdate } from '../validator.ts';
import { firstByName } from './container.ts';
import { checkExtendedClaimStatus } from './extended-claim-status.ts';
import { checkIp, checkObjectName, checkQualifiedName, isDualStack } from './fields.ts';
import { checkPodAnnotationUpdates } from './pod-annotations.ts';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);
const notNegative = 'must be a non-negative integer';

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const status: PodStatus = pod.status ?? {};
  const before: PodStatus = old.status ?? {};
  const spec: PodSpec = pod.spec ?? { containers: [] };
  const errors = [...checkMetaUpdate(pod.metadata, old.metadata), ...checkPodAnnotationUpdates(pod, old, 'metadata.annotations')];
  for (const [i, condition] of (status.conditions ?? []).entries()) {
    const at = index('status.conditions', i);
    if ((condition.observedGeneration ?? 0) < 0) errors.push(invalidValue(child(at, 'observedGeneration'), condition.observedGeneration, notNegative));
    if (!systemConditions.has(condition.type)) addAll(errors, checkQualifiedName(condition.type, child(at, 'Type')));
  }
  if ((spec.nodeName ?? '') !== (old.spec?.nodeName ?? '')) errors.push(forbiddenField('status.nodeName', 'may not be changed directly'));
  addAll(errors, checkNomination(status.nominatedNodeName ?? '', before.nominatedNodeName ?? '', old.spec?.nodeName ?? ''));
  if ((status.observedGeneration ?? 0) < 0) errors.push(invalidValue('status.observedGeneration', status.observedGeneration, notNegative));
  addAll(errors, immutable(status.qosClass ?? '', before.qosClass ?? '', 'status.qosClass'));
  const oldSpec: PodSpec = old.spec ?? { containers: [] };
  addAll(errors, checkTransitions(status.containerStatuses, before.containerStatuses, 'status.containerStatuses', oldSpec, oldSpec.containers));
  addAll(errors, checkTransitions(status.initContainerStatuses, before.initContainerStatuses, 'status.initContainerStatuses', oldSpec, oldSpec.initContainers));
  addAll(errors, checkTransitions(status.ephemeralContainerStatuses, before.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', oldSpec, undefined));
  addAll(errors, checkClaimStatuses(status, spec));
  addAll(errors, checkExtendedClaimStatus(status.extendedResourceClaimStatus, spec));
  addAll(errors, checkAddresses('status.podIPs', status.podIPs, before.podIPs));
  const [firstHost] = status.hostIPs ?? [];
  if (firstHost !== undefined && (status.hostIP ?? '') !== firstHost.ip) errors.push(invalidValue('status.hostIPs[0].ip', firstHost.ip, 'must be equal to `hostIP`'));
  addAll(errors, checkAddresses('status.hostIPs', status.hostIPs, before.hostIPs));
  for (const field of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    addAll(errors, checkUsers(status[field], child('status', field), spec.os?.name ?? 'linux'));
  }
  addAll(errors, checkAllocated(status.containerStatuses, 'status.containerStatuses', spec.containers));
  addAll(errors, checkAllocated(status.initContainerStatuses, 'status.initContainerStatuses', spec.initContainers));
  for (const [i, container] of (status.ephemeralContainerStatuses ?? []).entries()) {
    if ((container.allocatedResourcesStatus ?? []).length === 0) continue;
    errors.push(forbiddenField(child(index('status.ephemeralContainerStatuses', i), 'allocatedResourcesStatus'), 'must not be specified in container status'));
  }
  return errors;
}

function checkNomination(name: string, before: string, boundTo: string): FieldError[] {
  if (name === '' || name === before) return [];
  const errors = checkObjectName(name, 'status.nominatedNodeName');
  if (boundTo !== '') errors.push(forbiddenField('status.nominatedNodeName', 'may not be set on pods that are already bound to a node'));
  return errors;
}

type Addresses = readonly { readonly ip?: string }[] | undefined;

function checkAddresses(path: string, list: Addresses, old: Addresses): FieldError[] {
  const known = new Set((old ?? []).map((address) => address.ip ?? ''));
  const ips = (list ?? []).map((address) => address.ip ?? '');
  const errors = ips.flatMap((ip, i) => checkIp(ip, index(path, i), known));
  const broken = ips.find((ip) => checkIp(ip, path).some((error) => error.detail.startsWith('must be a valid IP')));
  if (ips.length > 1 && broken !== undefined) errors.push(internalFieldError(path, `failed to check for dual stack with error:invalid IP[${ips.indexOf(broken)}]: ${broken}`));
  if (ips.length > 1 && (broken !== undefined || !isDualStack(ips) || ips.length > 2)) errors.push(invalidValue(path, goStructs('core.v1.PodIP', list), 'may specify no more than one IP for each IP family'));
  return errors;
}

/** `containers` is undefined for ephemeral containers, which never restart. */
function checkTransitions(
  statuses: readonly ContainerStatus[] | undefined, before: readonly ContainerStatus[] | undefined, path: string, spec: PodSpec, containers: readonly Container[] | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (before === undefined || before === null) return errors;
  const nowByName = firstByName(statuses);
  const containerByName = firstByName(containers);
  const isEphemeral = path.endsWith('ephemeralContainerStatuses');
  const allMayRestart = !isEphemeral && mayAllRestart(spec);
  for (const [i, was] of before.entries()) {
    const terminated = was.state?.terminated;
    if (!terminated) continue;
    const now = nowByName.get(was.name);
    if (now === undefined || now.state?.terminated) continue;
    const container = containerByName.get(was.name);
    if (!isEphemeral && (allMayRestart || (container !== undefined && mayRestart(container, spec, terminated.exitCode)))) continue;
    errors.push(forbiddenField(child(index(path, i), 'state'), 'may not be transitioned to non-terminated state'));
  }
  return errors;
}

/** Some rule may restart the whole pod (KEP-5532). */
function mayAllRestart(spec: PodSpec): boolean {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((container) =>
    (container.restartPolicyRules ?? []).some((rule) => rule.action === 'RestartAllContainers'),
  );
}

/** Does the container come back after this exit: by its rules, its own policy, or the pod's? */
function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined && container.restartPolicy !== null) {
    for (const rule of container.restartPolicyRules ?? []) {
      if (!rule.exitCodes) continue;
      const listed = (rule.exitCodes.values ?? []).includes(exitCode);
      if (rule.exitCodes.operator === 'In' ? listed : !listed) return rule.action === 'Restart';
    }
  }
  const policy = container.restartPolicy ?? spec.restartPolicy;
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function checkClaimStatuses(status: PodStatus, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const known = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  for (const [i, claim] of (status.resourceClaimStatuses ?? []).entries()) {
    const at = index('status.resourceClaimStatuses', i);
    if (!known.has(claim.name)) {
      errors.push(invalidValue(child(at, 'name'), claim.name, 'must match the name of an entry in `spec.resourceClaims`'));
    }
    if (names.has(claim.name)) errors.push(duplicate(child(at, 'name'), claim.name));
    names.add(claim.name);
    if (claim.resourceClaimName !== undefined && claim.resourceClaimName !== null) addAll(errors, checkObjectName(claim.resourceClaimName, child(at, 'resourceClaimName')));
  }
  return errors;
}

function checkUsers(statuses: readonly ContainerStatus[] | undefined, path: string, os: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, status] of (statuses ?? []).entries()) {
    const user = status.user?.linux;
    if (!user) continue;
    const at = child(index(path, i), 'user', 'linux');
    if (os === 'windows') {
      errors.push(forbiddenField(at, 'cannot be set for a windows pod'));
      continue;
    }
    for (const field of ['uid', 'gid'] as const) for (const message of idErrors(user[field])) errors.push(invalidValue(child(at, field), user[field], message));
    for (const [j, gid] of (user.supplementalGroups ?? []).entries()) {
      for (const message of idErrors(gid)) errors.push(invalidValue(index(child(at, 'supplementalGroups'), j), gid, message));
    }
  }
  return errors;
}

function checkAllocated(statuses: readonly ContainerStatus[] | undefined, path: string, containers: readonly Container[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const byName = firstByName(containers);
  const claims = new Map<Container, ReadonlySet<string>>();
  for (const [i, status] of (statuses ?? []).entries()) {
    const container = byName.get(status.name);
    for (const [j, allocated] of (status.allocatedResourcesStatus ?? []).entries()) {
      const at = index(child(index(path, i), 'allocatedResourcesStatus'), j);
      if (container !== undefined) addAll(errors, checkAllocatedName(allocated.name, container, claims, child(at, 'name')));
      const ids = new Set<string>();
      for (const [k, resource] of (allocated.resources ?? []).entries()) {
        const resourcePath = index(child(at, 'resources'), k);
        const health = resource.health ?? '';
        if (!['Healthy', 'Unhealthy', 'Unknown'].includes(health)) errors.push(notSupported(child(resourcePath, 'health'), health, ['Healthy', 'Unhealthy', 'Unknown']));
        const message = resource.message ?? undefined;
        if (message === '') errors.push(required(child(resourcePath, 'message'), 'must be non-empty if specified'));
        else if (message !== undefined && message.length > 1024) errors.push(tooLong(child(resourcePath, 'message'), '', 1024));
        if (ids.has(resource.resourceID)) errors.push(duplicate(child(resourcePath, 'resourceID'), resource.resourceID));
        ids.add(resource.resourceID);
      }
    }
  }
  return errors;
}

/** @param claims Of the containers met so far, as their allocated resources name them. */
function checkAllocatedName(name: string, container: Container, claims: Map<Container, ReadonlySet<string>>, path: string): FieldError[] {
  if (name.startsWith('claim:')) {
    let named = claims.get(container);
    if (named === undefined) claims.set(container, (named = new Set((container.resources?.claims ?? []).map((claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`))));
    const known = named.has(name);
    const detail = "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
    return known ? [] : [invalidValue(path, name, detail)];
  }
  return Object.hasOwn(container.resources?.requests ?? {}, name) ? [] : [invalidValue(path, name, "must match one of the container's resource requests")];
}
