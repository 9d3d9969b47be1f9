// RuntimeClasses.
import type { Toleration } from '#api/core/v1.ts';
import type { RuntimeClass } from '#api/node/v1.ts';
import { addAll, child, duplicate, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsLabel, nameIsSubdomain } from '../../names.ts';
import { checkTolerations } from '../core/pod-spec.ts';
import { checkResourceRequirements } from '../core/resources.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, validateLabels } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';

function checkDistinct(tolerations: readonly Toleration[], path: string): FieldError[] {
  const seen = new Set<string>();
  return tolerations.flatMap((toleration, i) => {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity)) return [duplicate(index(path, i), goStruct('core.v1.Toleration', toleration))];
    seen.add(identity);
    return [];
  });
}

function checkRuntimeClass(object: RuntimeClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!object.handler) errors.push(required('handler', ''));
  else for (const message of nameIsLabel(object.handler, false)) errors.push(invalidValue('handler', object.handler, message));
  if (object.overhead) addAll(errors, checkResourceRequirements({ limits: object.overhead.podFixed ?? {} }, 'overhead'));
  if (object.scheduling) {
    const { nodeSelector, tolerations } = object.scheduling;
    const path = child('scheduling', 'tolerations');
    errors.push(...validateLabels(nodeSelector, 'scheduling.nodeSelector'), ...checkTolerations(tolerations, path), ...checkDistinct(tolerations ?? [], path));
  }
  return errors;
}

export const runtimeClass = standard<RuntimeClass>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkRuntimeClass,
  update: (object, old) => [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkRuntimeClass(object), ...immutable(object.handler, old.handler, 'handler')],
});
