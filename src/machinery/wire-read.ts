// The walker that turns parsed JSON into an object of a type: what Go's decode followed by its encode would
// give. It checks the JSON type of every value, prunes what the type does not have (and reports it), drops
// empty optional fields, adds those that are always written, and writes leaves in canonical form. One pass,
// driven by type-plan.ts, because it stands on the path of every write. The input is never changed.
import { countMembers } from './json.ts';
import {
  BadValue, jsonTypeName, readBool, readBytes, readDouble, readInt32, readInt64, readIntOrString, readMicroTime, readQuantity, readString, readTime,
  readUint, TypeMismatch,
} from './scalar-read.ts';
import { embeddedIn, goTypeOf, planOf, type FieldPlan, type TypePlan } from './type-plan.ts';

type JsonObject = Record<string, unknown>;

/** State of one walk. Path segments: names, indices as numbers, map keys behind a slash. */
export class ReadContext {
  readonly path: (string | number)[] = [];
  /** Members of all objects that were walked. */
  members = 0;
  /** Paths of members that the type does not have, each once; kept up to a bound. */
  readonly unknown: string[] = [];
  readonly wantsUnknown: boolean;
  /** Does anybody compare `members` with the text's? Else what is taken as it stands is not looked at. */
  readonly counts: boolean;
  /** A member that its type does not have was passed by (canonical-form.ts). */
  sawUnknown = false;

  /** Of the outermost object, where errors are for people. */
  readonly type: string | undefined;

  constructor(wantsUnknown: boolean, counts = true, type?: string) {
    this.wantsUnknown = wantsUnknown;
    this.counts = counts;
    this.type = type;
  }

  /** "spec.containers[0].foo" */
  pathTo(name: string): string {
    let text = '';
    for (const part of this.path) {
      if (typeof part === 'number') text += `[${part}]`;
      else text += `${text === '' ? '' : '.'}${part.startsWith('/') ? part.slice(1) : part}`;
    }
    return text === '' ? name : `${text}.${name}`;
  }

  /** "spec.volumes.VolumeSource.hostPath": Go's type errors name struct fields only, embedded structs too where the outermost type is known. */
  structPathTo(name: string): string {
    const fields = [...this.path.filter((part) => typeof part === 'string' && !part.startsWith('/')), name];
    let plan = this.type === undefined ? undefined : planOf(this.type);
    const steps: (string | number)[] = [];
    for (const step of fields) {
      const field = plan?.byName.get(String(step));
      if (plan !== undefined && field !== undefined) steps.push(...embeddedIn(plan, field));
      steps.push(step);
      plan = field?.kind === 'message' ? planOf(field.type) : undefined;
    }
    return steps.join('.');
  }
}

const unknownKept = 100;

/** A value that cannot be decoded; the message is Go's ("json: cannot unmarshal …"). */
export class UnmarshalError extends Error {
  override name = 'UnmarshalError';
  /** A value of the wrong JSON type: what it is ("string", "number 1.5") and the Go type it is for. */
  readonly mismatch: { readonly found: string; readonly wanted: string } | undefined;

  constructor(message: string, mismatch?: { found: string; wanted: string }) {
    super(message);
    this.mismatch = mismatch;
  }
}

export function isPlainObject(value: unknown): value is JsonObject {
  return jsonTypeName(value) === 'object';
}

/** Reads a message. Throws UnmarshalError. */
export function readMessage(plan: TypePlan, value: unknown, context: ReadContext): JsonObject {
  if (value === null || value === undefined) value = {};
  if (!isPlainObject(value)) throw new TypeMismatch(jsonTypeName(value));
  const out: JsonObject = {};
  const members = Object.keys(value).length;
  context.members += members;
  let seen = 0;
  if (plan.isObject) seen += readTypeMeta(value, out, plan, context);
  for (const field of plan.fields) {
    const item = value[field.name];
    if (item === undefined) {
      if (field.always) out[field.name] = emptyOf(field, context);
      continue;
    }
    seen++;
    const read = readField(plan, field, item, context);
    if (read !== undefined) out[field.name] = read;
  }
  if (seen < members) pruneUnknown(plan, value, context);
  return out;
}

