// Protobuf to JSON objects, driven by the field numbers of the schema tables. Unknown numbers are passed over,
// as Go does. The result is raw: zero values that upstream always writes are still there; wire-read.ts brings
// it into canonical form.
import { rfc3339 } from '#base/clock.ts';
import { parsePlain } from '../json.ts';
import { numberOf, RawNumber } from '../json-number.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import type { FieldPlan } from '../type-plan.ts';
import { layoutOf, type Layout } from './layout.ts';
import { ProtobufError, WireReader } from './reader.ts';

type JsonObject = Record<string, unknown>;

const maxDepth = 200;

/** Reads the fields of a message of the type. */
export function readFields(reader: WireReader, type: string, out: JsonObject, depth = 0): JsonObject {
  if (depth > maxDepth) throw new ProtobufError('proto: message nests too deep');
  readLayout(reader, layoutOf(type), out, depth);
  return out;
}

/** As readFields, in slices: what lies in messages of many bytes is read one by one. */
export function* readingFields(reader: WireReader, type: string, out: JsonObject, depth = 0, pace: Pace = { spent: 0 }): Sliced<JsonObject> {
  if (depth > maxDepth) throw new ProtobufError('proto: message nests too deep');
  yield* readingLayout(reader, layoutOf(type), out, depth, pace);
  return out;
}

const manyBytes = 16 * 1024;

function* readingLayout(reader: WireReader, layout: Layout, out: JsonObject, depth: number, pace: Pace): Sliced<void> {
  while (!reader.done) {
    const tag = reader.varint();
    const wireType = tag & 7;
    const entry = layout.byNumber.get(Math.floor(tag / 8));
    if (entry === undefined) reader.skip(wireType);
    else if (entry.inline !== undefined) yield* readingLayout(reader.message(), entry.inline, out, depth, pace);
    else if (entry.field !== undefined) {
      const { field } = entry;
      const isLarge = field.kind === 'message' && wireType === 2 && (field.shape === 'one' || field.shape === 'list') && reader.sizeAhead() > manyBytes;
      if (isLarge) yield* readingMessage(reader, field, out, depth, pace);
      else readField(reader, field, wireType, out, depth);
    }
    if (isDue(pace, out)) yield;
  }
}

function* readingMessage(reader: WireReader, field: FieldPlan, out: JsonObject, depth: number, pace: Pace): Sliced<void> {
  if (field.shape === 'one') {
    out[field.name] = yield* readingFields(reader.message(), field.type, {}, depth + 1, pace);
    return;
  }
  const known = out[field.name];
  const list: unknown[] = Array.isArray(known) ? known : [];
  out[field.name] = list;
  reader.spend();
  list.push(yield* readingFields(reader.message(), field.type, {}, depth + 1, pace));
}

function readLayout(reader: WireReader, layout: Layout, out: JsonObject, depth: number): void {
  while (!reader.done) {
    const tag = reader.varint();
    const wireType = tag & 7;
    const entry = layout.byNumber.get(Math.floor(tag / 8));
    if (entry === undefined) reader.skip(wireType);
    else if (entry.inline !== undefined) readLayout(reader.message(), entry.inline, out, depth);
    else if (entry.field !== undefined) readField(reader, entry.field, wireType, out, depth);
  }
}

function readField(reader: WireReader, field: FieldPlan, wireType: number, out: JsonObject, depth: number): void {
  if (field.shape === 'one') {
    out[field.name] = readOne(reader, field, wireType, depth);
    return;
  }
  if (field.shape === 'list') {
    const known = out[field.name];
    const list: unknown[] = Array.isArray(known) ? known : [];
    out[field.name] = list;
    if (wireType === 2 && isVarint(field)) {
      for (const packed = reader.message(); !packed.done; ) {
        reader.spend();
        list.push(readOne(packed, field, 0, depth));
      }
    } else {
      reader.spend();
      list.push(readOne(reader, field, wireType, depth));
    }
    return;
  }
  readMapEntry(reader.message(), field, out, depth);
}

