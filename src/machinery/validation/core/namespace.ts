// Namespaces: the finalizers of the spec, and a phase that follows deletion.
import type { Namespace } from '#api/core/v1.ts';
import { index, invalidValue, type FieldError } from '../../field-errors.ts';
import { nameIsLabel } from '../../names.ts';
import { validateStandardFinalizer } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { checkQualifiedName } from './fields.ts';

function checkFinalizer(name: string, path: string): FieldError[] {
  return [...checkQualifiedName(name, path), ...validateStandardFinalizer(name, path)];
}

function checkPhase(object: Namespace): FieldError[] {
  const phase = object.status?.phase ?? '';
  const deleted = (object.metadata?.deletionTimestamp ?? undefined) !== undefined;
  if (!deleted && phase !== 'Active') return [invalidValue('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  if (deleted && phase !== 'Terminating') return [invalidValue('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
  return [];
}

function checkNew(object: Namespace): FieldError[] {
  return [...checkMeta(object.metadata, false, nameIsLabel), ...(object.spec?.finalizers ?? []).flatMap((name) => checkFinalizer(name, 'spec.finalizers'))];
}

export const namespace = kind<Namespace>({
  create: checkNew,
  update: (object, old) => [...checkNew(object), ...checkMetaUpdate(object.metadata, old.metadata)],
  subresources: {
    status: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkPhase(object)],
    finalize: (object, old) => [
      ...checkMetaUpdate(object.metadata, old.metadata),
      ...(object.spec?.finalizers ?? []).flatMap((name, i) => checkFinalizer(name, index('spec.finalizers', i))),
    ],
  },
});
