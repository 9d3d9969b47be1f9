// Pods: creation, the few fields an update may change, and the ephemeralcontainers, resize and binding
// subresources (status has its own file).
import type { Affinity, Binding, Container, NodeSelectorTerm, Pod, PodSpec, Toleration } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, rangeError } from '../../names.ts';
import { isTwin, oncePerTwin } from '../../twins.ts';
import { sameValue, validateObjectMeta, validateObjectMetaUpdate, validateStandardFinalizers } from '../meta/object-meta.ts';
import { goStruct, goStructs } from '../go-struct.ts';
import { checkImageSpaces, firstByName } from './container.ts';
import { checkAnnotationsMatchFields, checkPodAnnotations, checkPodAnnotationUpdates } from './pod-annotations.ts';
import { checkPodSpec, checkTolerations, mirrorPodAnnotation } from './pod-spec.ts';
import { structDiff } from './unified-diff.ts';

const noSpec: PodSpec = { containers: [] };

/** What holds for a pod whenever it is written. */
export function checkMetaAndSpec(pod: Pod, old?: Pod): FieldError[] {
  const spec = pod.spec ?? noSpec;
  return [
    ...validateObjectMeta(pod.metadata, true, nameIsSubdomain),
    ...validateStandardFinalizers(pod.metadata),
    ...checkPodAnnotations(pod.metadata?.annotations, spec, 'metadata.annotations'),
    ...specErrorsOf(pod, old),
  ];
}

const errorsOfSpecs = oncePerTwin<readonly FieldError[]>();

function specErrorsOf(pod: Pod, old: Pod | undefined): readonly FieldError[] {
  const { spec } = pod;
  if (!isTwin(spec) || !standsAlone(pod)) return checkSpec(pod, old);
  const errors = errorsOfSpecs(spec, () => checkSpec(pod));
  // What was stored before can only excuse.
  return old === undefined || errors.length === 0 ? errors : checkSpec(pod, old);
}

/** Are the errors of the spec the same for every pod that has it? Names of claims follow from the pod's, and a mirror pod may not have some. */
function standsAlone({ metadata, spec }: Pod): boolean {
  if (metadata?.annotations?.[mirrorPodAnnotation] !== undefined || (spec?.resourceClaims ?? []).length > 0) return false;
  return spec?.volumes?.some((volume) => volume.ephemeral) !== true;
}

function checkSpec(pod: Pod, old?: Pod): FieldError[] {
  const spec = pod.spec ?? noSpec;
  const errors = checkPodSpec(spec, pod.metadata ?? {}, 'spec', old?.spec);
  if ((spec.serviceAccountName ?? '') === '') {
    for (const [i, volume] of (spec.volumes ?? []).entries()) {
      for (const [j, source] of (volume.projected?.sources ?? []).entries()) {
        if (!source.serviceAccountToken) continue;
        const at = child(index(child(index('spec.volumes', i), 'projected', 'sources'), j), 'serviceAccountToken');
        errors.push(forbiddenField(at, 'must not be specified when serviceAccountName is not set'));
      }
    }
  }
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [i, container] of (spec[field] ?? []).entries()) addAll(errors, checkImageSpaces(container, index(child('spec', field), i)));
  }
  return errors;
}

export function validatePodCreate(pod: Pod): FieldError[] {
  const errors = checkMetaAndSpec(pod);
  const spec = pod.spec ?? noSpec;
  if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0) {
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return [...errors, ...checkAnnotationsMatchFields(pod.metadata?.annotations, spec, 'spec')];
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

const errorsOfKeptSpecs = oncePerTwin<readonly FieldError[]>();

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec ?? noSpec;
  const oldSpec = old.spec ?? noSpec;
  return [
    ...validateObjectMetaUpdate(pod.metadata, old.metadata),
    ...validateStandardFinalizers(pod.metadata),
    ...checkMetaAndSpec(pod, old),
    ...checkPodAnnotationUpdates(pod, old, 'metadata.annotations'),
    ...(spec === oldSpec ? errorsOfKeptSpecs(spec, () => checkSpecChange(spec, spec)) : checkSpecChange(spec, oldSpec)),
  ];
}

function checkSpecChange(spec: PodSpec, oldSpec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length !== (oldSpec[field] ?? []).length) {
      return [...errors, forbiddenField(child('spec', field), 'pod updates may not add or remove containers')];
    }
    for (const [i, container] of (spec[field] ?? []).entries()) {
      const at = index(child('spec', field), i);
      if ((container.image ?? '') === '') errors.push(required(child(at, 'image'), ''));
      addAll(errors, checkImageSpaces(container, at));
    }
  }
  const deadline = checkDeadline(spec, oldSpec);
  addAll(errors, deadline.errors);
  if (deadline.stop) return errors;
  errors.push(...checkOnlyAddedTolerations(spec.tolerations, oldSpec.tolerations), ...checkOnlyDeletedGates(spec, oldSpec));
  if (sameValue(spec, oldSpec)) return errors;
  const { munged, errors: gatedErrors } = withUpdatableFieldsOf(spec, oldSpec);
  addAll(errors, gatedErrors);
  if (!sameValue(munged, oldSpec)) {
    errors.push(forbiddenField('spec', `pod updates may not change fields other than ${updatable}\n${structDiff('core.v1.PodSpec', oldSpec, munged)}`));
  }
  return errors;
}