/** Copies kind and apiVersion; answers how many there were. */
export function readTypeMeta(value: JsonObject, out: JsonObject, plan: TypePlan, context: ReadContext): number {
  let seen = 0;
  for (const name of ['kind', 'apiVersion']) {
    const text = value[name];
    if (text === undefined) continue;
    seen++;
    if (text === null) continue;
    if (typeof text !== 'string') throw mismatch(plan, name, context, new TypeMismatch(jsonTypeName(text)), 'string');
    if (text !== '') out[name] = text;
  }
  return seen;
}

/** Notes the members that the type does not have. */
export function pruneUnknown(plan: TypePlan, value: JsonObject, context: ReadContext): void {
  for (const name of Object.keys(value)) {
    if (plan.byName.has(name) && value[name] !== undefined) continue;
    if (plan.isObject && (name === 'kind' || name === 'apiVersion')) continue;
    if (!context.wantsUnknown) continue;
    context.members += countMembers(value[name]);
    // Paths are not even made where thousands of fields are unknown.
    if (context.unknown.length >= unknownKept || value[name] === undefined) continue;
    const path = context.pathTo(name);
    if (!context.unknown.includes(path)) context.unknown.push(path);
  }
}

function mismatch(plan: TypePlan, name: string, context: ReadContext, error: TypeMismatch, type: string): UnmarshalError {
  const wanted = error.wanted ?? type;
  return new UnmarshalError(`json: cannot unmarshal ${error.value} into Go struct field ${plan.shortName}.${context.structPathTo(name)} of type ${wanted}`, { found: error.value, wanted });
}

/** What Go writes for a field that is always written and was not given. */
export function emptyOf(field: FieldPlan, context: ReadContext): unknown {
  if (field.nullable || field.shape !== 'one') return null;
  switch (field.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'message':
      return readMessage(planOf(field.type), {}, context);
    default:
      return null;
  }
}

/** The field's canonical value, or undefined where Go would leave it out. */
export function readField(plan: TypePlan, field: FieldPlan, value: unknown, context: ReadContext): unknown {
  if (value === null) return field.always ? emptyOf(field, context) : undefined;
  const depth = context.path.length;
  try {
    if (field.shape === 'one') {
      const read = readOne(field, value, context, field.name);
      return field.nullable || field.always || !isEmpty(field, read) ? read : undefined;
    }
    return field.shape === 'list' ? readList(plan, field, value, context) : readMap(plan, field, value, context);
  } catch (error) {
    throw fieldError(plan, field, error, context, depth);
  }
}

/** What is told of an error in a field's value. @param depth The length of the path to the message that has the field. */
export function fieldError(plan: TypePlan, field: FieldPlan, error: unknown, context: ReadContext, depth: number): unknown {
  if (error instanceof TypeMismatch) {
    context.path.length = depth;
    return mismatch(plan, field.name, context, error, goTypeOf(field, error.ofItem));
  }
  return error instanceof BadValue ? new UnmarshalError(error.message) : error;
}

/** Go leaves the value out of an optional field. */
export function isEmpty(field: FieldPlan, value: unknown): boolean {
  return value === undefined || (field.kind !== 'message' && field.kind !== 'quantity' && field.kind !== 'intOrString' && (value === '' || value === 0 || value === false));
}

function readOne(field: FieldPlan, value: unknown, context: ReadContext, segment: string | number): unknown {
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' ? value : readString(value);
    case 'message': {
      context.path.push(segment);
      const read = readMessage(planOf(field.type), value, context);
      context.path.pop();
      return read;
    }
    case 'bool':
      return readBool(value);
    case 'int32':
      return readInt32(value);
    case 'int64':
      return readInt64(value);
    case 'time':
      return readTime(value) ?? (field.always || field.shape !== 'one' ? null : undefined);
    case 'microTime':
      return readMicroTime(value) ?? (field.always ? null : undefined);
    case 'quantity':
      return readQuantity(value);
    case 'intOrString':
      return readIntOrString(value);
    case 'bytes':
      return readBytes(value);
    default:
      return readRare(field, value, context, segment);
  }
}

