// Affinity to nodes and pods, and the node selectors that other types share.
import type {
  Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinity, PodAffinityTerm, TopologySpreadConstraint,
} from '#api/core/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { nameIsLabel, nameIsSubdomain } from '../../names.ts';
import { positive, validateLabelName } from '../meta/object-meta.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { checkEnum } from './fields.ts';

/** What an update may keep because the stored object has it. */
export interface AffinityRelaxations {
  readonly selectorValues: boolean;
  readonly nodeValues: boolean;
}

export const strictAffinity: AffinityRelaxations = { selectorValues: false, nodeValues: false };

/** What the stored affinity already violates. */
export function affinityRelaxations(old: Affinity | undefined): AffinityRelaxations {
  const terms = [old?.podAffinity, old?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  const nodeTerms = old?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return {
    selectorValues: terms.some((term) => hasInvalidValues(term.labelSelector) || hasInvalidValues(term.namespaceSelector)),
    nodeValues: nodeTerms.some((term) => (term.matchExpressions ?? []).some((e) => (e.values ?? []).some((value) => labelValueErrors(value).length > 0))),
  };
}

export function checkAffinity(affinity: Affinity | undefined, path: string, relaxed: AffinityRelaxations): FieldError[] {
  if (affinity === undefined || affinity === null) return [];
  const errors: FieldError[] = [];
  if (affinity.nodeAffinity) addAll(errors, checkNodeAffinity(affinity.nodeAffinity, child(path, 'nodeAffinity'), relaxed.nodeValues));
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    const terms = affinity[field];
    if (terms) addAll(errors, checkPodAffinity(terms, child(path, field), relaxed.selectorValues));
  }
  return errors;
}

function checkNodeAffinity(affinity: NodeAffinity, path: string, relaxed: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const needed = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed) addAll(errors, checkNodeSelector(needed, child(path, 'requiredDuringSchedulingIgnoredDuringExecution'), relaxed));
  for (const [i, term] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = index(child(path, 'preferredDuringSchedulingIgnoredDuringExecution'), i);
    errors.push(...checkWeight(term.weight, at), ...checkNodeSelectorTerm(term.preference, child(at, 'preference'), true));
  }
  return errors;
}

function checkWeight(weight: number, path: string): FieldError[] {
  return weight <= 0 || weight > 100 ? [invalidValue(child(path, 'weight'), weight, 'must be in the range 1-100')] : [];
}

export function checkNodeSelector(selector: NodeSelector, path: string, relaxed = false): FieldError[] {
  const at = child(path, 'nodeSelectorTerms');
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, i) => checkNodeSelectorTerm(term, index(at, i), relaxed));
}

function checkNodeSelectorTerm(term: NodeSelectorTerm, path: string, relaxed: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((r, i) => checkNodeRequirement(r, index(child(path, 'matchExpressions'), i), relaxed)),
    ...(term.matchFields ?? []).flatMap((r, i) => checkNodeFieldRequirement(r, index(child(path, 'matchFields'), i))),
  ];
}

function checkNodeRequirement(requirement: NodeSelectorRequirement, path: string, relaxed: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  const at = child(path, 'values');
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) errors.push(forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalidValue(child(path, 'operator'), requirement.operator, 'not a valid selector operator'));
  }
  addAll(errors, validateLabelName(requirement.key, child(path, 'key')));
  if (relaxed) return errors;
  for (const [i, value] of values.entries()) for (const message of labelValueErrors(value)) errors.push(invalidValue(index(at, i), value, message));
  return errors;
}

