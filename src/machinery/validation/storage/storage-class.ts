// StorageClasses.
import type { TopologySelectorTerm } from '#api/core/v1.ts';
import type { StorageClass } from '#api/storage/v1.ts';
import { addAll, child, duplicate, index, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkEnum } from '../core/fields.ts';
import { immutable, validateLabelName } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';
import { checkParameters, checkProvisioner } from './parameters.ts';

function checkTopologyTerm(term: TopologySelectorTerm, at: string): FieldError[] {
  const path = child(at, 'matchLabelExpressions');
  const keys = new Set<string>();
  return (term.matchLabelExpressions ?? []).flatMap(({ key, values: given }, i) => {
    const values = given ?? [];
    const errors: FieldError[] = [];
    const valuesPath = child(index(path, i), 'values');
    if (values.length === 0) errors.push(required(valuesPath, ''));
    const seen = new Set<string>();
    for (const [j, value] of values.entries()) {
      if (seen.has(value)) errors.push(duplicate(index(valuesPath, j), value));
      seen.add(value);
    }
    addAll(errors, validateLabelName(key, child(index(path, i), 'key')));
    if (keys.has(key)) errors.push(duplicate(child(index(path, i), 'key'), key));
    keys.add(key);
    return errors;
  });
}

/** A term's meaning, whatever the order of its keys and values. */
function termIdentity(term: TopologySelectorTerm): string {
  const entries = (term.matchLabelExpressions ?? []).map(({ key, values }) => [key, [...new Set(values ?? [])].sort()] as const);
  return JSON.stringify(entries.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

function checkTopologies(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const seen = new Set<string>();
  return terms.flatMap((term, i) => {
    const at = index('allowedTopologies', i);
    const errors = checkTopologyTerm(term, at);
    const identity = termIdentity(term);
    // A term without keys counts as a duplicate of nothing, as upstream.
    if (seen.has(identity) || identity === '[]') errors.push(duplicate(child(at, 'matchLabelExpressions'), ''));
    seen.add(identity);
    return errors;
  });
}

function checkStorageClass(object: StorageClass): FieldError[] {
  const { provisioner = '', reclaimPolicy, volumeBindingMode } = object;
  const errors = [...checkProvisioner(provisioner, 'provisioner'), ...checkParameters(object.parameters ?? {}, true)];
  if (reclaimPolicy) addAll(errors, checkEnum(reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy'));
  if (volumeBindingMode === undefined || volumeBindingMode === null) errors.push(required('volumeBindingMode', ''));
  else addAll(errors, checkEnum(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'));
  return [...errors, ...checkTopologies(object.allowedTopologies ?? [])];
}

export const storageClass = standard<StorageClass>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkStorageClass,
  update: (object, old) => [
    ...checkMeta(object.metadata, false, nameIsSubdomain),
    ...checkStorageClass(object),
    ...immutable(object.parameters ?? null, old.parameters ?? null, 'parameters'),
    ...immutable(object.provisioner, old.provisioner, 'provisioner'),
    ...immutable(object.reclaimPolicy ?? null, old.reclaimPolicy ?? null, 'reclaimPolicy'),
    ...immutable(object.volumeBindingMode ?? null, old.volumeBindingMode ?? null, 'volumeBindingMode'),
  ],
});
