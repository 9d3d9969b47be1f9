// Security contexts of pods and containers: ids, seccomp, AppArmor, sysctls, SELinux, Windows options.
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, WindowsSecurityContextOptions } from '#api/core/v1.ts';
import { addAll, child, duplicate, index, invalidValue, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, idErrors } from '../../names.ts';
import { goStruct } from '../go-struct.ts';
import { checkDescendingPath, checkEnum } from './fields.ts';

/** `hostUsers`: the pod shares the host's user namespace. */
export function checkSecurityContext(context: SecurityContext | undefined, path: string, hostUsers: boolean): FieldError[] {
  if (context === undefined || context === null) return [];
  const errors: FieldError[] = [];
  addAll(errors, checkIds(context, path));
  if (context.procMount !== undefined && context.procMount !== null) {
    const at = child(path, 'procMount');
    if (!['Default', 'Unmasked'].includes(context.procMount)) errors.push(notSupported(at, context.procMount, ['Default', 'Unmasked']));
    if (hostUsers && context.procMount === 'Unmasked') errors.push(invalidValue(at, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  addAll(errors, checkSeccomp(context.seccompProfile, child(path, 'seccompProfile')));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    for (const capability of context.capabilities?.add ?? []) {
      if (capability === 'CAP_SYS_ADMIN') {
        errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
      }
    }
  }
  addAll(errors, checkWindowsOptions(context.windowsOptions, child(path, 'windowsOptions')));
  addAll(errors, checkAppArmor(context.appArmorProfile, child(path, 'appArmorProfile')));
  return errors;
}

function checkIds(context: { readonly runAsUser?: number; readonly runAsGroup?: number }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = context[field] ?? undefined;
    if (id !== undefined) for (const message of idErrors(id)) errors.push(invalidValue(child(path, field), id, message));
  }
  return errors;
}

export function checkPodSecurityContext(context: PodSecurityContext | undefined, spec: PodSpec, specPath: string): FieldError[] {
  const path = child(specPath, 'securityContext');
  const errors: FieldError[] = [];
  const fsGroup = context?.fsGroup ?? undefined;
  if (fsGroup !== undefined) for (const message of idErrors(fsGroup)) errors.push(invalidValue(child(path, 'fsGroup'), fsGroup, message));
  addAll(errors, checkIds(context ?? {}, path));
  for (const [i, gid] of (context?.supplementalGroups ?? []).entries()) {
    for (const message of idErrors(gid)) errors.push(invalidValue(index(child(path, 'supplementalGroups'), i), gid, message));
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(invalidValue(child(path, 'shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  if (context === undefined) return errors;
  addAll(errors, checkSysctls(context, child(path, 'sysctls')));
  if (context.fsGroupChangePolicy) addAll(errors, checkEnum(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], child(path, 'fsGroupChangePolicy')));
  addAll(errors, checkSeccomp(context.seccompProfile, child(path, 'seccompProfile')));
  addAll(errors, checkWindowsOptions(context.windowsOptions, child(path, 'windowsOptions')));
  addAll(errors, checkAppArmor(context.appArmorProfile, child(path, 'appArmorProfile')));
  if (context.supplementalGroupsPolicy) addAll(errors, checkEnum(context.supplementalGroupsPolicy, ['Merge', 'Strict'], child(path, 'supplementalGroupsPolicy')));
  if (context.seLinuxChangePolicy) addAll(errors, checkEnum(context.seLinuxChangePolicy, ['Recursive'], child(path, 'seLinuxChangePolicy')));
  return errors;
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;

/** Linear form of the pattern above. */
function isSysctlName(name: string): boolean {
  return name.length <= 253 && name.split(/[./]/).every((segment) => /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(segment));
}

function checkSysctls(context: PodSecurityContext, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, { name = '' }] of (context.sysctls ?? []).entries()) {
    const at = child(index(path, i), 'name');
    if (name === '') errors.push(required(at, ''));
    else if (!isSysctlName(name)) errors.push(invalidValue(at, name, `must have at most 253 characters and match regex ${sysctlPattern}`));
    else if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
  }
  return errors;
}

function checkSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined || profile === null) return [];
  const errors: FieldError[] = [];
  const type = profile.type ?? '';
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
  if (type === '') errors.push(required(child(path, 'type'), 'type is required when seccompProfile is set'));
  else if (!types.includes(type)) errors.push(notSupported(child(path, 'type'), type, types));
  const local = profile.localhostProfile ?? undefined;
  const at = child(path, 'localhostProfile');
  if (type !== 'Localhost') {
    if (local !== undefined) errors.push(invalidValue(at, goStruct('core.v1.SeccompProfile', profile), 'can only be set when seccomp type is Localhost'));
  } else if (local === undefined) {
    errors.push(required(at, 'must be set when seccomp type is Localhost'));
  } else {
    addAll(errors, checkDescendingPath(local, at));
  }
  return errors;
}

function checkAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (profile === undefined || profile === null) return [];
  const local = profile.localhostProfile ?? undefined;
  const at = child(path, 'localhostProfile');
  switch (profile.type) {
    case 'Localhost': {
      if (local === undefined) return [required(at, 'must be set when AppArmor type is Localhost')];
      const errors: FieldError[] = [];
      if (local.trim() !== local) errors.push(invalidValue(at, local, 'must not be padded with whitespace'));
      else if (local === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'));
      if (Buffer.byteLength(local) > 4095) errors.push(tooLong(at, '', 4095));
      return errors;
    }
    case 'RuntimeDefault':
    case 'Unconfined':
      return local === undefined ? [] : [invalidValue(at, local, 'can only be set when AppArmor type is Localhost')];
    default:
      if ((profile.type ?? '') === '') return [required(child(path, 'type'), 'type is required when appArmorProfile is set')];
      return [notSupported(child(path, 'type'), profile.type, ['Localhost', 'RuntimeDefault', 'Unconfined'])];
  }
}

function checkWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (options === undefined || options === null) return [];
  const errors: FieldError[] = [];
  const specName = options.gmsaCredentialSpecName ?? undefined;
  if (specName !== undefined) {
    for (const message of dns1123SubdomainErrors(specName)) errors.push(invalidValue(child(path, 'gmsaCredentialSpecName'), specName, message));
  }
  const spec = options.gmsaCredentialSpec ?? undefined;
  if (spec !== undefined) {
    const at = child(path, 'gmsaCredentialSpec');
    if (spec === '') errors.push(invalidValue(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
    else if (Buffer.byteLength(spec) > 64 * 1024) errors.push(invalidValue(at, spec, 'gmsaCredentialSpec size must be under 64 KiB'));
  }
  const user = options.runAsUserName ?? undefined;
  if (user !== undefined) for (const detail of windowsUserErrors(user)) errors.push(invalidValue(child(path, 'runAsUserName'), user, detail));
  return errors;
}

function windowsUserErrors(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const errors: string[] = [];
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const user = parts.at(-1) ?? '';
  if (domain !== undefined) {
    if (domain.length >= 256) errors.push("runAsUserName's Domain length must be under 256 characters");
    const label = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
    const isDns = domain.split('.').every((part) => label.test(part));
    if (!isDns && !/^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/.test(domain)) errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > 104) errors.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) errors.push("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  return errors;
}