function checkNodeFieldRequirement(requirement: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  if (requirement.operator === 'In' || requirement.operator === 'NotIn') {
    if (values.length !== 1) errors.push(required(child(path, 'values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  } else {
    errors.push(invalidValue(child(path, 'operator'), requirement.operator, 'not a valid selector operator'));
  }
  if (requirement.key !== 'metadata.name') return [...errors, invalidValue(child(path, 'key'), requirement.key, 'not a valid field selector key')];
  for (const [i, value] of values.entries()) {
    if (isEnough(errors)) break;
    for (const message of nameIsSubdomain(value, false)) errors.push(invalidValue(index(child(path, 'values'), i), value, message));
  }
  return errors;
}

function checkPodAffinity(affinity: PodAffinity, path: string, relaxed: boolean): FieldError[] {
  const errors = (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, i) =>
    checkPodTerm(term, index(child(path, 'requiredDuringSchedulingIgnoredDuringExecution'), i), relaxed),
  );
  for (const [i, weighted] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(child(path, 'preferredDuringSchedulingIgnoredDuringExecution'), i);
    errors.push(...checkWeight(weighted.weight, at), ...checkPodTerm(weighted.podAffinityTerm, child(at, 'podAffinityTerm'), relaxed));
  }
  return errors;
}

function checkPodTerm(term: PodAffinityTerm, path: string, relaxed: boolean): FieldError[] {
  const errors = [
    ...validateLabelSelector(term.labelSelector, child(path, 'labelSelector'), relaxed),
    ...validateLabelSelector(term.namespaceSelector, child(path, 'namespaceSelector'), relaxed),
  ];
  for (const name of term.namespaces ?? []) {
    for (const message of nameIsLabel(name, false)) errors.push(invalidValue(child(path, 'namespace'), name, message));
  }
  addAll(errors, checkLabelKeys(path, term.matchLabelKeys ?? [], term.mismatchLabelKeys ?? [], term.labelSelector));
  const topologyKey = term.topologyKey ?? '';
  if (topologyKey === '') errors.push(required(child(path, 'topologyKey'), 'can not be empty'));
  return [...errors, ...validateLabelName(topologyKey, child(path, 'topologyKey'))];
}

/** Keys that are merged into a selector from the pod's own labels. */
function checkLabelKeys(path: string, keys: readonly string[], mismatch: readonly string[], selector: LabelSelector | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, list] of [['matchLabelKeys', keys], ['mismatchLabelKeys', mismatch]] as const) {
    const at = child(path, field);
    if (list.length > 0 && !selector) errors.push(forbiddenField(at, 'must not be specified when labelSelector is not set'));
    else addAll(errors, list.flatMap((name, i) => validateLabelName(name, index(at, i))));
  }
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  const lastAt = new Map(keys.map((name, i) => [name, i]));
  for (const { key } of selector?.matchExpressions ?? []) {
    const i = lastAt.get(key);
    if (i !== undefined && seen.has(key)) errors.push(invalidValue(index(path, i), key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  const mismatched = new Set(mismatch);
  for (const [i, name] of keys.entries()) {
    if (mismatched.has(name)) errors.push(invalidValue(index(child(path, 'matchLabelKeys'), i), name, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  }
  return errors;
}

/** `relaxed` keeps stored constraints with selectors that are not allowed any more. */
export function checkTopologySpread(constraints: readonly TopologySpreadConstraint[] | undefined, path: string, relaxed: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const list = constraints ?? [];
  const pairOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint): string => JSON.stringify([topologyKey, whenUnsatisfiable]);
  const last = new Map(list.map((constraint, i) => [pairOf(constraint), i]));
  for (const [i, constraint] of list.entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    const { topologyKey = '', whenUnsatisfiable = '' } = constraint;
    addAll(errors, positive(constraint.maxSkew ?? 0, child(at, 'maxSkew')));
    if (topologyKey === '') errors.push(required(child(at, 'topologyKey'), 'can not be empty'));
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)) {
      errors.push(notSupported(child(at, 'whenUnsatisfiable'), whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']));
    }
    if (last.get(pairOf(constraint)) !== i) {
      errors.push(duplicate(child(at, '{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    const minDomains = constraint.minDomains ?? undefined;
    if (minDomains !== undefined) {
      addAll(errors, positive(minDomains, child(at, 'minDomains')));
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        errors.push(invalidValue(child(at, 'minDomains'), minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`));
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[field] ?? undefined;
      if (policy !== undefined) addAll(errors, checkEnum(policy, ['Honor', 'Ignore'], child(at, field)));
    }
    addAll(errors, checkLabelKeys(at, constraint.matchLabelKeys ?? [], [], constraint.labelSelector));
    if (!relaxed) addAll(errors, validateLabelSelector(constraint.labelSelector, child(at, 'labelSelector')));
  }
  return errors;
}
