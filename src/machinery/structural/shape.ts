// How a custom resource is merged and owned under server-side apply: its structural schema as an apply shape. What is
// specified without properties is deduced from the value; below a node that preserves unknown fields, so is all that
// is not specified (kube-openapi's schemaconv).
import { deducedShape, shapeOf, type FieldShape, type ListShape, type MapShape, type Shape } from '../apply/shape.ts';
import type { Structural } from './schema.ts';

const text: Shape = { kind: 'scalar', scalar: 'string' };
const untypedAtomic: Shape = { kind: 'any', atomic: true };

function field(name: string, shape: Shape): FieldShape {
  return { name, path: `f:${name}`, shape };
}

/** The shape of a whole resource; deduced without a schema. */
export function structuralShape(schema: Structural | undefined): Shape {
  if (schema === undefined) return deducedShape;
  return objectShape({ ...schema, embeddedResource: true }, false);
}

function shapeFor(schema: Structural, preserved: boolean): Shape {
  const preserves = preserved || schema.preserveUnknownFields;
  switch (schema.type) {
    case 'string':
      return text;
    case 'integer':
    case 'number':
      return { kind: 'scalar', scalar: 'numeric' };
    case 'boolean':
      return { kind: 'scalar', scalar: 'boolean' };
    case 'array':
      return listShape(schema, preserves);
    case 'object':
      return objectShape(schema, preserves);
    default:
      return schema.properties === undefined ? deducedShape : objectShape(schema, preserves);
  }
}

function objectShape(schema: Structural, preserves: boolean): MapShape {
  const preserved = preserves || schema.preserveUnknownFields;
  const fields = new Map<string, FieldShape>();
  for (const [name, property] of schema.properties ?? []) fields.set(name, field(name, shapeFor(property, preserved)));
  if (schema.embeddedResource) {
    fields.set('apiVersion', field('apiVersion', text));
    fields.set('kind', field('kind', text));
    fields.set('metadata', field('metadata', shapeOf('meta.v1.ObjectMeta')));
  }
  return { kind: 'map', atomic: schema.mapType === 'atomic', fields: fields.size === 0 ? undefined : fields, element: elementOf(schema, preserved, fields.size) };
}

function elementOf(schema: Structural, preserved: boolean, fields: number): Shape | undefined {
  if (typeof schema.additional === 'object') return shapeFor(schema.additional, preserved);
  if (schema.additional !== undefined) return schema.additional ? deducedShape : undefined;
  return preserved || fields === 0 ? deducedShape : undefined;
}

function listShape(schema: Structural, preserved: boolean): ListShape {
  const { items, listType } = schema;
  const relation = listType === 'map' || listType === 'set' ? listType : 'atomic';
  return {
    kind: 'list',
    relation,
    keys: relation === 'map' ? [...schema.listMapKeys].sort().map((name) => ({ name, fallback: items?.properties?.get(name)?.default })) : [],
    element: items === undefined ? untypedAtomic : shapeFor(items, preserved),
  };
}