function readMapEntry(reader: WireReader, field: FieldPlan, out: JsonObject, depth: number): void {
  const map = (out[field.name] ??= {}) as JsonObject;
  let key = '';
  let value: unknown = field.shape === 'listMap' ? [] : undefined;
  while (!reader.done) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (number === 1) key = reader.text();
    else if (number !== 2) reader.skip(tag & 7);
    else if (field.shape === 'listMap') {
      const items: unknown[] = [];
      for (const inner = reader.message(); !inner.done; ) {
        const innerTag = inner.varint();
        if (Math.floor(innerTag / 8) === 1) items.push(readOne(inner, field, innerTag & 7, depth));
        else inner.skip(innerTag & 7);
      }
      value = items;
    } else value = readOne(reader, field, tag & 7, depth);
  }
  value ??= field.kind === 'string' || field.kind === 'bytes' ? '' : null;
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
  else map[key] = value;
}

function isVarint(field: FieldPlan): boolean {
  return field.kind === 'int32' || field.kind === 'int64' || field.kind === 'uint32' || field.kind === 'uint64' || field.kind === 'bool';
}

function exact(value: bigint | number): number | RawNumber {
  return typeof value === 'number' ? value : numberOf(String(value));
}

function expectWireType(field: FieldPlan, wireType: number): void {
  const wanted = isVarint(field) ? 0 : field.kind === 'double' ? 1 : 2;
  if (wireType !== wanted) throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${field.name}`);
}

function readOne(reader: WireReader, field: FieldPlan, wireType: number, depth: number): unknown {
  expectWireType(field, wireType);
  switch (field.kind) {
    case 'string':
    case 'duration':
      return reader.text();
    case 'bool':
      return reader.varint() !== 0;
    case 'int32':
      return Number(reader.int64()) | 0;
    case 'int64':
    case 'uint32':
    case 'uint64':
      return exact(reader.int64());
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.bytes().toString('base64');
    case 'message':
      return readFields(reader.message(), field.type, {}, depth + 1);
    case 'time':
    case 'microTime':
      return readTime(reader.message(), field.kind);
    case 'quantity':
      return readSingle(reader.message())?.toString('utf8') ?? '0';
    case 'intOrString':
      return readIntOrString(reader.message());
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStringArray':
      return readSchemaUnion(reader.message(), field, depth);
    default:
      return readJson(reader.message());
  }
}

/** The bytes of field 1, which is all that the wrappers of text and JSON have. */
function readSingle(reader: WireReader): Buffer | undefined {
  let bytes: Buffer | undefined;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) bytes = reader.bytes();
    else reader.skip(tag & 7);
  }
  return bytes;
}

function readJson(reader: WireReader): unknown {
  const bytes = readSingle(reader);
  return bytes === undefined || bytes.length === 0 ? null : parsePlain(bytes.toString('utf8'));
}

function readTime(reader: WireReader, kind: 'time' | 'microTime'): string | null {
  if (reader.done) return null;
  let seconds = 0;
  let nanos = 0;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) seconds = Number(reader.int64());
    else if (tag === 16) nanos = Number(reader.int64());
    else reader.skip(tag & 7);
  }
  if (Math.abs(seconds) > 8.64e12) throw new ProtobufError('proto: time out of range');
  const text = rfc3339(seconds * 1000);
  return kind === 'time' ? text : `${text.slice(0, 19)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function readIntOrString(reader: WireReader): number | string {
  let isText = false;
  let int = 0;
  let text = '';
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) isText = reader.varint() === 1;
    else if (tag === 16) int = Number(reader.int64()) | 0;
    else if (tag === 26) text = reader.text();
    else reader.skip(tag & 7);
  }
  return isText ? text : int;
}

function readSchemaUnion(reader: WireReader, field: FieldPlan, depth: number): unknown {
  const schema = 'apiextensions.v1.JSONSchemaProps';
  let allows = false;
  let single: unknown;
  const list: unknown[] = [];
  const schemaNumber = field.kind === 'schemaOrBool' ? 2 : 1;
  while (!reader.done) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (tag === 8) allows = reader.varint() !== 0;
    else if (number === schemaNumber && (tag & 7) === 2) single = readFields(reader.message(), schema, {}, depth + 1);
    else if (tag === 18 && field.kind === 'schemaOrArray') list.push(readFields(reader.message(), schema, {}, depth + 1));
    else if (tag === 18) list.push(reader.text());
    else reader.skip(tag & 7);
  }
  if (single !== undefined) return single;
  return field.kind === 'schemaOrBool' ? allows : list;
}
