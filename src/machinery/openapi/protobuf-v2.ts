// /openapi/v2 in the binary form of the gnostic project, which client-go asks for: kubectl reads old-style
// `explain` and its schema checks from it. What OpenAPI v2 lacks of a custom resource's schema is left out.
import { isObject } from '../patch/json-tree.ts';
import type { ReverseWriter } from '../protobuf/writer.ts';
import { bool, createForm, each, embed, made, members, named, sectionHead, text, type Form } from './protobuf-form.ts';

const bodies: Readonly<Record<string, string>> = {
  Info: 'title 1 text, version 2 text, description 3 text, x- 7',
  ExternalDocs: 'description 1 text, url 2 text, x- 3',
  ApiKey: 'type 1 text, name 2 text, in 3 text, description 4 text, x- 5',
  Operation:
    'tags 1 texts, summary 2 text, description 3 text, externalDocs 4 ExternalDocs, operationId 5 text, produces 6 texts, consumes 7 texts, ' +
    'parameters 8 parameters, responses 9 responses, schemes 10 texts, deprecated 11 bool, security 12 securities, x- 13',
  PathItem:
    '$ref 1 text, get 2 Operation, put 3 Operation, post 4 Operation, delete 5 Operation, options 6 Operation, head 7 Operation, ' +
    'patch 8 Operation, parameters 9 parameters, x- 10',
  Body: 'description 1 text, name 2 text, in 3 text, required 4 bool, schema 5 Schema, x- 6',
  Query: 'required 1 bool, in 2 text, description 3 text, name 4 text, allowEmptyValue 5 bool, type 6 text, format 7 text, uniqueItems 20 bool, enum 21 anys, x- 23',
  Path: 'required 1 bool, in 2 text, description 3 text, name 4 text, type 5 text, format 6 text, uniqueItems 19 bool, enum 20 anys, x- 22',
  Response: 'description 1 text, schema 2 response schema, x- 5',
  Schema:
    '$ref 1 text, format 2 text, title 3 text, description 4 text, default 5 any, multipleOf 6 double, maximum 7 double, exclusiveMaximum 8 bool, ' +
    'minimum 9 double, exclusiveMinimum 10 bool, maxLength 11 int, minLength 12 int, pattern 13 text, maxItems 14 int, minItems 15 int, ' +
    'uniqueItems 16 bool, maxProperties 17 int, minProperties 18 int, required 19 texts, enum 20 anys, additionalProperties 21 schema or bool, ' +
    'type 22 types, items 23 items, allOf 24 Schemas, properties 25 properties, discriminator 26 text, readOnly 27 bool, ' +
    'externalDocs 29 ExternalDocs, example 30 any, x- 31',
};

function writeParameter(form: Form, writer: ReverseWriter, value: unknown): void {
  const place = isObject(value) ? value['in'] : undefined;
  if (place === 'body') form.message('Body')(writer, 1, value);
  else embed(writer, 2, () => (place === 'path' ? form.message('Path')(writer, 4, value) : form.message('Query')(writer, 3, value)));
}

const form = createForm(bodies, (own) => ({
  Schemas: each(own.message('Schema')),
  types: (writer, number, value) => embed(writer, number, () => each(text)(writer, 1, value)),
  items: (writer, number, value) => embed(writer, number, () => each(own.message('Schema'))(writer, 1, value)),
  'schema or bool': (writer, number, value) => embed(writer, number, () => (typeof value === 'boolean' ? bool(writer, 2, value) : own.message('Schema')(writer, 1, value))),
  'response schema': (writer, number, value) => embed(writer, number, () => own.message('Schema')(writer, 1, value)),
  properties: (writer, number, value) => embed(writer, number, () => {
    for (const [name, schema] of members(value)) named(writer, 1, name, () => own.write(writer, 'Schema', schema));
  }),
  responses: (writer, number, value) => embed(writer, number, () => {
    for (const [code, response] of members(value)) named(writer, 1, code, () => own.message('Response')(writer, 1, response));
  }),
  parameters: each((writer, number, value) => embed(writer, number, () => embed(writer, 1, () => writeParameter(own, writer, value)))),
}));

/** One member of the document's `definitions`. */
export const definitionV2Bytes = (name: string, schema: unknown): Buffer => made((writer) => named(writer, 1, name, () => form.write(writer, 'Schema', schema)));

/** One member of the document's `paths`. */
export const pathV2Bytes = (path: string, item: unknown): Buffer => made((writer) => named(writer, 2, path, () => form.write(writer, 'PathItem', item)));

export interface DocumentV2Parts {
  readonly info: unknown;
  readonly security: readonly unknown[];
  readonly securityDefinitions: unknown;
  readonly definitions: readonly Buffer[];
  readonly paths: readonly Buffer[];
}

/** The whole document from its parts. */
export function documentV2Bytes({ info, security, securityDefinitions, definitions, paths }: DocumentV2Parts): Buffer {
  const head = made((writer) => {
    form.message('Info')(writer, 2, info);
    text(writer, 1, '2.0');
  });
  const tail = made((writer) => {
    embed(writer, 13, () => {
      for (const [name, definition] of members(securityDefinitions)) named(writer, 1, name, () => form.message('ApiKey')(writer, 2, definition));
    });
    for (const requirement of [...security].reverse()) {
      embed(writer, 12, () => {
        for (const [name, scopes] of members(requirement)) named(writer, 1, name, () => each(text)(writer, 1, scopes));
      });
    }
  });
  return Buffer.concat([head, sectionHead(8, paths), ...paths, sectionHead(9, definitions), ...definitions, tail]);
}

/** Further members of a document: appended to its bytes they are as if they had been in it. */
export function additionV2Bytes({ paths, definitions }: { readonly paths: Readonly<Record<string, unknown>>; readonly definitions: Readonly<Record<string, unknown>> }): Buffer {
  const pathParts = Object.entries(paths).map(([path, item]) => pathV2Bytes(path, item));
  const definitionParts = Object.entries(definitions).map(([name, schema]) => definitionV2Bytes(name, schema));
  return Buffer.concat([sectionHead(8, pathParts), ...pathParts, sectionHead(9, definitionParts), ...definitionParts]);
}
