// The specification of a pod, alone or inside a template: everything that does not depend on what was
// stored before. `old` lets an update keep what older rules allowed.
import type { HostAlias, PodDNSConfig, PodResourceClaim, PodSpec, PodSchedulingGate, Toleration } from '#api/core/v1.ts';
import type { ObjectMeta } from '#api/meta/v1.ts';
import { addAll, child, duplicate, fieldNotFound, forbiddenField, index, invalidValue, isEnough, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { dns1123SubdomainWithUnderscoreErrors, rangeError } from '../../names.ts';
import { goStruct } from '../go-struct.ts';
import { validateLabelName, validateLabels } from '../meta/object-meta.ts';
import { validateLabelSelector } from '../meta/selectors.ts';
import { affinityRelaxations, checkAffinity, checkTopologySpread } from './affinity.ts';
import { checkContainers, checkEphemeralContainers, checkInitContainers, type PodScope } from './container.ts';
import { checkEnum, checkIp, checkLabel1123, checkObjectName, checkQualifiedName, checkRequiredEnum, checkSubdomain } from './fields.ts';
import { checkOs, checkWindowsHostProcess } from './pod-os.ts';
import { containersWithPaths } from './pod-containers.ts';
import { checkPodResources } from './pod-resources.ts';
import { checkResourceRequirements } from './resources.ts';
import { checkPodSecurityContext } from './security-context.ts';
import { checkVolumes } from './volumes.ts';

export const mirrorPodAnnotation = 'kubernetes.io/config.mirror';

/** `meta` is the pod's own; undefined inside a template. */
export function checkPodSpec(spec: PodSpec, meta: ObjectMeta | undefined, path: string, old?: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.terminationGracePeriodSeconds === undefined || spec.terminationGracePeriodSeconds === null) {
    errors.push(required(child(path, 'terminationGracePeriodSeconds'), ''));
  }
  const volumes = checkVolumes(spec.volumes, meta, child(path, 'volumes'));
  addAll(errors, volumes.errors);
  const claims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name).filter((name) => name !== ''));
  addAll(errors, checkPodClaims(spec.resourceClaims, meta, child(path, 'resourceClaims')));
  const scope: PodScope = {
    volumes: volumes.uses,
    claims,
    restartPolicy: spec.restartPolicy ?? '',
    gracePeriod: spec.terminationGracePeriodSeconds ?? undefined,
    hostUsers: spec.hostUsers !== false,
    os: spec.os ?? undefined,
  };
  const init = spec.initContainers ?? [];
  const regular = spec.containers ?? [];
  addAll(errors, checkContainers(regular, child(path, 'containers'), scope));
  addAll(errors, checkInitContainers(init, regular, child(path, 'initContainers'), scope));
  errors.push(...checkEphemeralContainers(spec.ephemeralContainers, [...regular, ...init], child(path, 'ephemeralContainers'), scope));
  addAll(errors, checkPodResources(spec, path));
  addAll(errors, checkHostNetworkPorts(spec, path, meta !== undefined));
  addAll(errors, checkRequiredEnum(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], child(path, 'restartPolicy')));
  addAll(errors, checkRequiredEnum(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], child(path, 'dnsPolicy')));
  addAll(errors, validateLabels(spec.nodeSelector, child(path, 'nodeSelector')));
  addAll(errors, checkPodSecurityContext(spec.securityContext, spec, path));
  addAll(errors, checkAffinity(spec.affinity, child(path, 'affinity'), affinityRelaxations(old?.affinity)));
  addAll(errors, checkDns(spec.dnsConfig, spec.dnsPolicy, child(path, 'dnsConfig')));
  for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
    addAll(errors, checkQualifiedName(gate.conditionType, child(index(child(path, 'readinessGates'), i), 'conditionType')));
  }
  addAll(errors, checkGates(spec.schedulingGates, child(path, 'schedulingGates')));
  const oldSelectorsBad = (old?.topologySpreadConstraints ?? []).some((constraint) => validateLabelSelector(constraint.labelSelector, '').length > 0);
  addAll(errors, checkTopologySpread(spec.topologySpreadConstraints, child(path, 'topologySpreadConstraints'), oldSelectorsBad));
  addAll(errors, checkWindowsHostProcess(spec, path));
  errors.push(...checkHostUsers(spec, path), ...checkHostnameOverride(spec, path));
  addAll(errors, checkNamesAndLimits(spec, path));
  if (spec.os) addAll(errors, checkOs(spec, path));
  if (spec.schedulingGroup) {
    const at = child(path, 'schedulingGroup', 'podGroupName');
    const group = spec.schedulingGroup.podGroupName ?? undefined;
    if (group === undefined) errors.push(invalidValue(at, null, 'must specify one of: `podGroupName`'));
    else addAll(errors, checkObjectName(group, at));
  }
  addAll(errors, checkFileKeyVolumes(spec, path));
  return errors;
}

