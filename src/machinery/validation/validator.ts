// One kind's validation as the registry table holds it, and how most kinds are put together: metadata
// rules first, then what is special.
import type { ObjectMeta } from '#api/meta/v1.ts';
import { addAll, type FieldError } from '../field-errors.ts';
import type { NameRule } from '../names.ts';
import type { KubeObject } from '../object.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { validateObjectMeta, validateObjectMetaUpdate, validateStandardFinalizers } from './meta/object-meta.ts';

export interface Validator {
  create(object: KubeObject): FieldError[];
  update(object: KubeObject, old: KubeObject): FieldError[];
  /** By subresource name ("status", "scale"); metadata update rules hold where there is none. */
  readonly subresources?: Readonly<Record<string, (object: KubeObject, old: KubeObject) => FieldError[]>>;
  readonly steps?: KindSteps<KubeObject>;
}

/** Create and update with pauses, of kinds whose largest objects take long. */
export interface KindSteps<T> {
  create(object: T): Sliced<FieldError[]>;
  update(object: T, old: T): Sliced<FieldError[]>;
}

/** Anything with metadata. */
interface Kind {
  metadata?: ObjectMeta;
}

type Check<T> = (object: T) => FieldError[];
type UpdateCheck<T> = (object: T, old: T) => FieldError[];

export interface KindRules<T> {
  /** Replaces everything on create, the metadata included. */
  readonly create: Check<T>;
  readonly update: UpdateCheck<T>;
  readonly subresources?: Readonly<Record<string, UpdateCheck<T>>>;
  readonly steps?: KindSteps<T>;
}

/** A validator for a kind whose functions take its static type. Decoding guarantees the shape. */
export function kind<T extends Kind>(rules: KindRules<T>): Validator {
  return rules as unknown as Validator;
}

/** As `kind`, for rules that pause: at once for small objects. */
export function slicedKind<T extends Kind>({ subresources, ...steps }: KindSteps<T> & Pick<KindRules<T>, 'subresources'>): Validator {
  const rules = { create: (object: T) => atOnce(steps.create(object)), update: (object: T, old: T) => atOnce(steps.update(object, old)), steps };
  return kind<T>(subresources === undefined ? rules : { ...rules, subresources });
}

/** Metadata of a new object of a Kubernetes kind, with its standard finalizers. */
export function checkMeta(meta: ObjectMeta | undefined, namespaced: boolean, rule: NameRule): FieldError[] {
  return [...validateObjectMeta(meta, namespaced, rule), ...validateStandardFinalizers(meta)];
}

/** Metadata of a changed object. */
export function checkMetaUpdate(meta: ObjectMeta | undefined, old: ObjectMeta | undefined): FieldError[] {
  return [...validateObjectMetaUpdate(meta, old), ...validateStandardFinalizers(meta)];
}

export interface Parts<T> {
  readonly namespaced: boolean;
  readonly name: NameRule;
  /** Beyond metadata, on create; on update too unless `update` is given. */
  readonly spec?: Check<T>;
  /** Beyond metadata, on update; includes what of the spec must be checked again. */
  readonly update?: UpdateCheck<T>;
  /** Beyond metadata, on a write of status. */
  readonly status?: UpdateCheck<T>;
}

/** The usual kind: metadata, then spec; on update metadata, then spec again or rules of its own. */
export function standard<T extends Kind>(parts: Parts<T>): Validator {
  const { namespaced, name, spec, update, status } = parts;
  return slicedKind<T>({
    *create(object) {
      const errors = checkMeta(object.metadata, namespaced, name);
      yield;
      addAll(errors, spec?.(object) ?? []);
      return errors;
    },
    *update(object, old) {
      const errors = checkMetaUpdate(object.metadata, old.metadata);
      yield;
      addAll(errors, update === undefined ? (spec?.(object) ?? []) : update(object, old));
      return errors;
    },
    subresources: { status: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...(status?.(object, old) ?? [])] },
  });
}
