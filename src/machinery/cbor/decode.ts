// CBOR bodies to what the JSON of the same object would have been read to (KEP-4222): strings may come as bytes or as
// text, bytes for `[]byte` fields come as they are under a tag or as base64 without one, integers and floats are two
// things. The type's tables guide the reading, because only they know which bytes are bytes. Refusals are upstream's,
// which name the outermost field alone.
import { goTypeOf, planOf, type FieldPlan, type TypePlan } from '../type-plan.ts';
import { RawNumber } from '../json-number.ts';
import type { Sliced } from '../slices.ts';
import { assign, CborMismatch, CborReader, duplicateKey } from './reader.ts';
import { CborError, scanningCbor, type ScanLimits } from './scan.ts';

type JsonObject = Record<string, unknown>;

/** Patches nest no deeper than objects. */
const applyDepth = 1000;

interface Walk {
  readonly reader: CborReader;
  /** Where, in the map that it is in, the first unknown entry is. */
  unknown: number | undefined;
}

export interface DecodedCbor {
  readonly value: unknown;
  /** What is told of an entry that the type does not have. */
  readonly unknown: string | undefined;
}

/** One value without a type. Throws CborError and TooManyValuesError. */
export function* decodingAnyCbor(bytes: Uint8Array, limits: ScanLimits): Sliced<unknown> {
  const reader = yield* checked(bytes, limits);
  try {
    return reader.any();
  } catch (error) {
    throw error instanceof CborMismatch ? new CborError(`cbor: cannot unmarshal ${error.found} into Go value of type ${error.wanted}${error.detail}`) : error;
  }
}

/** A map without a type, {} for null: what an apply patch is. Throws CborError and TooManyValuesError. */
export function* decodingCborMap(bytes: Uint8Array, maxValues: number): Sliced<JsonObject> {
  const value = yield* decodingAnyCbor(bytes, { maxDepth: applyDepth, maxValues });
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof RawNumber)) return value as JsonObject;
  const reader = new CborReader(bytes);
  reader.tags();
  throw new CborError(`cbor: cannot unmarshal ${new CborMismatch(reader.major(), '').found} into Go value of type map[string]interface {}`);
}

function* checked(bytes: Uint8Array, limits: ScanLimits): Sliced<CborReader> {
  const reader = new CborReader(bytes);
  const end = yield* scanningCbor(reader.view, limits);
  if (end < bytes.length) throw new CborError(`cbor: ${bytes.length - end} bytes of extraneous data starting at index ${end}`);
  yield;
  return reader;
}

/** The outermost map's kind and apiVersion, which say what the rest is. Throws CborError. */
export function* typeMetaOfCbor(bytes: Uint8Array, limits: ScanLimits): Sliced<{ readonly kind: string; readonly apiVersion: string }> {
  const reader = yield* checked(bytes, limits);
  const meta = { kind: '', apiVersion: '' };
  reader.tags();
  if (reader.isNull()) return meta;
  if (reader.major() !== 5) {
    const detail = reader.major() === 4 ? ' (cannot decode CBOR array to struct without toarray option)' : '';
    throw new CborError(`cbor: cannot unmarshal ${new CborMismatch(reader.major(), '').found} into Go value of type v1.TypeMeta${detail}`);
  }
  const seen = new Set<string>();
  for (const index of reader.items()) {
    const name = fieldName(reader, undefined);
    if (seen.has(name)) throw duplicateKey(name, index);
    seen.add(name);
    if (name !== 'kind' && name !== 'apiVersion') {
      skip(reader);
      continue;
    }
    const encoding = reader.tags();
    if (reader.isNull()) reader.primitive();
    else if (reader.major() === 2 || reader.major() === 3) meta[name] = reader.text(encoding);
    else throw new CborError(`cbor: cannot unmarshal ${new CborMismatch(reader.major(), '').found} into Go struct field v1.TypeMeta.${name} of type string`);
  }
  return meta;
}