function checkNamesAndLimits(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['serviceAccountName', 'nodeName'] as const) if (spec[field]) addAll(errors, checkObjectName(spec[field], child(path, field)));
  const deadline = spec.activeDeadlineSeconds ?? undefined;
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    errors.push(invalidValue(child(path, 'activeDeadlineSeconds'), deadline, rangeError(1, 2147483647)));
  }
  for (const field of ['hostname', 'subdomain'] as const) if (spec[field]) addAll(errors, checkLabel1123(spec[field], child(path, field)));
  addAll(errors, checkTolerations(spec.tolerations, child(path, 'tolerations')));
  addAll(errors, checkHostAliases(spec.hostAliases, child(path, 'hostAliases')));
  if (spec.priorityClassName) addAll(errors, checkObjectName(spec.priorityClassName, child(path, 'priorityClassName')));
  if (spec.runtimeClassName !== undefined && spec.runtimeClassName !== null) addAll(errors, checkObjectName(spec.runtimeClassName, child(path, 'runtimeClassName')));
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== null) {
    addAll(errors, checkRequiredEnum(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], child(path, 'preemptionPolicy')));
  }
  if (spec.overhead) addAll(errors, checkResourceRequirements({ limits: spec.overhead }, child(path, 'overhead')));
  return errors;
}

