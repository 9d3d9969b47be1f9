// What CEL needs to know of a schema: the small face that structural schemas of custom resources and the built-in
// types' tables both show. Members carry the names structural schemas have, so that those fit as they are.

/** Limits and formats, spelled as in OpenAPI. */
export interface SchemaLimits {
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
}

export interface SchemaNode {
  /** object, array, string, number, integer, boolean, or '' where none is given. */
  readonly type: string;
  readonly nullable: boolean;
  /** undefined: none. */
  readonly default: unknown;
  readonly items: SchemaNode | undefined;
  /** undefined when there are none. */
  readonly properties: ReadonlyMap<string, SchemaNode> | undefined;
  /** A schema for all values, or whether there may be any. */
  readonly additional: SchemaNode | boolean | undefined;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly raw: SchemaLimits;
}

const blank: SchemaNode = {
  type: '', nullable: false, default: undefined, items: undefined, properties: undefined, additional: undefined, preserveUnknownFields: false,
  embeddedResource: false, intOrString: false, listType: undefined, listMapKeys: [], raw: {},
};

/** A node with these members, everything else absent. */
export function schemaNode(members: Partial<SchemaNode>): SchemaNode {
  return { ...blank, ...members };
}

const text = schemaNode({ type: 'string' });
const meta = schemaNode({ type: 'object', properties: new Map([['name', text], ['generateName', text]]) });

const resources = new WeakMap<SchemaNode, SchemaNode>();

/** The schema of a whole resource: kind, apiVersion, metadata.name and metadata.generateName can always be read. */
export function resourceNode(node: SchemaNode): SchemaNode {
  const { properties } = node;
  const metadata = properties?.get('metadata');
  const hasText = (of: SchemaNode | undefined, name: string) => of?.properties?.get(name)?.type === 'string';
  if (hasText(node, 'kind') && hasText(node, 'apiVersion') && metadata?.type === 'object' && hasText(metadata, 'name') && hasText(metadata, 'generateName')) return node;
  let made = resources.get(node);
  if (made === undefined) {
    made = { ...node, properties: new Map([...(properties ?? []), ['kind', text], ['apiVersion', text], ['metadata', meta]]) };
    resources.set(node, made);
  }
  return made;
}

/** The schema of all values of a map, when `additional` gives one. */
export function valueNode(node: SchemaNode): SchemaNode | undefined {
  return typeof node.additional === 'object' ? node.additional : undefined;
}
