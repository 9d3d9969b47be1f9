// Annotations that have a meaning on pods: mirror pods, deletion cost, and the old spellings of seccomp and
// AppArmor, which must agree with the fields that replaced them.
import type { AppArmorProfile, Pod, PodSpec, SeccompProfile } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, invalidValue, key, type FieldError } from '../../field-errors.ts';
import { checkDescendingPath } from './fields.ts';
import { containersWithPaths } from './pod-containers.ts';
import { mirrorPodAnnotation } from './pod-spec.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
/** That of all annotations for one container. */
const specialPrefix = 'container.';

type Annotations = Readonly<Record<string, string>>;

export function checkPodAnnotations(annotations: Annotations | undefined, spec: PodSpec, path: string): FieldError[] {
  if (annotations === undefined) return [];
  const errors: FieldError[] = [];
  if (Object.hasOwn(annotations, mirrorPodAnnotation) && (spec.nodeName ?? '') === '') {
    errors.push(invalidValue(key(path, mirrorPodAnnotation), annotations[mirrorPodAnnotation], 'must set spec.nodeName if mirror pod annotation is set'));
  }
  const cost = annotations[deletionCost];
  if (cost !== undefined && !isDeletionCost(cost)) errors.push(invalidValue(key(path, deletionCost), cost, 'must be a 32bit integer'));
  const special = Object.keys(annotations).filter((name) => name.startsWith(specialPrefix) || name === seccompPod);
  for (const name of special) {
    if (name === seccompPod || name.startsWith(seccompContainer)) addAll(errors, checkSeccompText(annotations[name] ?? '', child(path, name)));
  }
  let names: ReadonlySet<string> | undefined;
  for (const name of special) {
    if (!name.startsWith(appArmorContainer)) continue;
    const value = annotations[name] ?? '';
    const container = name.slice(appArmorContainer.length);
    names ??= new Set(containersWithPaths(spec, '').map((found) => found.container.name));
    if (!names.has(container)) errors.push(invalidValue(key(path, name), container, 'container not found'));
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/')) {
      errors.push(invalidValue(key(path, name), value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
    }
  }
  return errors;
}

function isDeletionCost(text: string): boolean {
  return /^(0|-?[1-9]\d{0,9})$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;
}

function checkSeccompText(profile: string, path: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  if (profile.startsWith('localhost/')) return checkDescendingPath(profile.slice('localhost/'.length), path);
  return [invalidValue(path, profile, 'must be a valid seccomp profile')];
}

/** What of these annotations an update may not change. */
export function checkPodAnnotationUpdates(pod: Pod, old: Pod, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const annotations = pod.metadata?.annotations ?? {};
  const before = old.metadata?.annotations ?? {};
  for (const [name, value] of Object.entries(before)) {
    if (annotations[name] === value) continue;
    if (name.startsWith(appArmorContainer)) errors.push(forbiddenField(key(path, name), 'may not remove or update AppArmor annotations'));
    if (name === mirrorPodAnnotation) errors.push(forbiddenField(key(path, name), 'may not remove or update mirror pod annotation'));
  }
  for (const name of Object.keys(annotations)) {
    if (Object.hasOwn(before, name)) continue;
    if (name.startsWith(appArmorContainer)) errors.push(forbiddenField(key(path, name), 'may not add AppArmor annotations'));
    if (name === mirrorPodAnnotation) errors.push(forbiddenField(key(path, name), 'may not add mirror pod annotation'));
  }
  return [...errors, ...checkPodAnnotations(pod.metadata?.annotations, pod.spec ?? { containers: [] }, path)];
}

/** On create an annotation and the field that replaced it must say the same. */
export function checkAnnotationsMatchFields(annotations: Annotations | undefined, spec: PodSpec, path: string): FieldError[] {
  if (annotations === undefined) return [];
  const errors: FieldError[] = [];
  const podSeccomp = spec.securityContext?.seccompProfile;
  if (podSeccomp) addAll(errors, checkMatch('seccomp', annotations[seccompPod], podSeccomp, child(path, 'securityContext', 'seccompProfile')));
  for (const { container, at } of containersWithPaths(spec, path)) {
    const profile = container.securityContext?.seccompProfile;
    if (profile) addAll(errors, checkMatch('seccomp', annotations[`${seccompContainer}${container.name}`], profile, child(at, 'securityContext', 'seccompProfile')));
  }
  if (spec.os?.name === 'windows') return errors;
  for (const { container, at } of containersWithPaths(spec, path)) {
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (profile) addAll(errors, checkMatch('apparmor', annotations[`${appArmorContainer}${container.name}`], profile, child(at, 'securityContext', 'appArmorProfile')));
  }
  return errors;
}

function checkMatch(what: 'seccomp' | 'apparmor', annotation: string | undefined, profile: SeccompProfile | AppArmorProfile, path: string): FieldError[] {
  if (annotation === undefined) return [];
  const mismatch = [forbiddenField(child(path, 'type'), `${what} type in annotation and field must match`)];
  switch (profile.type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : mismatch;
    case 'RuntimeDefault':
      return annotation === 'runtime/default' || (what === 'seccomp' && annotation === 'docker/default') ? [] : mismatch;
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) return mismatch;
      if (annotation.slice('localhost/'.length) === profile.localhostProfile) return [];
      return [forbiddenField(child(path, 'localhostProfile'), `${what} profile in annotation and field must match`)];
    default:
      return [];
  }
}