function checkPodClaims(claims: readonly PodResourceClaim[] | undefined, meta: ObjectMeta | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const isStatic = meta?.annotations !== undefined && Object.hasOwn(meta.annotations, mirrorPodAnnotation);
  for (const [i, claim] of (claims ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    if (isStatic) {
      errors.push(forbiddenField('[]', 'static pods do not support resource claims'));
      continue;
    }
    if ((claim.name ?? '') === '') errors.push(required(child(at, 'name'), ''));
    else if (names.has(claim.name)) errors.push(duplicate(child(at, 'name'), claim.name));
    else addAll(errors, checkLabel1123(claim.name, child(at, 'name')));
    names.add(claim.name);
    const byName = claim.resourceClaimName ?? undefined;
    const byTemplate = claim.resourceClaimTemplateName ?? undefined;
    if (byName !== undefined && byTemplate !== undefined) {
      errors.push(invalidValue(at, goStruct('core.v1.PodResourceClaim', claim), 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    }
    if (byName === undefined && byTemplate === undefined) errors.push(invalidValue(at, goStruct('core.v1.PodResourceClaim', claim), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (byName !== undefined) addAll(errors, checkObjectName(byName, child(at, 'resourceClaimName')));
    if (byTemplate !== undefined) addAll(errors, checkObjectName(byTemplate, child(at, 'resourceClaimTemplateName')));
  }
  return errors;
}

function checkHostNetworkPorts(spec: PodSpec, path: string, isPod: boolean): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  const errors: FieldError[] = [];
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [j, port] of (container.ports ?? []).entries()) {
      const hostPort = port.hostPort ?? 0;
      if ((!isPod && hostPort === 0) || hostPort === port.containerPort) continue;
      const at = child(index(child(index(child(path, 'containers'), i), 'ports'), j), 'hostPort');
      errors.push(invalidValue(at, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
  }
  return errors;
}

function checkDns(config: PodDNSConfig | undefined, policy: string | undefined, path: string): FieldError[] {
  if (policy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if ((config.nameservers ?? []).length === 0) return [required(child(path, 'nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  if (!config) return [];
  const errors: FieldError[] = [];
  const servers = config.nameservers ?? [];
  const searches = config.searches ?? [];
  if (servers.length > 3) errors.push(invalidValue(child(path, 'nameservers'), servers, 'must not have more than 3 nameservers'));
  for (const [i, server] of servers.entries()) addAll(errors, checkIp(server, index(child(path, 'nameservers'), i)));
  if (searches.length > 32) errors.push(invalidValue(child(path, 'searches'), searches, 'must not have more than 32 search paths'));
  if (searches.join(' ').length > 2048) {
    errors.push(invalidValue(child(path, 'searches'), searches, 'must not have more than 2048 characters (including spaces) in the search list'));
  }
  for (const [i, search] of searches.entries()) {
    if (isEnough(errors)) break;
    if (search === '.') continue;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    for (const message of dns1123SubdomainWithUnderscoreErrors(name)) errors.push(invalidValue(index(child(path, 'searches'), i), name, message));
  }
  for (const [i, option] of (config.options ?? []).entries()) {
    if (isEnough(errors)) break;
    if ((option.name ?? '') === '') errors.push(required(index(child(path, 'options'), i), 'must not be empty'));
  }
  return errors;
}

function checkGates(gates: readonly PodSchedulingGate[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, gate] of (gates ?? []).entries()) {
    if (isEnough(errors)) break;
    addAll(errors, checkQualifiedName(gate.name, index(path, i)));
    if (seen.has(gate.name)) errors.push(duplicate(index(path, i), gate.name));
    seen.add(gate.name);
  }
  return errors;
}

function checkHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const errors: FieldError[] = [];
  if (spec.hostNetwork === true) errors.push(forbiddenField(child(path, 'hostNetwork'), 'when `hostUsers` is false'));
  if (spec.hostPID === true) errors.push(forbiddenField(child(path, 'HostPID'), 'when `hostUsers` is false'));
  if (spec.hostIPC === true) errors.push(forbiddenField(child(path, 'HostIPC'), 'when `hostUsers` is false'));
  return errors;
}

function checkHostnameOverride(spec: PodSpec, path: string): FieldError[] {
  const name = spec.hostnameOverride ?? undefined;
  if (name === undefined) return [];
  const at = child(path, 'hostnameOverride');
  const errors: FieldError[] = [];
  if (spec.setHostnameAsFQDN === true) errors.push(forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork === true) errors.push(forbiddenField(at, 'may not be specified when hostNetwork is true'));
  if (name.length > 64) errors.push(tooLong(at, '', 64));
  return [...errors, ...checkSubdomain(name, at)];
}

export const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTolerations(tolerations: readonly Toleration[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, toleration] of (tolerations ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    if (key !== '') addAll(errors, validateLabelName(key, child(at, 'key')));
    else if (operator !== 'Exists') {
      errors.push(invalidValue(child(at, 'operator'), operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    }
    if (toleration.tolerationSeconds !== undefined && toleration.tolerationSeconds !== null && effect !== 'NoExecute') {
      errors.push(invalidValue(child(at, 'effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === 'Exists') {
      if (value !== '') errors.push(invalidValue(child(at, 'operator'), value, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === 'Equal' || operator === '') {
      const messages = labelValueErrors(value);
      if (messages.length > 0) errors.push(invalidValue(child(at, 'operator'), value, messages.join(';')));
    } else {
      errors.push(notSupported(child(at, 'operator'), operator, operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists']));
    }
    if (effect !== '') addAll(errors, checkEnum(effect, taintEffects, child(at, 'effect')));
  }
  return errors;
}

function checkHostAliases(aliases: readonly HostAlias[] | undefined, path: string): FieldError[] {
  return (aliases ?? []).flatMap((alias, i) => [
    ...checkIp(alias.ip ?? '', child(index(path, i), 'ip')),
    ...(alias.hostnames ?? []).flatMap((name, j) => checkSubdomain(name, index(child(index(path, i), 'hostnames'), j))),
  ]);
}

function checkFileKeyVolumes(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const { container, at } of containersWithPaths(spec, path)) {
    for (const [i, variable] of (container.env ?? []).entries()) {
      const name = variable.valueFrom?.fileKeyRef?.volumeName;
      if (name === undefined) continue;
      const volumePath = child(index(child(at, 'env'), i), 'valueFrom', 'fileKeyRef', 'volumeName');
      const volume = (spec.volumes ?? []).find((candidate) => candidate.name === name);
      if (volume === undefined) errors.push(fieldNotFound(volumePath, name));
      else if (!volume.emptyDir) errors.push(invalidValue(volumePath, name, 'referenced volume must be of type emptyDir'));
    }
  }
  return errors;
}