function checkDeadline(spec: PodSpec, old: PodSpec): { errors: FieldError[]; stop: boolean } {
  const deadline = spec.activeDeadlineSeconds ?? undefined;
  const before = old.activeDeadlineSeconds ?? undefined;
  const path = 'spec.activeDeadlineSeconds';
  if (deadline === undefined) {
    return { errors: before === undefined ? [] : [invalidValue(path, null, 'must not update from a positive integer to nil value')], stop: false };
  }
  if (deadline < 0 || deadline > 2147483647) return { errors: [invalidValue(path, deadline, rangeError(0, 2147483647))], stop: true };
  if (before !== undefined && before < deadline) {
    return { errors: [invalidValue(path, deadline, 'must be less than or equal to previous value')], stop: true };
  }
  return { errors: [], stop: false };
}

/** What of a toleration never changes. */
function fixedPartOf({ key, operator, value, effect }: Toleration): string {
  return JSON.stringify([key ?? null, operator ?? null, value ?? null, effect ?? null]);
}

function checkOnlyAddedTolerations(tolerations: readonly Toleration[] | undefined, old: readonly Toleration[] | undefined): FieldError[] {
  const path = 'spec.tolerations';
  const kept = new Set((tolerations ?? []).map(fixedPartOf));
  for (const before of old ?? []) {
    if (!kept.has(fixedPartOf(before))) return [forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds')];
  }
  return checkTolerations(tolerations, path);
}

function checkOnlyDeletedGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return (spec.schedulingGates ?? []).flatMap((gate, i) =>
    known.has(gate.name) ? [] : [forbiddenField(child(index('spec.schedulingGates', i), 'name'), `only deletion is allowed, but found new scheduling gate '${gate.name}'`)],
  );
}

/** The new spec with all that an update may change put back to what was stored. */
function withUpdatableFieldsOf(spec: PodSpec, old: PodSpec): { munged: PodSpec; errors: FieldError[] } {
  const withOldImages = (list: readonly Container[] | undefined, before: readonly Container[] | undefined): Container[] | undefined =>
    list?.map((container, i) => ({ ...container, image: before?.[i]?.image }));
  const munged: PodSpec = {
    ...spec,
    containers: withOldImages(spec.containers, old.containers) ?? [],
    initContainers: withOldImages(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  if ((old.schedulingGates ?? []).length === 0) return { munged, errors: [] };
  const errors: FieldError[] = [];
  if (!sameValue(spec.nodeSelector, old.nodeSelector)) {
    const kept = Object.entries(old.nodeSelector ?? {}).every(([name, value]) => spec.nodeSelector?.[name] === value);
    if (!kept) errors.push(invalidValue('spec.nodeSelector', spec.nodeSelector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'));
    munged.nodeSelector = old.nodeSelector;
  }
  if (!sameValue(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) {
    addAll(errors, checkGatedAffinity(spec.affinity, old.affinity));
    munged.affinity = { ...spec.affinity, nodeAffinity: old.affinity?.nodeAffinity };
  }
  return { munged, errors };
}

function checkGatedAffinity(affinity: Affinity | undefined, old: Affinity | undefined): FieldError[] {
  const before = old?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (before.length > 0 && before.length !== terms.length) {
    return [invalidValue(path, goStructs('core.v1.NodeSelectorTerm', affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  }
  return before.flatMap((term, i) =>
    hasOnlyAdditions(terms[i], term) ? [] : [invalidValue(index(path, i), goStruct('core.v1.NodeSelectorTerm', terms[i]), 'only additions are allowed (no mutations or deletions)')],
  );
}

function hasOnlyAdditions(term: NodeSelectorTerm | undefined, old: NodeSelectorTerm): boolean {
  const parts = ['matchExpressions', 'matchFields'] as const;
  if (parts.every((part) => (old[part] ?? []).length === 0)) return parts.every((part) => (term?.[part] ?? []).length === 0);
  return parts.every((part) => {
    const before = old[part] ?? [];
    return before.length === 0 || sameValue((term?.[part] ?? []).slice(0, before.length), before);
  });
}

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations?.[mirrorPodAnnotation] !== undefined) return [forbiddenField('[]', 'static pods do not support ephemeral containers')];
  const errors = [
    ...validateObjectMetaUpdate(pod.metadata, old.metadata),
    ...validateStandardFinalizers(pod.metadata),
    ...checkMetaAndSpec(pod, old),
    ...checkPodAnnotationUpdates(pod, old, 'metadata.annotations'),
  ];
  const path = 'spec.ephemeralContainers';
  const now = firstByName(pod.spec?.ephemeralContainers);
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const after = now.get(before.name);
    const name = JSON.stringify(before.name);
    if (after === undefined) errors.push(forbiddenField(path, `existing ephemeral containers ${name} may not be removed\n`));
    else if (!sameValue(before, after)) errors.push(forbiddenField(path, `existing ephemeral containers ${name} may not be changed\n${structDiff('core.v1.EphemeralContainer', before, after)}`));
  }
  return errors;
}

export function validateBinding(binding: Binding): FieldError[] {
  const errors: FieldError[] = [];
  const kind = binding.target?.kind ?? '';
  if (kind !== '' && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if ((binding.target?.name ?? '') === '') errors.push(required('target.name', ''));
  return errors;
}
