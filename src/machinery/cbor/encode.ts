// Objects as CBOR, as upstream writes them (KEP-4222): self-described, names and strings as byte strings, integers and
// floats as two things, floats in the shortest width that holds them, `[]byte` fields as bytes under the tag that says
// "base64 when told as text". The type's tables say which strings are bytes and which numbers are floats.
import { RawNumber } from '../json-number.ts';
import type { KubeObject } from '../object.ts';
import { planOf, type FieldPlan, type TypePlan } from '../type-plan.ts';
import { CborWriter } from './writer.ts';

/** An object with the magic that says it is CBOR. @param type Undefined for custom resources. */
export function encodeCbor(type: string | undefined, object: KubeObject): Buffer {
  const writer = new CborWriter();
  writer.selfDescribed();
  writeObject(writer, type, object);
  return writer.finish();
}

/** A watch event around an object that is encoded already, with its magic. */
export function encodeCborWatchEvent(event: string, object: Uint8Array): Buffer {
  const writer = new CborWriter(object.length + 64);
  writer.selfDescribed();
  writer.head(5, 2);
  writer.string('type');
  writer.string(event);
  writer.string('object');
  writer.raw(object);
  return writer.finish();
}

/** An item of a list, without the magic. */
export function encodeCborItem(type: string | undefined, item: object): Buffer {
  const writer = new CborWriter();
  writeObject(writer, type, item);
  return writer.finish();
}

/** What comes before the items of a list: the items follow one after the other. */
export function encodeCborListHead(list: { readonly kind: string; readonly apiVersion: string; readonly metadata: object }, count: number): Buffer {
  const writer = new CborWriter(256);
  writer.selfDescribed();
  writer.head(5, 4);
  for (const name of ['kind', 'apiVersion'] as const) {
    writer.string(name);
    writer.string(list[name]);
  }
  writer.string('metadata');
  writeObject(writer, 'meta.v1.ListMeta', list.metadata);
  writer.string('items');
  writer.head(4, count);
  return writer.finish();
}

function writeObject(writer: CborWriter, type: string | undefined, object: object): void {
  if (type === undefined) writeAny(writer, object);
  else writeMessage(writer, planOf(type), object);
}

function writeMessage(writer: CborWriter, plan: TypePlan, value: unknown): void {
  if (typeof value !== 'object' || value === null) return writeAny(writer, value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  writer.head(5, entries.length);
  for (const [name, item] of entries) {
    writer.string(name);
    const field = plan.byName.get(name);
    if (field === undefined) writeAny(writer, item);
    else writeField(writer, field, item);
  }
}

function writeField(writer: CborWriter, field: FieldPlan, value: unknown): void {
  if (field.kind !== 'message' && field.kind !== 'bytes' && field.kind !== 'double' && !field.kind.startsWith('schemaOr')) return writeAny(writer, value);
  if (field.shape === 'one' || value === null) return writeOne(writer, field, value);
  if (Array.isArray(value)) {
    writer.head(4, value.length);
    for (const item of value) writeOne(writer, field, item);
    return;
  }
  const entries = Object.entries(value as object);
  writer.head(5, entries.length);
  for (const [key, item] of entries) {
    writer.string(key);
    if (field.shape === 'listMap') writeField(writer, { ...field, shape: 'list' }, item);
    else writeOne(writer, field, item);
  }
}

function writeOne(writer: CborWriter, field: FieldPlan, value: unknown): void {
  if (value === null) return writer.null();
  if (field.kind === 'message') return writeMessage(writer, planOf(field.type), value);
  if (field.kind === 'bytes' && typeof value === 'string') return writer.base64(value);
  if (field.kind === 'double' && typeof value === 'number') return writer.float(value);
  if (field.kind === 'schemaOrArray' && Array.isArray(value)) {
    writer.head(4, value.length);
    for (const item of value) writeMessage(writer, planOf('apiextensions.v1.JSONSchemaProps'), item);
    return undefined;
  }
  if (field.kind.startsWith('schemaOr') && typeof value === 'object' && !Array.isArray(value)) return writeMessage(writer, planOf('apiextensions.v1.JSONSchemaProps'), value);
  return writeAny(writer, value);
}

function writeAny(writer: CborWriter, value: unknown): void {
  if (typeof value === 'string') writer.string(value);
  else if (typeof value === 'number') writer.number(value);
  else if (typeof value === 'boolean') writer.boolean(value);
  else if (value === null || value === undefined) writer.null();
  else if (value instanceof RawNumber) writer.long(BigInt(value.text));
  else if (Array.isArray(value)) {
    writer.head(4, value.length);
    for (const item of value) writeAny(writer, item);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    writer.head(5, entries.length);
    for (const [key, item] of entries) {
      writer.string(key);
      writeAny(writer, item);
    }
  }
}
