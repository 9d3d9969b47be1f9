// What the endpoints and the registry do with the objects of one served version: reading bodies, defaults, patched
// results, ownership, canonical form, columns. Built-in kinds take it from the schema tables, custom resources from
// their definition (crds/custom-kind.ts); the endpoints are the same for both. Chosen once per served resource.
import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1.ts';
import {
  applyDefaults, applyingDefaults, decodeInSlices, decodeObject, decodePatched, decodingPatched, normalize, normalizing, resetFieldsOf, shapeOf, validateCreate, validateStatusUpdate, validateSubresource, validateUpdate, validatingChange,
  validatingCreate,
  type ConvertTo, type CustomSchema, type Decoded, type DecodeOptions, type FieldError, type KubeObject, type PatchedOptions, type ResetFields, type Shape, type Sliced,
} from '#machinery';
import type { Stored } from './strategy.ts';

/** Where a custom resource's scale subresource finds its numbers, as dotted paths. */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly labelSelector: string | undefined;
  /** spec.replicas in every version: "group/version" → path; null where a version has no scale. */
  readonly byVersion: Readonly<Record<string, string | null>>;
}

export interface HandlingSteps {
  /** Where it takes longer than a slice. */
  applyDefaults?(object: KubeObject): Sliced<void>;
  decodePatched?(value: KubeObject, options: PatchedOptions): Sliced<Decoded>;
  canonical?(object: Stored, old?: Stored): Sliced<Stored>;
  validateNew(object: Stored): Sliced<FieldError[]>;
  validateChange(subresource: string, object: Stored, old: Stored): Sliced<FieldError[]>;
}

export interface KindHandling {
  /** Reads a body; unknown and duplicate fields as asked. Not defaulted. Throws StatusError. */
  decode(bytes: Uint8Array, options: DecodeOptions, sliced: boolean): Promise<Decoded> | Decoded;
  /** In place. */
  applyDefaults(object: KubeObject): void;
  /** A patched object back through the decoder. Throws StatusError 422. */
  decodePatched(value: KubeObject, options: PatchedOptions): Decoded;
  /** How objects are merged and owned. */
  readonly shape: Shape;
  resetFields(subresource: string): ResetFields | undefined;
  /** Objects at other versions of the kind, for owners that wrote through those. */
  readonly convert?: ConvertTo;
  /** The form that is stored and answered, sharing what comes from `old`. */
  canonical(object: Stored, old?: Stored): Stored;
  validateNew(object: Stored): FieldError[];
  validateChange(subresource: string, object: Stored, old: Stored): FieldError[];
  /** Those above with pauses, where they take long for large objects. */
  readonly steps?: HandlingSteps;
  /** Of Tables; undefined: those of the type. */
  readonly columns?: readonly CustomResourceColumnDefinition[];
  readonly scale?: ScalePaths;
  /** What OpenAPI tells; undefined: what it tells of the type. */
  readonly openApi?: CustomSchema;
  /** Told with every request (deprecated versions). */
  readonly warnings?: readonly string[];
  /** In which release they will be gone; with `warnings` alone, and '' where nobody has said. */
  readonly removedRelease?: string;
  /** The definition is being deleted: nothing is created any more. Throws StatusError 403. */
  refuseCreate?(name: string): void;
}

const byType = new Map<string, KindHandling>();

/** Of a type of the schema tables. */
export function builtInHandling(type: string): KindHandling {
  const known = byType.get(type);
  if (known !== undefined) return known;
  const handling: KindHandling = {
    decode: (bytes, options, sliced) => (sliced ? decodeInSlices(bytes, { ...options, type }) : decodeObject(bytes, { ...options, type })),
    applyDefaults: (object) => applyDefaults(type, object),
    decodePatched: (value, options) => decodePatched(type, value, options),
    get shape() {
      return shapeOf(type);
    },
    resetFields: (subresource) => resetFieldsOf(type, subresource),
    canonical: (object, old) => normalize(type, object, old) as Stored,
    validateNew: (object) => validateCreate(type, object),
    validateChange(subresource, object, old) {
      if (subresource === '') return validateUpdate(type, object, old);
      return subresource === 'status' ? validateStatusUpdate(type, object, old) : validateSubresource(type, subresource, object, old);
    },
    steps: {
      applyDefaults: (object) => applyingDefaults(type, object),
      decodePatched: (value, options) => decodingPatched(type, value, options),
      canonical: (object, old) => normalizing(type, object, old) as Sliced<Stored>,
      validateNew: (object) => validatingCreate(type, object),
      validateChange: (subresource, object, old) => validatingChange(type, subresource, object, old),
    },
  };
  byType.set(type, handling);
  return handling;
}

/** Of kinds without a type and without a definition: anything goes. */
export const anyHandling: KindHandling = {
  decode: (bytes, options, sliced) => (sliced ? decodeInSlices(bytes, options) : decodeObject(bytes, options)),
  applyDefaults() {},
  decodePatched: (value) => ({ object: value, warnings: [] }),
  shape: shapeOf(undefined),
  resetFields: (subresource) => resetFieldsOf(undefined, subresource),
  canonical: (object) => object,
  validateNew: () => [],
  validateChange: () => [],
};
