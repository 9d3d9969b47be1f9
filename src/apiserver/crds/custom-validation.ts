// What a custom resource must obey: its metadata, its version's schema, the paths of its scale subresource, embedded
// resources, list types, and the rules of its schema. Updates tolerate what was wrong before and has not changed.
import type { CustomResourceSubresourceScale } from '#api/apiextensions/v1.ts';
import {
  addAll, blocksRules, Correlated, goType, invalidValue, isObject, nameIsSubdomain, RawNumber, validateEmbedded, validateListTypes, validateObjectMeta, validateObjectMetaUpdate, validatingValue,
  type FieldError, type Sliced,
} from '#machinery';
import type { KubeObject } from '../contract.ts';
import type { VersionSchema } from './version-schema.ts';

/** The rules (x-kubernetes-validations) of a version. Answers errors; tolerated failures become warnings. */
export interface RuleCheck {
  (object: KubeObject, old: KubeObject | undefined, correlation: Correlated | undefined, warn: (text: string) => void): FieldError[];
}

/** With a pause between the steps that look at the whole object. */
export interface CustomValidation {
  create(object: KubeObject, warn: (text: string) => void): Sliced<FieldError[]>;
  update(object: KubeObject, old: KubeObject, warn: (text: string) => void): Sliced<FieldError[]>;
  status(object: KubeObject, old: KubeObject, warn: (text: string) => void): Sliced<FieldError[]>;
}

const unchecked: FieldError = { type: 'Invalid', field: '<nil>', badValue: null, detail: 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation' };

export function customValidation(schema: VersionSchema, namespaced: boolean, scale: CustomResourceSubresourceScale | undefined, rules: RuleCheck | undefined): CustomValidation {
  const withRules = (errors: FieldError[], check: () => FieldError[]): FieldError[] => {
    if (rules === undefined) return errors;
    return blocksRules(errors) ? [...errors, unchecked] : [...errors, ...check()];
  };
  const correlated = (object: KubeObject, old: KubeObject): Correlated | undefined => (schema.structural === undefined ? undefined : new Correlated(object, old, schema.structural));
  return {
    *create(object, warn) {
      const errors = typeErrors(schema, object);
      if (errors.length === 0) {
        addAll(errors, validateObjectMeta(object.metadata, namespaced, nameIsSubdomain));
        yield;
        if (schema.raw !== undefined) addAll(errors, yield* validatingValue(schema.raw, object));
        yield;
        addAll(errors, specErrors(object, scale));
        addAll(errors, statusErrors(object, scale));
      }
      addAll(errors, validateEmbedded(object, schema.structural, false));
      yield;
      addAll(errors, validateListTypes(schema.structural, object));
      yield;
      return withRules(errors, () => rules?.(object, undefined, undefined, warn) ?? []);
    },
    *update(object, old, warn) {
      const correlation = correlated(object, old);
      const errors = typeErrors(schema, object);
      if (errors.length === 0) {
        addAll(errors, validateObjectMetaUpdate(object.metadata, old.metadata));
        yield;
        if (schema.raw !== undefined) addAll(errors, yield* validatingValue(schema.raw, object, '', correlation));
        yield;
        addAll(errors, specErrors(object, scale));
        addAll(errors, statusErrors(object, scale));
      }
      addAll(errors, validateEmbedded(object, schema.structural, false));
      yield;
      const wasRight = validateListTypes(schema.structural, old).length === 0;
      yield;
      if (wasRight) addAll(errors, validateListTypes(schema.structural, object));
      yield;
      return withRules(errors, () => rules?.(object, old, correlation, warn) ?? []);
    },
    *status(object, old, warn) {
      const correlation = correlated(object, old);
      const errors = typeErrors(schema, object);
      if (errors.length === 0) {
        addAll(errors, validateObjectMetaUpdate(object.metadata, old.metadata));
        yield;
        const statusSchema = schema.raw?.properties?.['status'];
        if (statusSchema !== undefined && object['status'] !== undefined) addAll(errors, yield* validatingValue(statusSchema, object['status'], 'status', correlation?.key('status')));
        addAll(errors, statusErrors(object, scale));
      }
      yield;
      const doubled = validateListTypes(schema.structural, object);
      if (doubled.length > 0 && validateListTypes(schema.structural, old).length === 0) addAll(errors, doubled);
      yield;
      return withRules(errors, () => rules?.(object, old, correlation, warn) ?? []);
    },
  };
}

function typeErrors(schema: VersionSchema, object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (object.kind !== schema.kind) errors.push(invalidValue('kind', object.kind ?? '', `must be ${schema.kind}`));
  if (object.apiVersion !== schema.apiVersion) errors.push(invalidValue('apiVersion', object.apiVersion ?? '', `must be ${schema.apiVersion}`));
  return errors;
}

const maxInt32 = 2 ** 31 - 1;

interface Found {
  readonly value: unknown;
  /** A step on the way is no object. */
  readonly problem: string | undefined;
}

/** Walks a dotted path as unstructured.NestedFieldNoCopy does. */
function nested(object: unknown, path: string): Found {
  const steps = path.replace(/^\./, '').split('.');
  let value = object;
  for (const [i, step] of steps.entries()) {
    if (!isObject(value)) {
      if (value === undefined || value === null) return { value: undefined, problem: undefined };
      return { value: undefined, problem: `.${steps.slice(0, i + 1).join('.')} accessor error: ${String(value)} is of the type ${goType(value)}, expected map[string]interface{}` };
    }
    if (!Object.hasOwn(value, step)) return { value: undefined, problem: undefined };
    value = value[step];
  }
  return { value, problem: undefined };
}

function replicaErrors(object: KubeObject, path: string): FieldError[] {
  const { value, problem } = nested(object, path);
  if (problem !== undefined) return [invalidValue(path, 0, problem)];
  if (value === undefined) return [];
  const isWhole = value instanceof RawNumber || (typeof value === 'number' && Number.isInteger(value));
  if (!isWhole) return [invalidValue(path, 0, `${path.startsWith('.') ? '' : '.'}${path} accessor error: ${String(value)} is of the type ${goType(value)}, expected int64`)];
  if (Number(value) < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return Number(value) > maxInt32 ? [invalidValue(path, value, `should be less than or equal to ${maxInt32}`)] : [];
}

function specErrors(object: KubeObject, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  return scale === undefined ? [] : replicaErrors(object, scale.specReplicasPath);
}

function statusErrors(object: KubeObject, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  if (scale === undefined) return [];
  const errors = replicaErrors(object, scale.statusReplicasPath);
  const { labelSelectorPath } = scale;
  if (labelSelectorPath === undefined) return errors;
  const { value, problem } = nested(object, labelSelectorPath);
  if (problem !== undefined) errors.push(invalidValue(labelSelectorPath, '', problem));
  else if (value !== undefined && typeof value !== 'string') {
    errors.push(invalidValue(labelSelectorPath, '', `.${labelSelectorPath.replace(/^\./, '')} accessor error: ${String(value)} is of the type ${goType(value)}, expected string`));
  }
  return errors;
}