/** An object of a type; not in canonical form. Throws CborError. The bytes are those that typeMetaOfCbor has looked at. */
export function decodeTypedCbor(bytes: Uint8Array, type: string): DecodedCbor {
  const reader = new CborReader(bytes);
  const walk: Walk = { reader, unknown: undefined };
  const plan = planOf(type);
  reader.tags();
  const value = reader.isNull() ? {} : readMap(walk, plan, true);
  return { value, unknown: walk.unknown === undefined ? undefined : `cbor: found unknown field at map element index ${walk.unknown}` };
}

/** Of the fields of the outermost map, errors say the name. */
function fieldName(reader: CborReader, plan: TypePlan | undefined): string {
  try {
    return reader.key('field');
  } catch (error) {
    if (!(error instanceof CborMismatch) || plan !== undefined) throw error;
    throw new CborError(`cbor: cannot unmarshal ${error.found} into Go value of type ${error.wanted}${error.detail}`);
  }
}

function readMap(walk: Walk, plan: TypePlan, outermost = false): JsonObject {
  const { reader } = walk;
  const out: JsonObject = {};
  const before = walk.unknown;
  walk.unknown = undefined;
  let unknown: number | undefined;
  let others: Set<string> | undefined;
  for (const index of reader.items()) {
    const name = fieldName(reader, outermost ? undefined : plan);
    if (Object.hasOwn(out, name) || others?.has(name) === true) throw duplicateKey(name, index);
    const field = plan.byName.get(name);
    const isTypeMeta = field === undefined && plan.isObject && (name === 'kind' || name === 'apiVersion');
    if (field === undefined && !isTypeMeta) {
      skip(reader);
      // The first of a map's own is told, whatever is unknown deeper in it.
      if (others === undefined) unknown = index;
      (others ??= new Set()).add(name);
      continue;
    }
    assign(out, name, field === undefined ? reader.any() : outermost ? named(plan, name, () => readField(walk, field)) : readField(walk, field));
    if (others === undefined) unknown ??= walk.unknown;
    walk.unknown = undefined;
  }
  walk.unknown = before ?? unknown;
  return out;
}

function named<T>(plan: TypePlan, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CborMismatch)) throw error;
    throw new CborError(`cbor: cannot unmarshal ${error.found} into Go struct field ${plan.goName}.${name} of type ${error.wanted}${error.detail}`);
  }
}

/** Passes a value that nobody asked for. */
function skip(reader: CborReader): void {
  let left = 1;
  while (left > 0) {
    left--;
    const major = reader.major();
    if (major === 4 || major === 5) {
      for (const _ of reader.items()) {
        skip(reader);
        if (major === 5) skip(reader);
      }
    } else if (major === 2 || major === 3) reader.bytes();
    else {
      reader.argument();
      if (major === 6) left++;
    }
  }
}

function readField(walk: Walk, field: FieldPlan): unknown {
  const { reader } = walk;
  const encoding = reader.tags();
  if (reader.isNull()) return reader.primitive();
  if (field.shape === 'one') return readOne(walk, field, encoding, false);
  const wanted = field.shape === 'list' ? 4 : 5;
  if (reader.major() !== wanted) throw new CborMismatch(reader.major(), goTypeOf(field));
  if (field.shape === 'list') return readList(walk, field, encoding);
  const out: JsonObject = {};
  for (const index of reader.items()) {
    const key = reader.key('string');
    if (Object.hasOwn(out, key)) throw duplicateKey(key, index);
    assign(out, key, field.shape === 'listMap' ? readItems(walk, field, encoding) : readItem(walk, field, encoding));
  }
  return out;
}

function readItems(walk: Walk, field: FieldPlan, around: number): unknown {
  const { reader } = walk;
  const encoding = reader.tags(around);
  if (reader.isNull()) return reader.primitive();
  if (reader.major() !== 4) throw new CborMismatch(reader.major(), `[]${goTypeOf(field, true)}`);
  return readList(walk, field, encoding);
}

