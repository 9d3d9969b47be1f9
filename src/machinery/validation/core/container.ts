// Containers of every kind: what all share, and what regular, init and ephemeral ones may add.
import type {
  Container, ContainerPort, ContainerResizePolicy, ContainerRestartRule, EphemeralContainer, PodOS, VolumeDevice, VolumeMount,
} from '#api/core/v1.ts';
import { addAll, child, duplicate, fieldNotFound, forbiddenField, index, invalidValue, isEnough, notSupported, required, tooMany, type FieldError } from '../../field-errors.ts';
import { portNameErrors, portNumberErrors } from '../../names.ts';
import { checkEnv, checkEnvFrom } from './env.ts';
import { checkDescendingPath, checkLabel1123, checkNoBacksteps, checkRequiredEnum } from './fields.ts';
import { checkLifecycle, checkProbe } from './probe.ts';
import { checkResourceRequirements } from './resources.ts';
import { checkSecurityContext } from './security-context.ts';

/** How a volume may be used by containers. */
export type VolumeUse = 'filesystem' | 'claim';

/** What containers see of their pod. */
export interface PodScope {
  readonly volumes: ReadonlyMap<string, VolumeUse>;
  readonly claims: ReadonlySet<string>;
  readonly restartPolicy: string;
  readonly gracePeriod: number | undefined;
  readonly hostUsers: boolean;
  readonly os: PodOS | undefined;
}

/** Of containers or their states, the first of each name. */
export function firstByName<T extends { readonly name: string }>(list: readonly T[] | undefined): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of list ?? []) if (!found.has(item.name)) found.set(item.name, item);
  return found;
}

export function checkContainers(containers: readonly Container[] | undefined, path: string, scope: PodScope): FieldError[] {
  if (containers === undefined || containers === null || containers.length === 0) return [required(path, '')];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    addAll(errors, checkCommon(container, at, scope));
    if (names.has(container.name)) errors.push(duplicate(child(at, 'name'), container.name));
    names.add(container.name);
    addAll(errors, checkHooksAndProbes(container, at, scope));
    addAll(errors, checkRestartRules(container.restartPolicy ?? undefined, container.restartPolicyRules, at));
  }
  addAll(errors, checkHostPortConflicts(containers, path));
  return errors;
}