function readRare(field: FieldPlan, value: unknown, context: ReadContext, segment: string | number): unknown {
  switch (field.kind) {
    case 'double':
      return readDouble(value);
    case 'uint32':
      return readUint(value, 32);
    case 'uint64':
      return readUint(value, 64);
    case 'duration':
      return readString(value);
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStringArray':
      return readSchemaUnion(field, value, context, segment);
    default:
      if (context.counts) context.members += countMembers(value);
      return value;
  }
}

function readSchemaUnion(field: FieldPlan, value: unknown, context: ReadContext, segment: string | number): unknown {
  if (field.kind === 'schemaOrBool' && typeof value === 'boolean') return value;
  if (Array.isArray(value) && field.kind === 'schemaOrStringArray') return value.map(readString);
  const schema = planOf('apiextensions.v1.JSONSchemaProps');
  context.path.push(segment);
  const read = Array.isArray(value) && field.kind === 'schemaOrArray' ? value.map((item) => readMessage(schema, item, context)) : readMessage(schema, value, context);
  context.path.pop();
  return read;
}

/** A null item is the item type's zero value. */
function zeroItem(field: FieldPlan, context: ReadContext): unknown {
  if (field.kind === 'message') return readMessage(planOf(field.type), {}, context);
  if (field.kind === 'bytes') return '';
  return field.kind === 'json' || field.kind === 'rawExtension' ? null : emptyOf({ ...field, shape: 'one', nullable: false }, context);
}

function readList(plan: TypePlan, field: FieldPlan, value: unknown, context: ReadContext): unknown {
  if (!Array.isArray(value)) throw new TypeMismatch(jsonTypeName(value));
  // That it is given and empty says something of managedFields alone: start afresh.
  if (value.length === 0) return field.always ? (plan.keepsEmpty ? [] : null) : field.name === 'managedFields' ? [] : undefined;
  context.path.push(field.name);
  const out: unknown[] = readItems(field, value, context);
  context.path.pop();
  return out;
}

function readItems(field: FieldPlan, values: readonly unknown[], context: ReadContext): unknown[] {
  const out: unknown[] = [];
  for (let i = 0; i < values.length; i++) out.push(readItem(field, values[i], context, i));
  return out;
}

/** An item of a list or a map: a type mismatch in it names the item's type. */
export function readItem(field: FieldPlan, value: unknown, context: ReadContext, segment: string | number): unknown {
  if (value === null) return zeroItem(field, context);
  try {
    return readOne(field, value, context, segment);
  } catch (error) {
    if (error instanceof TypeMismatch) error.ofItem = true;
    throw error;
  }
}

function readMap(plan: TypePlan, field: FieldPlan, value: unknown, context: ReadContext): unknown {
  if (!isPlainObject(value)) throw new TypeMismatch(jsonTypeName(value));
  const keys = Object.keys(value);
  context.members += keys.length;
  if (keys.length === 0) return field.always ? (plan.keepsEmpty ? {} : null) : undefined;
  const out: JsonObject = {};
  const isStrings = field.kind === 'string' && field.shape === 'map';
  if (!isStrings) context.path.push(field.name);
  for (const key of keys) {
    const item = value[key];
    let read: unknown;
    if (typeof item === 'string' && isStrings) read = item;
    else if (field.shape === 'listMap') read = readListInMap(field, item, context, key);
    else read = readItem(field, item, context, `/${key}`);
    if (key === '__proto__') Object.defineProperty(out, key, { value: read, enumerable: true, writable: true, configurable: true });
    else out[key] = read;
  }
  if (!isStrings) context.path.pop();
  return out;
}

function readListInMap(field: FieldPlan, value: unknown, context: ReadContext, key: string): unknown {
  if (value === null) return null;
  if (!Array.isArray(value)) throw new TypeMismatch(jsonTypeName(value));
  context.path.push(`/${key}`);
  const out = readItems(field, value, context);
  context.path.pop();
  return out;
}