function readList(walk: Walk, field: FieldPlan, encoding: number): unknown[] {
  const list: unknown[] = [];
  for (const _ of walk.reader.items()) list.push(readItem(walk, field, encoding));
  return list;
}

function readItem(walk: Walk, field: FieldPlan, around: number): unknown {
  const encoding = walk.reader.tags(around);
  return walk.reader.isNull() ? walk.reader.primitive() : readOne(walk, field, encoding, true);
}

function readOne(walk: Walk, field: FieldPlan, encoding: number, item: boolean): unknown {
  const { reader } = walk;
  const major = reader.major();
  switch (field.kind) {
    case 'message':
      if (major !== 5) throw new CborMismatch(major, goTypeOf(field, item), major === 4 ? 'cannot decode CBOR array to struct without toarray option' : '');
      return readMap(walk, planOf(field.type));
    case 'bool': {
      const value = major === 7 ? reader.primitive() : undefined;
      if (typeof value !== 'boolean') throw new CborMismatch(major, 'bool');
      return value;
    }
    case 'string':
    case 'time':
    case 'microTime':
    case 'quantity':
      if (major !== 2 && major !== 3) throw new CborMismatch(major, 'string');
      return field.kind === 'quantity' ? reader.text(encoding).trim() : reader.text(encoding);
    case 'intOrString':
      return major === 2 || major === 3 ? reader.text(encoding) : readInteger(reader, 'int32');
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return readInteger(reader, field.kind);
    case 'double':
      return readFloat(reader);
    case 'bytes':
      return readBytes(reader, encoding);
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStringArray':
      return readSchema(walk, field);
    default:
      return reader.any(encoding);
  }
}

function readSchema(walk: Walk, field: FieldPlan): unknown {
  const schema = planOf('apiextensions.v1.JSONSchemaProps');
  if (walk.reader.major() === 5) return readMap(walk, schema);
  if (walk.reader.major() !== 4 || field.kind !== 'schemaOrArray') return walk.reader.any();
  const list: unknown[] = [];
  for (const _ of walk.reader.items()) {
    walk.reader.tags();
    if (walk.reader.major() !== 5) throw new CborMismatch(walk.reader.major(), 'v1.JSONSchemaProps');
    list.push(readMap(walk, schema));
  }
  return list;
}

const bounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n], int64: [-(2n ** 63n), 2n ** 63n - 1n], uint32: [0n, 2n ** 32n - 1n], uint64: [0n, 2n ** 63n - 1n],
};

function readInteger(reader: CborReader, wanted: string): number | RawNumber {
  const major = reader.major();
  if (major > 1) throw new CborMismatch(major, wanted);
  const value = reader.integer();
  if (value instanceof RawNumber || value > 0x7fff_ffff || value < 0) {
    const [least, most] = bounds[wanted] ?? [0n, 0n];
    const exact = BigInt(String(value));
    if (exact < least && least === 0n) throw new CborMismatch(major, wanted);
    if (exact < least || exact > most) throw new CborMismatch(major, wanted, `${exact} overflows ${wanted}`);
  }
  return value;
}

function readFloat(reader: CborReader): number {
  const major = reader.major();
  if (major < 2) return Number(String(reader.integer()));
  const value = major === 7 ? reader.primitive() : undefined;
  if (typeof value !== 'number') throw new CborMismatch(major, 'float64');
  return value;
}

/** Base64, whatever the bytes say of themselves. */
function readBytes(reader: CborReader, encoding: number): string {
  if (reader.major() !== 2) throw new CborMismatch(reader.major(), '[]uint8');
  const bytes = reader.bytes();
  if (encoding !== 0) return bytes.toString('base64');
  const text = bytes.toString('latin1').replace(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/=]/.exec(text)?.index ?? (text.length % 4 === 0 ? undefined : text.length - (text.length % 4));
  if (bad !== undefined) throw new CborError(`cbor: failed to decode base64 from byte string: illegal base64 data at input byte ${bad}`);
  return text;
}
