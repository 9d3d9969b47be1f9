// /openapi/v2 in the binary form of the gnostic project, which client-go asks for: kubectl reads old-style
// `explain` and its schema checks from it. A table names the fields of every message that a server's document
// can hold; `x-` members travel as YAML, of which JSON is a part. Members that the format does not know are
// left out, as those of a custom resource's schema that OpenAPI v2 lacks.
import { isObject } from '../patch/json-tree.ts';
import { ReverseWriter } from '../protobuf/writer.ts';

type Write = (writer: ReverseWriter, number: number, value: unknown) => void;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly write: Write;
}

interface Message {
  readonly fields: readonly Field[];
  /** The field of `x-` members. */
  readonly extensions: number | undefined;
}

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

const parsed = new Map<string, Message>();

function messageNamed(name: string): Message {
  let message = parsed.get(name);
  if (message === undefined) {
    const fields: Field[] = [];
    let extensions: number | undefined;
    for (const line of (bodies[name] ?? '').split(', ')) {
      const [, field = '', number = '', kind = ''] = /^(\S+) (\d+) ?(.*)$/.exec(line) ?? [];
      if (field === 'x-') extensions = Number(number);
      else fields.push({ name: field, number: Number(number), write: writers[kind] ?? ((writer, at, value) => embed(writer, at, () => writeMessage(writer, kind, value))) });
    }
    message = { fields, extensions };
    parsed.set(name, message);
  }
  return message;
}

/** The writer works from the end: what is written in `content` becomes the field's value. */
function embed(writer: ReverseWriter, number: number, content: () => void): void {
  const mark = writer.written;
  content();
  writer.close(number, mark);
}

function text(writer: ReverseWriter, number: number, value: unknown): void {
  if (typeof value !== 'string') return;
  writer.text(value);
  writer.tag(number, 2);
}

function named(writer: ReverseWriter, number: number, name: string, content: () => void): void {
  embed(writer, number, () => {
    embed(writer, 2, content);
    text(writer, 1, name);
  });
}

function members(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value).reverse() : [];
}

const each = (write: Write): Write => (writer, number, value) => {
  for (const item of Array.isArray(value) ? [...value].reverse() : [value]) write(writer, number, item);
};

const any: Write = (writer, number, value) => embed(writer, number, () => text(writer, 2, `${JSON.stringify(value)}\n`));
const message = (name: string): Write => (writer, number, value) => embed(writer, number, () => writeMessage(writer, name, value));
const bool: Write = (writer, number, value) => {
  if (value !== true) return;
  writer.varint(1);
  writer.tag(number, 0);
};

const writers: Readonly<Record<string, Write>> = {
  text,
  texts: each(text),
  any,
  anys: each(any),
  bool,
  int: (writer, number, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return;
    writer.int64(value);
    writer.tag(number, 0);
  },
  double: (writer, number, value) => {
    if (typeof value !== 'number') return;
    writer.double(value);
    writer.tag(number, 1);
  },
  Schemas: each(message('Schema')),
  types: (writer, number, value) => embed(writer, number, () => each(text)(writer, 1, value)),
  items: (writer, number, value) => embed(writer, number, () => each(message('Schema'))(writer, 1, value)),
  'schema or bool': (writer, number, value) => embed(writer, number, () => (typeof value === 'boolean' ? bool(writer, 2, value) : message('Schema')(writer, 1, value))),
  'response schema': (writer, number, value) => embed(writer, number, () => message('Schema')(writer, 1, value)),
  properties: (writer, number, value) => embed(writer, number, () => {
    for (const [name, schema] of members(value)) named(writer, 1, name, () => writeMessage(writer, 'Schema', schema));
  }),
  responses: (writer, number, value) => embed(writer, number, () => {
    for (const [code, response] of members(value)) named(writer, 1, code, () => message('Response')(writer, 1, response));
  }),
  parameters: each((writer, number, value) => embed(writer, number, () => embed(writer, 1, () => writeParameter(writer, value)))),
  securities: each((writer, number, value) => embed(writer, number, () => {
    for (const [name, scopes] of members(value)) named(writer, 1, name, () => each(text)(writer, 1, scopes));
  })),
  'security definitions': (writer, number, value) => embed(writer, number, () => {
    for (const [name, definition] of members(value)) named(writer, 1, name, () => message('ApiKey')(writer, 2, definition));
  }),
};

function writeParameter(writer: ReverseWriter, value: unknown): void {
  const place = isObject(value) ? value['in'] : undefined;
  if (place === 'body') message('Body')(writer, 1, value);
  else embed(writer, 2, () => (place === 'path' ? message('Path')(writer, 4, value) : message('Query')(writer, 3, value)));
}

function writeMessage(writer: ReverseWriter, name: string, value: unknown): void {
  if (!isObject(value)) return;
  const { fields, extensions } = messageNamed(name);
  if (extensions !== undefined) {
    for (const [key, extension] of members(value)) {
      if (key.startsWith('x-')) named(writer, extensions, key, () => text(writer, 2, `${JSON.stringify(extension)}\n`));
    }
  }
  for (let i = fields.length - 1; i >= 0; i--) {
    const field = fields[i];
    const member = field === undefined ? undefined : value[field.name];
    if (field !== undefined && member !== undefined) field.write(writer, field.number, member);
  }
}

function made(write: (writer: ReverseWriter) => void): Buffer {
  const writer = new ReverseWriter(4096);
  write(writer);
  return writer.finish();
}

/** One member of the document's `definitions`. */
export const definitionV2Bytes = (name: string, schema: unknown): Buffer => made((writer) => named(writer, 1, name, () => writeMessage(writer, 'Schema', schema)));

/** One member of the document's `paths`. */
export const pathV2Bytes = (path: string, item: unknown): Buffer => made((writer) => named(writer, 2, path, () => writeMessage(writer, 'PathItem', item)));

export interface DocumentV2Parts {
  readonly info: unknown;
  readonly security: unknown;
  readonly securityDefinitions: unknown;
  readonly definitions: readonly Buffer[];
  readonly paths: readonly Buffer[];
}

function sectionHead(number: number, content: readonly Buffer[]): Buffer {
  return made((writer) => {
    writer.varint(content.reduce((sum, part) => sum + part.length, 0));
    writer.tag(number, 2);
  });
}

/** The whole document from its parts. */
export function documentV2Bytes({ info, security, securityDefinitions, definitions, paths }: DocumentV2Parts): Buffer {
  const head = made((writer) => {
    message('Info')(writer, 2, info);
    text(writer, 1, '2.0');
  });
  const tail = made((writer) => {
    writers['security definitions']?.(writer, 13, securityDefinitions);
    writers['securities']?.(writer, 12, security);
  });
  return Buffer.concat([head, sectionHead(8, paths), ...paths, sectionHead(9, definitions), ...definitions, tail]);
}
