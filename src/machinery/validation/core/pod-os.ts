// What the pod's operating system forbids: Windows options on Linux, and Linux security on Windows.
import type { PodSpec } from '#api/core/v1.ts';
import { child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { containersWithPaths } from './pod-containers.ts';

export function checkOs(spec: PodSpec, path: string): FieldError[] {
  const name = spec.os?.name ?? '';
  if (name === '') return [required(child(path, 'os', 'name'), '')];
  if (name === 'linux') return checkLinux(spec, path);
  return name === 'windows' ? checkWindows(spec, path) : [notSupported(child(path, 'os'), name, ['linux', 'windows'])];
}

function checkLinux(spec: PodSpec, path: string): FieldError[] {
  const detail = 'windows options cannot be set for a linux pod';
  const errors: FieldError[] = [];
  if (spec.securityContext?.windowsOptions) errors.push(forbiddenField(child(path, 'securityContext', 'windowsOptions'), detail));
  for (const { container, at } of containersWithPaths(spec, path)) {
    if (container.securityContext?.windowsOptions) errors.push(forbiddenField(child(at, 'securityContext', 'windowsOptions'), detail));
  }
  return errors;
}

const podFields = [
  'appArmorProfile', 'seLinuxOptions', 'hostUsers', 'hostPID', 'hostIPC', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls',
  'shareProcessNamespace', 'runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy',
];
/** In the API these stand on the pod; upstream reports all but host users and namespaces below securityContext. */
const onSpec = new Set(['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace']);
const containerFields = [
  'appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation',
  'procMount', 'runAsUser', 'runAsGroup',
];

function checkWindows(spec: PodSpec, path: string): FieldError[] {
  const detail = 'cannot be set for a windows pod';
  const errors: FieldError[] = [];
  const contextPath = child(path, 'securityContext');
  const values: Readonly<Record<string, unknown>> = { ...spec.securityContext, ...spec };
  for (const field of podFields) {
    const value = values[field];
    if (field === 'supplementalGroups') {
      for (const [i] of (spec.securityContext?.supplementalGroups ?? []).entries()) errors.push(forbiddenField(index(child(contextPath, field), i), detail));
      continue;
    }
    const set = field === 'hostPID' || field === 'hostIPC' ? value === true : value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
    if (set) errors.push(forbiddenField(child(onSpec.has(field) ? path : contextPath, field), detail));
  }
  for (const { container, at } of containersWithPaths(spec, path)) {
    const context: Readonly<Record<string, unknown>> = { ...container.securityContext };
    for (const field of containerFields) {
      if (context[field] !== undefined && context[field] !== null) errors.push(forbiddenField(child(at, 'securityContext', field), detail));
    }
  }
  return errors;
}

/** Host-process containers: all or none, and only on the host's network. */
export function checkWindowsHostProcess(spec: PodSpec, path: string): FieldError[] {
  const podValue = spec.securityContext?.windowsOptions?.hostProcess ?? undefined;
  const containers = containersWithPaths(spec, path);
  const errors: FieldError[] = [];
  let hostProcesses = 0;
  for (const { container, at } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess ?? undefined;
    if (podValue !== undefined && own !== undefined && podValue !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${podValue}`;
      errors.push(invalidValue(child(at, 'securityContext', 'windowsOptions', 'hostProcess'), own, detail));
    }
    if ((own ?? podValue) === true) hostProcesses++;
  }
  if (hostProcesses === 0) return errors;
  if (hostProcesses !== containers.length) {
    errors.push(invalidValue(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  }
  if (spec.hostNetwork !== true) errors.push(invalidValue(child(path, 'hostNetwork'), false, 'hostNetwork must be true if pod contains any hostProcess containers'));
  return errors;
}
