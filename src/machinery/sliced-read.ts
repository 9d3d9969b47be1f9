// The walks of wire-read.ts and canonical-form.ts with pauses, for large objects: what lies in messages, lists and maps
// of messages is walked item by item, and what holds no further ones is handed to the walkers that know no pause. Both
// find the same values, in the same order, and refuse with the same words.
import { isRecord, readFieldOver, settleMessage } from './canonical-form.ts';
import { setKey } from './patch/json-tree.ts';
import { TypeMismatch } from './scalar-read.ts';
import type { Sliced } from './slices.ts';
import { type FieldPlan, planOf, type TypePlan } from './type-plan.ts';
import { emptyOf, fieldError, isPlainObject, pruneUnknown, readField, ReadContext, readItem, readMessage, readTypeMeta, UnmarshalError } from './wire-read.ts';

type JsonObject = Record<string, unknown>;

/** A walk looks for each field of each message: so many between two pauses, some milliseconds. */
const fieldsPerSlice = 50_000;
/** Bodies from this size on are read with pauses. */
export const slicedBytes = 64 * 1024;

/** How far a walk is from its next pause. */
interface Pace {
  fields: number;
}

function* spend(pace: Pace, fields: number): Sliced<void> {
  pace.fields += fields + 1;
  if (pace.fields < fieldsPerSlice) return;
  pace.fields = 0;
  yield;
}

const schemaType = 'apiextensions.v1.JSONSchemaProps';

/** What a field of messages holds; undefined for all others. */
function messagesOf(field: FieldPlan): TypePlan | undefined {
  if (field.kind === 'message') return planOf(field.type);
  return field.shape === 'one' && (field.kind === 'schemaOrArray' || field.kind === 'schemaOrBool' || field.kind === 'schemaOrStringArray') ? planOf(schemaType) : undefined;
}

/** The plan of the messages in a value that is walked item by item. */
function partPlan(field: FieldPlan | undefined, value: unknown): TypePlan | undefined {
  if (field === undefined || typeof value !== 'object' || value === null || field.shape === 'listMap') return undefined;
  const messages = messagesOf(field);
  return messages !== undefined && (field.shape === 'list' ? Array.isArray(value) && value.length > 0 : isPlainObject(value)) ? messages : undefined;
}

const widest = 2048;

