// The schemas of built-in types for CEL, read from the API's own tables as OpenAPI would publish them: times are
// date-time strings, bytes are base64, int-or-string is either; what OpenAPI leaves without a type (quantities) is
// not declared, as upstream's type checker has it. Nodes unfold when looked at, so recursive types are fine.
import { findType, isScalar, type FieldSchema, type Scalar } from '#api/schema.ts';
import { schemaNode, type SchemaNode } from './node.ts';

const scalarNodes: Readonly<Record<Scalar, SchemaNode>> = {
  string: schemaNode({ type: 'string' }), bool: schemaNode({ type: 'boolean' }), int32: schemaNode({ type: 'integer' }), int64: schemaNode({ type: 'integer' }),
  uint32: schemaNode({ type: 'integer' }), uint64: schemaNode({ type: 'integer' }), double: schemaNode({ type: 'number' }),
  bytes: schemaNode({ type: 'string', raw: { format: 'byte' } }), time: schemaNode({ type: 'string', raw: { format: 'date-time' } }),
  microTime: schemaNode({ type: 'string', raw: { format: 'date-time' } }), duration: schemaNode({ type: 'string' }), quantity: schemaNode({}),
  intOrString: schemaNode({ intOrString: true }), rawExtension: schemaNode({ type: 'object' }), fieldsV1: schemaNode({ type: 'object' }),
};

/** Messages met so far; what the tables do not know (any JSON) has no type and is not declared. */
const messages = new Map<string, SchemaNode>();

function message(name: string): SchemaNode {
  let node = messages.get(name);
  if (node !== undefined) return node;
  let properties: ReadonlyMap<string, SchemaNode> | undefined;
  const type = findType(name);
  if (type === undefined) return scalarNodes.quantity;
  node = {
    ...schemaNode({ type: 'object', raw: { required: type.fields.filter((field) => field.required).map((field) => field.name) } }),
    get properties() {
      properties ??= new Map([
        ...(type.isObject ? ['apiVersion', 'kind'].map((own): [string, SchemaNode] => [own, scalarNodes.string]) : []),
        ...type.fields.map((field): [string, SchemaNode] => [field.name, fieldNode(field)]),
      ]);
      return properties;
    },
  };
  messages.set(name, node);
  return node;
}

function lazy(members: Partial<SchemaNode>, name: 'items' | 'additional', of: () => SchemaNode): SchemaNode {
  return Object.defineProperty(schemaNode(members), name, { get: of, enumerable: true });
}

function fieldNode(field: FieldSchema): SchemaNode {
  const one = () => (isScalar(field.type) ? scalarNodes[field.type] : message(field.type));
  const list = () => lazy({ type: 'array', listType: field.listType, listMapKeys: field.listKeys }, 'items', one);
  switch (field.shape) {
    case 'one': return isScalar(field.type) ? { ...scalarNodes[field.type], default: field.default } : one();
    case 'list': return list();
    case 'map': return lazy({ type: 'object' }, 'additional', one);
    case 'listMap': return lazy({ type: 'object' }, 'additional', list);
  }
}

/** The schema of a built-in type by its name in the tables, such as `apps.v1.Deployment`. */
export function builtInNode(typeName: string): SchemaNode {
  return message(typeName);
}