export function checkInitContainers(containers: readonly Container[] | undefined, regular: readonly Container[], path: string, scope: PodScope): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set(regular.map((container) => container.name));
  for (const [i, container] of (containers ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    addAll(errors, checkCommon(container, at, scope));
    addAll(errors, checkRestartRules(container.restartPolicy ?? undefined, container.restartPolicyRules, at));
    if (names.has(container.name)) errors.push(duplicate(child(at, 'name'), container.name));
    else if (container.name !== '') names.add(container.name);
    addAll(errors, checkHostPortConflicts([container], path));
    const isSidecar = container.restartPolicy === 'Always';
    if (isSidecar) {
      addAll(errors, checkHooksAndProbes(container, at, scope));
      continue;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (container[field]) errors.push(forbiddenField(child(at, field), 'may not be set for init containers without restartPolicy=Always'));
    }
    for (const [j, policy] of (container.resizePolicy ?? []).entries()) {
      if (policy.restartPolicy !== 'RestartContainer') continue;
      const policyPath = child(index(child(at, 'resizePolicy'), j), 'restartPolicy');
      errors.push(invalidValue(policyPath, policy.restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers"));
    }
  }
  return errors;
}

/** Fields an ephemeral container may not set, in the order of the type. */
const notEphemeral = ['ports', 'resources', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'] as const;

export function checkEphemeralContainers(list: readonly EphemeralContainer[] | undefined, others: readonly Container[], path: string, scope: PodScope): FieldError[] {
  const errors: FieldError[] = [];
  const targets = new Set(others.map((container) => container.name));
  const names = new Set(targets);
  for (const [i, container] of (list ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    errors.push(...checkCommon(container, at, scope), ...checkImageSpaces(container, at));
    if (names.has(container.name)) errors.push(duplicate(child(at, 'name'), container.name));
    names.add(container.name);
    const target = container.targetContainerName ?? '';
    if (target !== '' && !targets.has(target)) errors.push(fieldNotFound(child(at, 'targetContainerName'), target));
    for (const field of notEphemeral) {
      if (isSet(field, container[field])) errors.push(forbiddenField(child(at, field), 'cannot be set for an Ephemeral Container'));
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if (mount[field]) errors.push(forbiddenField(child(index(child(at, 'volumeMounts'), j), field), 'cannot be set for an Ephemeral Container'));
      }
    }
  }
  return errors;
}

/** Go knows whether a pointer was given, and of `resources` only whether it says something. */
function isSet(field: string, value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return field !== 'resources' || Object.values(value).some((part) => part !== undefined && part !== null);
}

export function checkImageSpaces(container: { readonly image?: string }, path: string): FieldError[] {
  const image = container.image ?? '';
  return image.trim() === image ? [] : [invalidValue(child(path, 'image'), image, 'must not have leading or trailing whitespace')];
}

function checkCommon(container: Container, path: string, scope: PodScope): FieldError[] {
  const errors: FieldError[] = [];
  if ((container.name ?? '') === '') errors.push(required(child(path, 'name'), ''));
  else addAll(errors, checkLabel1123(container.name, child(path, 'name')));
  if ((container.image ?? '') === '') errors.push(required(child(path, 'image'), ''));
  addAll(errors, checkRequiredEnum(container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError'], child(path, 'terminationMessagePolicy')));
  addAll(errors, checkPorts(container.ports, child(path, 'ports')));
  addAll(errors, checkEnv(container.env, child(path, 'env')));
  addAll(errors, checkEnvFrom(container.envFrom, child(path, 'envFrom')));
  addAll(errors, checkVolumeMounts(container, child(path, 'volumeMounts'), scope.volumes));
  addAll(errors, checkVolumeDevices(container, child(path, 'volumeDevices'), scope.volumes));
  addAll(errors, checkRequiredEnum(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], child(path, 'imagePullPolicy')));
  addAll(errors, checkResourceRequirements(container.resources, child(path, 'resources'), scope.claims));
  addAll(errors, checkResizePolicy(container.resizePolicy, child(path, 'resizePolicy'), scope.restartPolicy));
  addAll(errors, checkSecurityContext(container.securityContext, child(path, 'securityContext'), scope.hostUsers));
  return errors;
}

function checkHooksAndProbes(container: Container, path: string, scope: PodScope): FieldError[] {
  return [
    ...checkLifecycle(container.lifecycle, scope.gracePeriod, child(path, 'lifecycle'), scope.os),
    ...checkProbe('liveness', container.livenessProbe, scope.gracePeriod, child(path, 'livenessProbe')),
    ...checkProbe('readiness', container.readinessProbe, scope.gracePeriod, child(path, 'readinessProbe')),
    ...checkProbe('startup', container.startupProbe, scope.gracePeriod, child(path, 'startupProbe')),
  ];
}

export const portProtocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];

function checkPorts(ports: readonly ContainerPort[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, port] of (ports ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    const name = port.name ?? '';
    if (name !== '') {
      const messages = portNameErrors(name);
      for (const message of messages) errors.push(invalidValue(child(at, 'name'), name, message));
      if (messages.length === 0 && names.has(name)) errors.push(duplicate(child(at, 'name'), name));
      if (messages.length === 0) names.add(name);
    }
    if ((port.containerPort ?? 0) === 0) errors.push(required(child(at, 'containerPort'), ''));
    else for (const message of portNumberErrors(port.containerPort)) errors.push(invalidValue(child(at, 'containerPort'), port.containerPort, message));
    const hostPort = port.hostPort ?? 0;
    if (hostPort !== 0) for (const message of portNumberErrors(hostPort)) errors.push(invalidValue(child(at, 'hostPort'), hostPort, message));
    addAll(errors, checkRequiredEnum(port.protocol, portProtocols, child(at, 'protocol')));
  }
  return errors;
}

function checkHostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [i, container] of containers.entries()) {
    if (isEnough(errors)) break;
    for (const [j, port] of (container.ports ?? []).entries()) {
      if ((port.hostPort ?? 0) === 0) continue;
      const text = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
      if (taken.has(text)) errors.push(duplicate(child(index(child(index(path, i), 'ports'), j), 'hostPort'), text));
      taken.add(text);
    }
  }
  return errors;
}

function checkVolumeMounts(container: Container, path: string, volumes: ReadonlyMap<string, VolumeUse>): FieldError[] {
  const errors: FieldError[] = [];
  const points = new Set<string>();
  const devices = container.volumeDevices ?? [];
  const deviceNames = new Set(devices.map((device) => device.name));
  const devicePaths = new Set(devices.map((device) => device.devicePath));
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    const { name = '', mountPath = '' } = mount;
    if (name === '') errors.push(required(child(at, 'name'), ''));
    if (!volumes.has(name)) errors.push(fieldNotFound(child(at, 'name'), name));
    if (mountPath === '') errors.push(required(child(at, 'mountPath'), ''));
    if (points.has(mountPath)) errors.push(invalidValue(child(at, 'mountPath'), mountPath, 'must be unique'));
    points.add(mountPath);
    if (deviceNames.has(name)) errors.push(invalidValue(child(at, 'name'), name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(mountPath)) {
      errors.push(invalidValue(child(at, 'mountPath'), mountPath, 'must not already exist as a path in volumeDevices'));
    }
    addAll(errors, checkMountOptions(mount, container, path, at));
  }
  return errors;
}

function checkMountOptions(mount: VolumeMount, container: Container, path: string, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (mount.subPath) addAll(errors, checkDescendingPath(mount.subPath, child(path, 'subPath')));
  if (mount.subPathExpr) {
    if (mount.subPath) errors.push(invalidValue(child(at, 'subPathExpr'), mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    addAll(errors, checkDescendingPath(mount.subPathExpr, child(path, 'subPathExpr')));
  }
  const propagation = mount.mountPropagation ?? undefined;
  if (propagation !== undefined) {
    const modes = ['Bidirectional', 'HostToContainer', 'None'];
    const propagationPath = child(path, 'mountPropagation');
    if (!modes.includes(propagation)) errors.push(notSupported(propagationPath, propagation, modes));
    if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
      errors.push(forbiddenField(propagationPath, 'Bidirectional mount propagation is available only to privileged containers'));
    }
  }
  const recursive = mount.recursiveReadOnly ?? undefined;
  const recursivePath = child(path, 'recursiveReadOnly');
  if (recursive === 'Enabled' || recursive === 'IfPossible') {
    if (mount.readOnly !== true) errors.push(forbiddenField(recursivePath, 'may only be specified when readOnly is true'));
    if (propagation !== undefined && propagation !== 'None') {
      errors.push(forbiddenField(recursivePath, 'may only be specified when mountPropagation is None or not specified'));
    }
  } else if (recursive !== undefined && recursive !== 'Disabled') {
    errors.push(notSupported(recursivePath, recursive, ['Disabled', 'Enabled', 'IfPossible']));
  }
  return errors;
}

function checkVolumeDevices(container: Container, path: string, volumes: ReadonlyMap<string, VolumeUse>): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  const mountNames = new Set(mounts.map((mount) => mount.name));
  const mountPaths = new Set(mounts.map((mount) => mount.mountPath));
  for (const [i, device] of (container.volumeDevices ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    addAll(errors, checkDevice(device, at, volumes.get(device.name), names, paths));
    if (mountNames.has(device.name)) errors.push(invalidValue(child(at, 'name'), device.name, 'must not already exist in volumeMounts'));
    if (mountPaths.has(device.devicePath)) {
      errors.push(invalidValue(child(at, 'devicePath'), device.devicePath, 'must not already exist as a path in volumeMounts'));
    }
    if (device.name !== '') names.add(device.name);
  }
  return errors;
}

function checkDevice({ name, devicePath }: VolumeDevice, at: string, use: VolumeUse | undefined, names: ReadonlySet<string>, paths: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(child(at, 'name'), ''));
  if (names.has(name)) errors.push(invalidValue(child(at, 'name'), name, 'must be unique'));
  if (use === 'filesystem') {
    errors.push(invalidValue(child(at, 'name'), name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
  }
  if (use === undefined) errors.push(fieldNotFound(child(at, 'name'), name));
  if (devicePath === '') errors.push(required(child(at, 'devicePath'), ''));
  if (paths.has(devicePath)) errors.push(invalidValue(child(at, 'devicePath'), devicePath, 'must be unique'));
  if (checkNoBacksteps(devicePath, '').length > 0) errors.push(invalidValue(child(at, 'devicePath'), devicePath, "can not contain backsteps ('..')"));
  else paths.add(devicePath);
  return errors;
}

function checkResizePolicy(policies: readonly ContainerResizePolicy[] | undefined, path: string, podRestartPolicy: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, policy] of (policies ?? []).entries()) {
    if (isEnough(errors)) break;
    if (seen.has(policy.resourceName)) errors.push(duplicate(index(path, i), policy.resourceName));
    seen.add(policy.resourceName);
    addAll(errors, checkRequiredEnum(policy.resourceName, ['cpu', 'memory'], path));
    addAll(errors, checkRequiredEnum(policy.restartPolicy, ['NotRequired', 'RestartContainer'], path));
    if (podRestartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired') {
      errors.push(invalidValue(path, policy.restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    }
  }
  return errors;
}

function checkRestartRules(policy: string | undefined, rules: readonly ContainerRestartRule[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const list = rules ?? [];
  const policies = ['Always', 'Never', 'OnFailure'];
  if (policy === undefined) {
    if (list.length === 0) return errors;
    errors.push(required(child(path, 'restartPolicy'), 'must specify restartPolicy when restart rules are used'));
  } else if (!policies.includes(policy)) {
    errors.push(notSupported(child(path, 'restartPolicy'), policy, policies));
  }
  if (list.length > 20) errors.push(tooMany(child(path, 'restartPolicyRules'), list.length, 20));
  for (const [i, rule] of list.entries()) {
    const at = index(child(path, 'restartPolicyRules'), i);
    const actions = ['Restart', 'RestartAllContainers'];
    if (!actions.includes(rule.action)) errors.push(notSupported(child(at, 'action'), rule.action ?? '', actions));
    if (!rule.exitCodes) {
      errors.push(required(child(at, 'exitCodes'), 'must be specified'));
      continue;
    }
    const codes = child(at, 'exitCodes');
    if (!['In', 'NotIn'].includes(rule.exitCodes.operator)) errors.push(notSupported(child(codes, 'operator'), rule.exitCodes.operator ?? '', ['In', 'NotIn']));
    const count = (rule.exitCodes.values ?? []).length;
    if (count > 255) errors.push(tooMany(child(codes, 'values'), count, 255));
  }
  return errors;
}
