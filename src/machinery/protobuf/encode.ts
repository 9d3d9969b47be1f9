// JSON objects to protobuf, byte for byte as upstream's generated marshallers: fields ascending by number,
// whatever is not a pointer written even when it is zero, map keys sorted. Driven by the field numbers of the
// schema tables.
import { RawNumber } from '../json-number.ts';
import type { FieldPlan } from '../type-plan.ts';
import { layoutOf, type Layout } from './layout.ts';
import { ReverseWriter } from './writer.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const nothing: JsonObject = {};

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : nothing;
}

/** Writes a message's fields; its frame is the caller's. */
export function writeMessage(writer: ReverseWriter, type: string, value: unknown): void {
  writeLayout(writer, layoutOf(type), asObject(value));
}

function writeLayout(writer: ReverseWriter, layout: Layout, object: JsonObject): void {
  for (let i = layout.entries.length - 1; i >= 0; i--) {
    const entry = layout.entries[i];
    if (entry === undefined) continue;
    if (entry.inline !== undefined) {
      const mark = writer.written;
      writeLayout(writer, entry.inline, object);
      writer.close(entry.number, mark);
    } else if (entry.field !== undefined) {
      writeField(writer, entry.number, entry.field, object[entry.field.name]);
    }
  }
}

function writeField(writer: ReverseWriter, number: number, field: FieldPlan, value: unknown): void {
  if (field.shape === 'one') {
    if ((value === undefined || value === null) && field.nullable) return;
    writeOne(writer, number, field, value ?? undefined);
  } else if (value === undefined || value === null) {
    return;
  } else if (field.shape === 'list') {
    const list = Array.isArray(value) ? value : [];
    for (let i = list.length - 1; i >= 0; i--) writeOne(writer, number, field, list[i]);
  } else {
    writeMap(writer, number, field, asObject(value));
  }
}

function writeMap(writer: ReverseWriter, number: number, field: FieldPlan, map: JsonObject): void {
  const keys = Object.keys(map).sort();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    const mark = writer.written;
    if (field.shape === 'listMap') {
      const list = Array.isArray(map[key]) ? map[key] : [];
      const inner = writer.written;
      for (let at = list.length - 1; at >= 0; at--) writeOne(writer, 1, field, list[at]);
      writer.close(2, inner);
    } else {
      writeOne(writer, 2, field, map[key]);
    }
    writer.text(key);
    writer.tag(1, 2);
    writer.close(number, mark);
  }
}

/** One value with its tag; undefined is the zero value. */
function writeOne(writer: ReverseWriter, number: number, field: FieldPlan, value: unknown): void {
  switch (field.kind) {
    case 'string':
    case 'duration':
      writer.text(typeof value === 'string' ? value : '');
      writer.tag(number, 2);
      return;
    case 'bool':
      writer.varint(value === true ? 1 : 0);
      writer.tag(number, 0);
      return;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      writer.int64(value instanceof RawNumber ? BigInt(value.text) : typeof value === 'number' ? value : 0);
      writer.tag(number, 0);
      return;
    case 'double':
      writer.double(typeof value === 'number' ? value : 0);
      writer.tag(number, 1);
      return;
    case 'bytes':
      if (typeof value !== 'string') return;
      writeBytes(writer, number, Buffer.from(value, 'base64'));
      return;
    default: {
      const mark = writer.written;
      writeStructured(writer, field, value);
      writer.close(number, mark);
    }
  }
}

function writeBytes(writer: ReverseWriter, number: number, bytes: Uint8Array): void {
  writer.bytes(bytes);
  writer.varint(bytes.length);
  writer.tag(number, 2);
}

function writeJson(writer: ReverseWriter, value: unknown): void {
  writeBytes(writer, 1, Buffer.from(JSON.stringify(value)));
}

/** The inside of values that are messages in protobuf. */
function writeStructured(writer: ReverseWriter, field: FieldPlan, value: unknown): void {
  switch (field.kind) {
    case 'message':
      writeMessage(writer, field.type, value);
      return;
    case 'time':
    case 'microTime':
      writeTime(writer, field.kind, value);
      return;
    case 'quantity':
      writer.text(typeof value === 'string' ? value : '0');
      writer.tag(1, 2);
      return;
    case 'intOrString':
      writer.text(typeof value === 'string' ? value : '');
      writer.tag(3, 2);
      writer.int64(typeof value === 'number' ? value : 0);
      writer.tag(2, 0);
      writer.varint(typeof value === 'string' ? 1 : 0);
      writer.tag(1, 0);
      return;
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStringArray':
      writeSchemaUnion(writer, field, value);
      return;
    default:
      if (value !== undefined && value !== null) writeJson(writer, value);
  }
}

function writeTime(writer: ReverseWriter, kind: 'time' | 'microTime', value: unknown): void {
  if (typeof value !== 'string') return;
  const ms = Date.parse(`${value.slice(0, 19)}Z`);
  const nanos = kind === 'microTime' ? Number(`${value.slice(20, -1)}000000000`.slice(0, 9)) : 0;
  writer.varint(Number.isNaN(nanos) ? 0 : nanos);
  writer.tag(2, 0);
  writer.int64(Math.floor(ms / 1000));
  writer.tag(1, 0);
}

function writeSchemaUnion(writer: ReverseWriter, field: FieldPlan, value: unknown): void {
  const schema = 'apiextensions.v1.JSONSchemaProps';
  const writeSchema = (number: number, item: unknown): void => {
    const mark = writer.written;
    writeMessage(writer, schema, item);
    writer.close(number, mark);
  };
  if (Array.isArray(value)) {
    for (let i = value.length - 1; i >= 0; i--) {
      if (field.kind === 'schemaOrArray') writeSchema(2, value[i]);
      else {
        writer.text(String(value[i]));
        writer.tag(2, 2);
      }
    }
    return;
  }
  const isSchema = typeof value === 'object' && value !== null;
  if (isSchema) writeSchema(field.kind === 'schemaOrBool' ? 2 : 1, value);
  if (field.kind === 'schemaOrBool') {
    writer.varint(isSchema || value === true ? 1 : 0);
    writer.tag(1, 0);
  }
}