/** The keys of a map without messages that is so wide that it is walked with pauses. */
function wideKeys(field: FieldPlan | undefined, value: unknown): readonly string[] | undefined {
  if (field === undefined || field.shape !== 'map' || field.kind === 'message' || typeof value !== 'object' || value === null || !isPlainObject(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length > widest ? keys : undefined;
}

function isPart(field: FieldPlan, value: unknown): boolean {
  return typeof value === 'object' && value !== null && (partPlan(field, value) !== undefined || wideKeys(field, value) !== undefined);
}

const partFields = new Map<TypePlan, readonly FieldPlan[]>();

/** Fields that may hold what is walked item by item. */
function partFieldsOf(plan: TypePlan): readonly FieldPlan[] {
  let fields = partFields.get(plan);
  if (fields === undefined) {
    fields = plan.fields.filter((field) => field.shape === 'map' || messagesOf(field) !== undefined);
    partFields.set(plan, fields);
  }
  return fields;
}

/** Is there anything in a message that is walked item by item? */
function hasParts(plan: TypePlan, value: JsonObject): boolean {
  for (const field of partFieldsOf(plan)) if (isPart(field, value[field.name])) return true;
  return false;
}

/** As readMessage. Throws UnmarshalError. */
export function* readingMessage(plan: TypePlan, value: unknown, context: ReadContext, pace: Pace = { fields: 0 }): Sliced<JsonObject> {
  if (!isPlainObject(value) || !hasParts(plan, value)) return readMessage(plan, value, context);
  return yield* readingFields(plan, value, context, pace, () => undefined);
}

/** @param readElse The value of a field that is not to be walked item by item. */
function* readingFields(
  plan: TypePlan, value: JsonObject, context: ReadContext, pace: Pace, readElse: (field: FieldPlan, item: unknown) => { readonly read: unknown } | undefined,
): Sliced<JsonObject> {
  const out: JsonObject = {};
  const members = Object.keys(value).length;
  context.members += members;
  let seen = plan.isObject ? readTypeMeta(value, out, plan, context) : 0;
  for (const field of plan.fields) {
    const item = value[field.name];
    if (item === undefined) {
      if (field.always) out[field.name] = emptyOf(field, context);
      continue;
    }
    seen++;
    const messages = partPlan(field, item);
    const other = readElse(field, item);
    let read: unknown;
    if (other !== undefined) read = other.read;
    else if (messages !== undefined) read = yield* readingPart(plan, field, messages, item, context, pace);
    else read = (yield* readingWide(plan, field, item, context, pace)) ?? readField(plan, field, item, context);
    if (read !== undefined) out[field.name] = read;
  }
  yield* spend(pace, plan.fields.length);
  if (seen < members) pruneUnknown(plan, value, context);
  return out;
}

function* readingPart(plan: TypePlan, field: FieldPlan, messages: TypePlan, value: unknown, context: ReadContext, pace: Pace): Sliced<unknown> {
  const depth = context.path.length;
  context.path.push(field.name);
  try {
    if (Array.isArray(value)) return yield* readingList(field, messages, value, context, pace);
    if (field.shape === 'one') return yield* readingMessage(messages, value, context, pace);
    return isPlainObject(value) ? yield* readingMap(plan, field, messages, value, context, pace) : undefined;
  } catch (error) {
    throw fieldError(plan, field, error, context, depth);
  } finally {
    context.path.length = depth;
  }
}

function* readingList(field: FieldPlan, messages: TypePlan, values: readonly unknown[], context: ReadContext, pace: Pace): Sliced<unknown[]> {
  const out: unknown[] = [];
  for (let i = 0; i < values.length; i++) out.push(yield* readingItem(field, messages, values[i], i, context, pace));
  return out;
}

function* readingMap(plan: TypePlan, field: FieldPlan, messages: TypePlan, value: JsonObject, context: ReadContext, pace: Pace): Sliced<unknown> {
  const keys = Object.keys(value);
  if (keys.length === 0) return readField(plan, field, value, context);
  const out: JsonObject = {};
  context.members += keys.length;
  for (const key of keys) setKey(out, key, yield* readingItem(field, messages, value[key], `/${key}`, context, pace));
  return out;
}

/** A wide map; undefined for all else. The very map where nothing of it changes and `keeps` is set. */
function* readingWide(plan: TypePlan, field: FieldPlan, value: unknown, context: ReadContext, pace: Pace, keeps = false): Sliced<JsonObject | undefined> {
  const keys = wideKeys(field, value);
  if (keys === undefined || !isPlainObject(value)) return undefined;
  yield;
  context.members += keys.length;
  const out: JsonObject = {};
  let changed = !keeps;
  for (const key of keys) {
    const item = value[key];
    const read = readEntry(plan, field, item, context, key);
    if (read !== item && !changed) {
      changed = true;
      for (const earlier of keys) {
        if (earlier === key) break;
        setKey(out, earlier, value[earlier]);
      }
    }
    if (changed) setKey(out, key, read);
    yield* spend(pace, 8);
  }
  return changed ? out : value;
}

function readEntry(plan: TypePlan, field: FieldPlan, item: unknown, context: ReadContext, key: string): unknown {
  const depth = context.path.length;
  try {
    return readItem(field, item, context, `/${key}`);
  } catch (error) {
    throw fieldError(plan, field, error, context, depth);
  }
}

function* readingItem(field: FieldPlan, messages: TypePlan, item: unknown, segment: string | number, context: ReadContext, pace: Pace): Sliced<unknown> {
  yield* spend(pace, messages.fields.length);
  if (!isPlainObject(item) || !hasParts(messages, item)) return readItem(field, item, context, segment);
  context.path.push(segment);
  const read = yield* readingMessage(messages, item, context, pace);
  context.path.pop();
  return read;
}

/** As readOver. */
export function* readingOver(plan: TypePlan, value: JsonObject, known: JsonObject, context: ReadContext): Sliced<JsonObject> {
  return yield* readingFields(plan, value, context, { fields: 0 }, (field, item) => {
    // Of metadata what was left alone is shared.
    const isCopied = field.name !== 'metadata' && item !== known[field.name];
    return isCopied ? undefined : { read: readFieldOver(plan, field, item, known[field.name], context) };
  });
}

/** As settleMessage. */
export function* settlingMessage(plan: TypePlan, value: unknown, context: ReadContext, known?: JsonObject, pace: Pace = { fields: 0 }): Sliced<JsonObject> {
  if (!isRecord(value)) return readMessage(plan, value, context);
  let parts: JsonObject | undefined;
  let changed = false;
  for (const name of Object.keys(value)) {
    const item = value[name];
    const field = plan.byName.get(name);
    const messages = partPlan(field, item);
    if (field === undefined || (known !== undefined && item === known[name])) continue;
    const part = messages === undefined ? yield* readingWide(plan, field, item, context, pace, true) : yield* settlingPart(plan, field, messages, item, context, known?.[name], pace);
    if (part === undefined && messages === undefined) continue;
    changed ||= part !== item;
    (parts ??= {})[name] = part;
  }
  yield* spend(pace, plan.fields.length);
  if (parts === undefined) return settleMessage(plan, value, context, known);
  // What is settled already is passed by.
  const whole = changed ? { ...value, ...parts } : value;
  const settled = settleMessage(plan, whole, context, known === undefined ? parts : { ...known, ...parts });
  if (!changed || settled !== whole || !plan.isObject) return settled;
  // What is made anew says its kind first.
  const out: JsonObject = {};
  readTypeMeta(whole, out, plan, context);
  return Object.assign(out, whole);
}

function* settlingPart(plan: TypePlan, field: FieldPlan, messages: TypePlan, value: unknown, context: ReadContext, known: unknown, pace: Pace): Sliced<unknown> {
  const isList = field.shape === 'list' && Array.isArray(value) && value.every(isRecord);
  if (!isList && !(field.shape === 'one' && field.kind === 'message' && isRecord(value))) return yield* readingPart(plan, field, messages, value, context, pace);
  context.path.push(field.name);
  const settled = isList ? yield* settlingList(messages, value, context, pace) : yield* settlingMessage(messages, value, context, isRecord(known) ? known : undefined, pace);
  context.path.pop();
  return settled;
}

function* settlingList(messages: TypePlan, list: readonly JsonObject[], context: ReadContext, pace: Pace): Sliced<readonly unknown[]> {
  let out: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    context.path.push(i);
    const isPlain = item === undefined || !hasParts(messages, item);
    if (isPlain) yield* spend(pace, messages.fields.length);
    const settled = isPlain ? settleMessage(messages, item, context) : yield* settlingMessage(messages, item, context, undefined, pace);
    context.path.pop();
    if (out === undefined && settled !== item) out = list.slice(0, i);
    out?.push(settled);
  }
  return out ?? list;
}

/** As readInPlace. */
export function* readingInPlace(plan: TypePlan, value: unknown): Sliced<{ readonly object: JsonObject; readonly members: number } | undefined> {
  const context = new ReadContext(false);
  try {
    const object = yield* settlingMessage(plan, value, context);
    return context.sawUnknown ? undefined : { object, members: context.members };
  } catch (error) {
    if (error instanceof UnmarshalError || error instanceof TypeMismatch) return undefined;
    throw error;
  }
}
