// The documents of /openapi/v3 in the binary form of the gnostic project (openapi.v3 messages).
import { isObject } from '../patch/json-tree.ts';
import { createForm, each, embed, made, members, named, sectionHead, text, type Form, type Write } from './protobuf-form.ts';

const bodies: Readonly<Record<string, string>> = {
  Info: 'title 1 text, description 2 text, version 6 text, x- 7',
  ExternalDocs: 'description 1 text, url 2 text, x- 3',
  SecurityScheme: 'type 1 text, description 2 text, name 3 text, in 4 text, scheme 5 text, bearerFormat 6 text, x- 9',
  Operation:
    'tags 1 texts, summary 2 text, description 3 text, externalDocs 4 ExternalDocs, operationId 5 text, parameters 6 parameters, requestBody 7 request, responses 8 responses, ' +
    'deprecated 10 bool, x- 13',
  PathItem:
    '$ref 1 text, summary 2 text, description 3 text, get 4 Operation, put 5 Operation, post 6 Operation, delete 7 Operation, options 8 Operation, head 9 Operation, ' +
    'patch 10 Operation, trace 11 Operation, parameters 13 parameters, x- 14',
  Parameter: 'name 1 text, in 2 text, description 3 text, required 4 bool, deprecated 5 bool, allowEmptyValue 6 bool, schema 10 schema, x- 14',
  RequestBody: 'description 1 text, content 2 content, required 3 bool, x- 4',
  MediaType: 'schema 1 schema, example 2 any, x- 5',
  Response: 'description 1 text, content 3 content, x- 5',
  Reference: '$ref 1 text, summary 2 text, description 3 text',
  Schema:
    'nullable 1 bool, readOnly 3 bool, writeOnly 4 bool, externalDocs 6 ExternalDocs, example 7 any, deprecated 8 bool, title 9 text, multipleOf 10 double, maximum 11 double, ' +
    'exclusiveMaximum 12 bool, minimum 13 double, exclusiveMinimum 14 bool, maxLength 15 int, minLength 16 int, pattern 17 text, maxItems 18 int, minItems 19 int, uniqueItems 20 bool, ' +
    'maxProperties 21 int, minProperties 22 int, required 23 texts, enum 24 anys, type 25 text, allOf 26 schemas, oneOf 27 schemas, anyOf 28 schemas, not 29 Schema, items 30 items, ' +
    'properties 31 properties, additionalProperties 32 schema or bool, default 33 default, description 34 text, format 35 text, x- 36',
};

/** What may stand in place or be referred to: the message in field 1, a reference in field 2. */
const orReference = (form: Form, name: string): Write => (writer, number, value) =>
  embed(writer, number, () => (isObject(value) && value['$ref'] !== undefined ? form.message('Reference')(writer, 2, value) : form.message(name)(writer, 1, value)));

const form = createForm(bodies, (own) => {
  const schema = orReference(own, 'Schema');
  const mapOf = (number: number, write: (name: string) => Write): Write => (writer, at, value) => embed(writer, at, () => {
    for (const [name, member] of members(value)) named(writer, number, name, () => write(name)(writer, 0, member));
  });
  /** The inside of a member that may be a reference. */
  const inside = (name: string): Write => (writer, _, value) => (isObject(value) && value['$ref'] !== undefined ? own.message('Reference')(writer, 2, value) : own.message(name)(writer, 1, value));
  return {
    schema,
    schemas: each(schema),
    items: (writer, number, value) => embed(writer, number, () => each(schema)(writer, 1, value)),
    properties: mapOf(1, () => inside('Schema')),
    'schema or bool': (writer, number, value) => embed(writer, number, () => {
      if (typeof value !== 'boolean') return schema(writer, 1, value);
      writer.varint(value ? 1 : 0);
      writer.tag(2, 0);
    }),
    // A default that is a list or an object has no place in the format.
    default: (writer, number, value) => (isObject(value) || Array.isArray(value) ? undefined : literal(writer, number, value)),
    parameters: each(orReference(own, 'Parameter')),
    request: orReference(own, 'RequestBody'),
    content: mapOf(1, () => (writer, _, value) => own.write(writer, 'MediaType', value)),
    responses: mapOf(2, () => inside('Response')),
  };
});

const literal: Write = (writer, number, value) => embed(writer, number, () => {
  if (typeof value === 'number') {
    writer.double(value);
    writer.tag(1, 1);
  } else if (typeof value === 'boolean') {
    writer.varint(value ? 1 : 0);
    writer.tag(2, 0);
  } else text(writer, 3, value);
});

/** One member of the document's components' schemas. */
export const schemaV3Bytes = (name: string, schema: unknown): Buffer =>
  made((writer) => named(writer, 1, name, () => (isObject(schema) && schema['$ref'] !== undefined ? form.message('Reference')(writer, 2, schema) : form.message('Schema')(writer, 1, schema))));

/** One member of the document's `paths`. */
export const pathV3Bytes = (path: string, item: unknown): Buffer => made((writer) => named(writer, 1, path, () => form.write(writer, 'PathItem', item)));

export interface DocumentV3Parts {
  readonly info: unknown;
  readonly securitySchemes: unknown;
  readonly schemas: readonly Buffer[];
  readonly paths: readonly Buffer[];
}

/** The whole document from its parts. */
export function documentV3Bytes({ info, securitySchemes, schemas, paths }: DocumentV3Parts): Buffer {
  const head = made((writer) => {
    form.message('Info')(writer, 2, info);
    text(writer, 1, '3.0.0');
  });
  const security = made((writer) => embed(writer, 7, () => {
    for (const [name, scheme] of members(securitySchemes)) named(writer, 1, name, () => form.message('SecurityScheme')(writer, 1, scheme));
  }));
  const components = [...(schemas.length === 0 ? [] : [sectionHead(1, schemas), ...schemas]), security];
  return Buffer.concat([head, sectionHead(4, paths), ...paths, sectionHead(5, components), ...components]);
}
