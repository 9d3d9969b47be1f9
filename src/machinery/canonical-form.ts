// Canonical form without copies. Most of what a write carries is canonical already: a decoded body is, and so is
// the stored object that a patch leaves mostly alone. These walkers answer the very subtree they were given where
// nothing has to change, so that later steps (ownership, comparison) tell by identity what a request changed.
import { TypeMismatch } from './scalar-read.ts';
import { type FieldPlan, planOf, type TypePlan } from './type-plan.ts';
import { emptyOf, isEmpty, pruneUnknown, readField, readMessage, readTypeMeta, ReadContext, UnmarshalError } from './wire-read.ts';

type JsonObject = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * The message in canonical form: `value` itself where it is canonical, its fields in the type's order, else a new
 * object that shares what is. Nothing is changed in place. Throws as readMessage does.
 * @param known A canonical message, of which `value` may hold parts.
 */
export function settleMessage(plan: TypePlan, value: unknown, context: ReadContext, known?: JsonObject): JsonObject {
  if (!isRecord(value)) return readMessage(plan, value, context);
  let changed: Map<FieldPlan, unknown> | undefined;
  let ordered = true;
  let last = -1;
  let always = 0;
  const names = Object.keys(value);
  context.members += names.length;
  for (const name of names) {
    const field = plan.byName.get(name);
    const item = value[name];
    if (field === undefined) {
      const isTypeMeta = plan.isObject && (name === 'kind' || name === 'apiVersion');
      if (!isTypeMeta) context.sawUnknown = true;
      ordered &&= isTypeMeta && last < 0 && typeof item === 'string' && item !== '';
      continue;
    }
    if (field.at < last || item === undefined) ordered = false;
    last = field.at;
    if (field.always) always++;
    if (item === undefined || (known !== undefined && item === known[name])) continue;
    const settled = settleField(plan, field, item, context, known?.[name]);
    if (settled !== item) (changed ??= new Map()).set(field, settled);
  }
  if (ordered && changed === undefined && always === plan.alwaysCount) return value;
  return rebuilt(plan, value, changed, context);
}

function rebuilt(plan: TypePlan, value: JsonObject, changed: ReadonlyMap<FieldPlan, unknown> | undefined, context: ReadContext): JsonObject {
  const out: JsonObject = {};
  if (plan.isObject) readTypeMeta(value, out, plan, context);
  for (const field of plan.fields) {
    const item = value[field.name];
    if (item === undefined) {
      if (field.always) out[field.name] = emptyOf(field, context);
      continue;
    }
    const read = changed?.has(field) === true ? changed.get(field) : item;
    if (read !== undefined) out[field.name] = read;
  }
  return out;
}

/** The field's canonical value, the very one where it is; undefined where it is left out. */
function settleField(plan: TypePlan, field: FieldPlan, value: unknown, context: ReadContext, known?: unknown): unknown {
  if (field.shape === 'one') {
    if (field.kind !== 'message') {
      if (field.kind === 'string' && typeof value === 'string') return value !== '' || field.always || field.nullable ? value : undefined;
      return readField(plan, field, value, context);
    }
    if (!isRecord(value)) return readField(plan, field, value, context);
    context.path.push(field.name);
    const read = settleMessage(planOf(field.type), value, context, isRecord(known) ? known : undefined);
    context.path.pop();
    return field.nullable || field.always || !isEmpty(field, read) ? read : undefined;
  }
  if (field.shape === 'list' && field.kind === 'message' && Array.isArray(value) && value.length > 0 && value.every(isRecord)) return settleList(field, value, context);
  if (field.shape === 'map' && field.kind === 'string') {
    const texts = countTexts(value);
    context.members += texts;
    if (texts > 0) return value;
  }
  const read = readField(plan, field, value, context);
  return sameFlat(value, read) ? value : read;
}

