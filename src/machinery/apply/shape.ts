// How a value is merged and owned under server-side apply, derived from the schema tables: scalars are
// leaves, structs and maps are owned field by field unless atomic, lists are atomic, sets or keyed maps
// (KEP-555, structured-merge-diff). Objects without a schema are "deduced": maps by field, lists whole.
// Shapes are built once per type and on first use.
import { findType, isScalar, typeOf, type FieldSchema, type Scalar, type TypeSchema } from '#api/schema.ts';

export type ScalarShape = { readonly kind: 'scalar'; readonly scalar: 'numeric' | 'string' | 'boolean' | 'untyped' };
export interface MapShape {
  readonly kind: 'map';
  readonly atomic: boolean;
  /** Named fields; undefined for a map with free keys. */
  readonly fields: ReadonlyMap<string, FieldShape> | undefined;
  /** The shape of values under free keys; undefined when only named fields may appear. */
  readonly element: Shape | undefined;
}
export interface ListShape {
  readonly kind: 'list';
  readonly relation: 'atomic' | 'set' | 'map';
  /** Sorted by name. */
  readonly keys: readonly ListKey[];
  readonly element: Shape;
}
/** Anything goes: deduced from the value. */
export type AnyShape = { readonly kind: 'any'; readonly atomic: boolean };
export type Shape = ScalarShape | MapShape | ListShape | AnyShape;

export interface ListKey {
  readonly name: string;
  readonly fallback: unknown;
}

export interface FieldShape {
  readonly name: string;
  /** "f:name", as fieldsV1 writes it. */
  readonly path: string;
  readonly shape: Shape;
}

/** Objects of unknown type: every map by field, every list whole. */
export const deducedShape: AnyShape = { kind: 'any', atomic: false };
const untypedAtomic: AnyShape = { kind: 'any', atomic: true };

const scalarShapes: Readonly<Record<Scalar, Shape>> = {
  string: { kind: 'scalar', scalar: 'string' },
  bool: { kind: 'scalar', scalar: 'boolean' },
  int32: { kind: 'scalar', scalar: 'numeric' },
  int64: { kind: 'scalar', scalar: 'numeric' },
  uint32: { kind: 'scalar', scalar: 'numeric' },
  uint64: { kind: 'scalar', scalar: 'numeric' },
  double: { kind: 'scalar', scalar: 'numeric' },
  bytes: { kind: 'scalar', scalar: 'string' },
  time: { kind: 'scalar', scalar: 'string' },
  microTime: { kind: 'scalar', scalar: 'string' },
  duration: { kind: 'scalar', scalar: 'string' },
  quantity: { kind: 'scalar', scalar: 'untyped' },
  intOrString: { kind: 'scalar', scalar: 'untyped' },
  rawExtension: untypedAtomic,
  fieldsV1: untypedAtomic,
};

const byType = new Map<string, MapShape>();

/** The shape of a schema type; `deducedShape` when there is no type. */
export function shapeOf(type: string | undefined): Shape {
  if (type === undefined || findType(type) === undefined) return deducedShape;
  return structShape(type);
}

function structShape(type: string): MapShape {
  const known = byType.get(type);
  if (known !== undefined) return known;
  const schema = typeOf(type);
  const fields = new Map<string, FieldShape>();
  const shape: MapShape = { kind: 'map', atomic: schema.atomic, fields, element: undefined };
  byType.set(type, shape);
  if (schema.isObject) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, { name, path: `f:${name}`, shape: scalarShapes.string });
  }
  for (const field of schema.fields) fields.set(field.name, new LazyField(field));
  return shape;
}

/**
 * Types may contain themselves (JSONSchemaProps), so a field's shape is worked out when first asked for. A class, as the
 * walkers ask every field: they share one getter, which the compiler takes into them.
 */
class LazyField implements FieldShape {
  readonly name: string;
  readonly path: string;
  readonly #field: FieldSchema;
  #shape: Shape | undefined;

  constructor(field: FieldSchema) {
    this.name = field.name;
    this.path = `f:${field.name}`;
    this.#field = field;
  }

  get shape(): Shape {
    return (this.#shape ??= fieldShape(this.#field));
  }
}

/** What has no type in the tables may be anything (apiextensions JSON and its unions), and is owned whole. */
function valueShape(type: string): Shape {
  if (isScalar(type)) return scalarShapes[type];
  return findType(type) === undefined ? untypedAtomic : structShape(type);
}

function fieldShape(field: FieldSchema): Shape {
  switch (field.shape) {
    case 'one': {
      const shape = valueShape(field.type);
      // The field's word counts more than its type's.
      if (field.granular && shape.kind === 'map' && shape.atomic) return { ...shape, atomic: false };
      return field.listType === 'atomic' && shape.kind === 'map' && !shape.atomic ? { ...shape, atomic: true } : shape;
    }
    case 'map':
      return { kind: 'map', atomic: field.listType === 'atomic', fields: undefined, element: valueShape(field.type) };
    case 'listMap': {
      const element: ListShape = { kind: 'list', relation: 'atomic', keys: [], element: valueShape(field.type) };
      return { kind: 'map', atomic: field.listType === 'atomic', fields: undefined, element };
    }
    case 'list':
      return {
        kind: 'list',
        relation: field.listType ?? 'atomic',
        keys: field.listType === 'map' ? listKeys(typeOf(field.type), field.listKeys) : [],
        element: valueShape(field.type),
      };
  }
}

function listKeys(item: TypeSchema, names: readonly string[]): ListKey[] {
  return [...names].sort().map((name) => ({ name, fallback: keyFallback(item.byName.get(name)) }));
}

/** A key that is left out counts with its default; a plain Go field's default is its zero value. */
function keyFallback(field: FieldSchema | undefined): unknown {
  if (field === undefined) return undefined;
  if (field.default !== undefined) return field.default;
  if (!field.always || field.nullable || !isScalar(field.type)) return undefined;
  const shape = scalarShapes[field.type];
  if (shape.kind !== 'scalar' || shape.scalar === 'untyped') return undefined;
  return { numeric: 0, string: '', boolean: false }[shape.scalar];
}

/** The object Go would encode from an empty struct of this type: what a create is compared with. */
export function emptyObject(type: string | undefined): Readonly<Record<string, unknown>> {
  if (type === undefined || findType(type) === undefined) return {};
  const known = empties.get(type);
  if (known !== undefined) return known;
  const empty: Record<string, unknown> = {};
  for (const field of typeOf(type).fields) {
    if (!field.always || field.nullable) continue;
    if (field.shape !== 'one') empty[field.name] = null;
    else if (!isScalar(field.type)) empty[field.name] = emptyObject(field.type);
    else if (field.type !== 'intOrString') empty[field.name] = emptyScalar(field.type);
  }
  empties.set(type, empty);
  return empty;
}

const empties = new Map<string, Readonly<Record<string, unknown>>>();

function emptyScalar(type: Scalar): unknown {
  const shape = scalarShapes[type];
  if (type === 'time' || type === 'microTime' || type === 'bytes' || shape.kind !== 'scalar') return null;
  if (type === 'duration') return '0s';
  return { numeric: 0, string: '', boolean: false, untyped: type === 'quantity' ? '0' : 0 }[shape.scalar];
}
