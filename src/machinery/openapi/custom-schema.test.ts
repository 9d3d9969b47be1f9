// What OpenAPI tells of custom resources: v2 leaves out what it cannot say, v3 tells all.
import { expect, test } from 'vitest';
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { customDefinition, customListDefinition, type CustomSchema } from './custom-schema.ts';
import { openApiDocuments, type OpenApiDocuments, type OpenApiReuse } from './documents.ts';
import { noDescriptions } from './descriptions.ts';
import type { Dialect, JsonDocument } from './schema-document.ts';

const info: ResourceInfo = {
  group: 'example.com', version: 'v1', kind: 'Foo', type: undefined, plural: 'foos', singular: 'foo', namespaced: true, shortNames: [], categories: [], verbs: ['get', 'list'], subresources: [],
};

function told(dialect: Dialect, schema: JSONSchemaProps | undefined, preservesUnknown = false): JsonDocument {
  return customDefinition(info, { schema, listKind: 'Foos', preservesUnknown, selectableFields: ['spec.a'] }, { dialect, descriptions: noDescriptions });
}

/** Of the only property of the root. */
function property(dialect: Dialect, schema: JSONSchemaProps): unknown {
  const { properties } = told(dialect, { type: 'object', properties: { spec: schema } });
  return (properties as Record<string, unknown>)['spec'];
}

const gvk = { 'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Foo', version: 'v1' }] };
const selectable = { 'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.a' }] };

test('without a schema, and in v2 with an open one, nothing is told that clients could hold against an object', () => {
  const open: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } };
  expect(told('v2', undefined)).toEqual({ type: 'object', ...gvk, ...selectable });
  expect(told('v2', open)).toEqual({ type: 'object', ...gvk, ...selectable });
  expect(told('v2', { type: 'object', properties: { a: { type: 'string' } } }, true)).toEqual({ type: 'object', ...gvk, ...selectable });
  const { properties } = told('v3', open);
  expect(Object.keys(properties as object)).toEqual(['a', 'apiVersion', 'kind', 'metadata']);
});

test('selectable fields are told, the list under its own kind', () => {
  expect(told('v3', { type: 'object' })).toMatchObject({ type: 'object', 'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.a' }] });
  expect(told('v2', { type: 'object' })['x-kubernetes-selectable-fields']).toEqual([{ fieldPath: 'spec.a' }]);
  const list = customListDefinition(info, { schema: undefined, listKind: 'Foos', preservesUnknown: false, selectableFields: [] }, { dialect: 'v2', descriptions: noDescriptions });
  expect(list).toMatchObject({ description: 'Foos is a list of Foo', required: ['items'], 'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Foos', version: 'v1' }] });
});

const string: JSONSchemaProps = { type: 'string' };

test.each<[string, JSONSchemaProps, JsonDocument, JsonDocument]>([
  ['alternatives', { ...string, allOf: [{ minLength: 1 }], oneOf: [{}], anyOf: [{}], not: {} }, string as JsonDocument, { ...string, allOf: [{ minLength: 1 }], oneOf: [{}], anyOf: [{}], not: {} }],
  ['nullable members', { type: 'object', required: ['a', 'b'], properties: { a: { ...string, nullable: true }, b: string } },
    { type: 'object', required: ['b'], properties: { a: {}, b: string } }, { type: 'object', required: ['a', 'b'], properties: { a: { ...string, nullable: true }, b: string } }],
  ['open objects', { type: 'object', description: 'x', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: string } },
    { description: 'x', 'x-kubernetes-preserve-unknown-fields': true }, { type: 'object', description: 'x', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: string } }],
  ['lists of anything', { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: string }, { 'x-kubernetes-preserve-unknown-fields': true }, { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: string }],
  ['integers or strings', { 'x-kubernetes-int-or-string': true }, { 'x-kubernetes-int-or-string': true }, { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }],
  ['lists and maps', { type: 'array', items: { type: 'object', additionalProperties: { ...string, nullable: true } } }, { type: 'array', items: { type: 'object', additionalProperties: {} } },
    { type: 'array', items: { type: 'object', additionalProperties: { ...string, nullable: true } } }],
])('%s', (_, schema, v2, v3) => {
  expect(property('v2', schema)).toEqual(v2);
  expect(property('v3', schema)).toEqual(v3);
});

test('embedded objects have the members of every object', () => {
  const schema: JSONSchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { a: string } };
  for (const dialect of ['v2', 'v3'] as const) {
    const embedded = property(dialect, schema) as JsonDocument;
    expect(embedded['required']).toEqual(['kind', 'apiVersion']);
    expect(Object.keys(embedded['properties'] as object)).toEqual(['a', 'apiVersion', 'kind', 'metadata']);
  }
  expect(property('v2', { ...schema, 'x-kubernetes-preserve-unknown-fields': true })).toEqual({ 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true });
});

test('the document of a group that is what it was is not made again', async () => {
  const other = { ...info, group: 'other.com' };
  const schemas = new Map<string, CustomSchema>([info, other].map((one) => [one.group, { schema: { type: 'object' }, listKind: 'Foos', preservesUnknown: false, selectableFields: [] }]));
  const reuse: OpenApiReuse = new Map();
  const documents = (): OpenApiDocuments => openApiDocuments({ resources: [info, other], customSchema: ({ group }) => schemas.get(group), descriptions: noDescriptions, reuse });
  const before = documents();
  const [kept, changed] = [await before.groupVersion('apis/example.com/v1'), await before.groupVersion('apis/other.com/v1')];
  schemas.set('other.com', { schema: { type: 'object', properties: { a: { type: 'string' } } }, listKind: 'Foos', preservesUnknown: false, selectableFields: [] });
  const after = documents();
  expect(await after.groupVersion('apis/example.com/v1')).toBe(kept);
  expect((await after.groupVersion('apis/other.com/v1'))?.etag).not.toBe(changed?.etag);
  expect(reuse.size).toBe(2);
});