function settleList(field: FieldPlan, list: readonly JsonObject[], context: ReadContext): readonly unknown[] {
  const itemPlan = planOf(field.type);
  let out: unknown[] | undefined;
  context.path.push(field.name);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    context.path.push(i);
    const read = settleMessage(itemPlan, item, context);
    context.path.pop();
    if (out === undefined && read !== item) out = list.slice(0, i);
    out?.push(read);
  }
  context.path.pop();
  return out ?? list;
}

/** How many entries a map of texts has; 0 for anything else. */
function countTexts(value: unknown): number {
  if (!isRecord(value)) return 0;
  let count = 0;
  for (const key in value) {
    if (typeof value[key] !== 'string') return 0;
    count++;
  }
  return count;
}

/**
 * Reads what nobody else will use, without copies. Undefined for what needs a full read to say what is wrong with it.
 * @param known Members that are in canonical form already; their own members are not counted.
 */
export function readInPlace(plan: TypePlan, value: unknown, known?: JsonObject): { readonly object: JsonObject; readonly members: number } | undefined {
  const context = new ReadContext(false);
  try {
    const object = settleMessage(plan, value, context, known);
    return context.sawUnknown ? undefined : { object, members: context.members };
  } catch (error) {
    if (error instanceof UnmarshalError || error instanceof TypeMismatch) return undefined;
    throw error;
  }
}

/** Lists and maps of scalars that were read to what they had been. */
function sameFlat(value: unknown, read: unknown): boolean {
  if (Array.isArray(value)) return Array.isArray(read) && value.length === read.length && value.every((item, i) => item === read[i]);
  if (!isRecord(value) || !isRecord(read)) return false;
  const keys = Object.keys(value);
  return keys.length === Object.keys(read).length && keys.every((key) => value[key] === read[key]);
}

/**
 * Reads `value`, in which unchanged parts are those of `known`, an object in canonical form: these are shared, all
 * else is copied. The object, and what stands right below it, is always the caller's to change.
 */
export function readOver(plan: TypePlan, value: JsonObject, known: JsonObject, context: ReadContext): JsonObject {
  const out: JsonObject = {};
  let seen = 0;
  if (plan.isObject) seen += readTypeMeta(value, out, plan, context);
  for (const field of plan.fields) {
    const item = value[field.name];
    if (item === undefined) {
      if (field.always) out[field.name] = emptyOf(field, context);
      continue;
    }
    seen++;
    const read = readFieldOver(plan, field, item, known[field.name], context);
    if (read !== undefined) out[field.name] = read;
  }
  if (seen < Object.keys(value).length) pruneUnknown(plan, value, context);
  return out;
}

/** A field of which `old` is the canonical value. */
export function readFieldOver(plan: TypePlan, field: FieldPlan, item: unknown, old: unknown, context: ReadContext): unknown {
  return isRecord(item) && isRecord(old) && field.kind === 'message' && field.shape === 'one' ? readPart(field, item, old, context) : readField(plan, field, item, context);
}

/**
 * One part of an object (metadata, spec, status). Untouched ones share all that is in them. Of a part that was touched
 * only metadata does: in the others defaults may follow from what has changed elsewhere, and are filled in in place.
 */
function readPart(field: FieldPlan, item: JsonObject, old: JsonObject, context: ReadContext): unknown {
  if (item === old) return { ...old };
  const plan = planOf(field.type);
  context.path.push(field.name);
  const read = field.name === 'metadata' ? readFields(plan, item, old, context) : readMessage(plan, item, context);
  context.path.pop();
  return read;
}

function readFields(plan: TypePlan, value: JsonObject, known: JsonObject, context: ReadContext): JsonObject {
  const out: JsonObject = {};
  let seen = 0;
  for (const field of plan.fields) {
    const item = value[field.name];
    if (item === undefined) {
      if (field.always) out[field.name] = emptyOf(field, context);
      continue;
    }
    seen++;
    const read = item === known[field.name] ? item : readField(plan, field, item, context);
    if (read !== undefined) out[field.name] = read;
  }
  if (seen < Object.keys(value).length) pruneUnknown(plan, value, context);
  return out;
}
