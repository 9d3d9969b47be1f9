// The registry of validation: one row per kind, spelled out. Kinds without a row obey the metadata rules
// with a DNS subdomain as name. The API server asks here after defaulting and mutating admission.
import { resources } from '#api/resources.ts';
import type { Binding, Pod } from '#api/core/v1.ts';
import type { FieldError } from '../field-errors.ts';
import { nameIsLabel, nameIsPathSegment, nameIsSubdomain, type NameRule } from '../names.ts';
import type { KubeObject } from '../object.ts';
import { validateBinding, validateEphemeralContainersUpdate, validatePodCreate, validatePodResize, validatePodUpdate } from './core/pod.ts';
import { validatePodStatusUpdate } from './core/pod-status.ts';
import { coreKinds } from './core/kinds.ts';
import { checkMetaUpdate, kind, standard, type Validator } from './validator.ts';

const anyName: NameRule = () => [];

const rows: Readonly<Record<string, Validator>> = {
  ...coreKinds,
  'core.v1.Pod': kind<Pod>({
    create: validatePodCreate,
    update: validatePodUpdate,
    subresources: { status: validatePodStatusUpdate, ephemeralcontainers: validateEphemeralContainersUpdate, resize: validatePodResize },
  }),
  'core.v1.Binding': kind<Binding>({ create: validateBinding, update: validateBinding }),
  'core.v1.Namespace': standard({ namespaced: false, name: nameIsLabel }),
  'certificates.v1.CertificateSigningRequest': standard({ namespaced: false, name: anyName }),
  'rbac.v1.ClusterRole': standard({ namespaced: false, name: nameIsPathSegment }),
};

const fallbacks = new Map<string, Validator>();

/** The validator of a type; the metadata rules alone for kinds without a row. */
function validatorOf(type: string): Validator {
  const row = rows[type];
  if (row !== undefined) return row;
  let fallback = fallbacks.get(type);
  if (fallback === undefined) {
    const namespaced = resources.find((resource) => resource.type === type)?.namespaced ?? true;
    fallback = standard({ namespaced, name: nameIsSubdomain });
    fallbacks.set(type, fallback);
  }
  return fallback;
}

/** What is wrong with a new object; its name has been generated and its defaults set. */
export function validateCreate(type: string, object: KubeObject): FieldError[] {
  return validatorOf(type).create(object);
}

/** What is wrong with a changed object, given the stored one. */
export function validateUpdate(type: string, object: KubeObject, old: KubeObject): FieldError[] {
  return validatorOf(type).update(object, old);
}

/** What is wrong with a write of a subresource that changes the object itself: status, resize, finalize, approval. */
export function validateSubresource(type: string, subresource: string, object: KubeObject, old: KubeObject): FieldError[] {
  const check = validatorOf(type).subresources?.[subresource];
  return check === undefined ? checkMetaUpdate(object.metadata, old.metadata) : check(object, old);
}

export function validateStatusUpdate(type: string, object: KubeObject, old: KubeObject): FieldError[] {
  return validateSubresource(type, 'status', object, old);
}

