// OpenAPI v3 value validation with the texts, the order and the peculiarities of upstream's validator (kube-openapi's
// validation/validate): which failures of anyOf and oneOf are told is decided by the same count of matches. With a
// correlation, failures of values that an update leaves alone are tolerated (KEP-4008).
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { goQuote, invalidValue, isEnough, required, tooLong, tooMany, typeInvalid, type FieldError } from '../field-errors.ts';
import { isObject, jsonEqual } from '../patch/json-tree.ts';
import { atOnce, type Sliced } from '../slices.ts';
import type { Correlated } from './correlate.ts';
import { allowedBy } from './enum.ts';
import { hasFormat, isKnownFormat } from './formats.ts';
import { isNumber } from './go-number.ts';
import { numberFaults } from './validate-number.ts';
import { matchesPattern } from './pattern.ts';
import { asSchema } from './schema.ts';

/** One failure: what it says, and how it becomes a field error. */
export interface Fault {
  readonly message: string;
  /** Below the validated value; '' or ".x" at its root. */
  readonly path: string;
  readonly kind: 'invalid' | 'required' | 'enum' | 'tooLong' | 'tooMany' | 'type' | 'whole';
  readonly value?: unknown;
  /** The limit, or the values allowed as text. */
  readonly valid?: unknown;
}

interface Result {
  faults: Fault[];
  matches: number;
  /** The messages of `faults`, once there are many: each is told once. */
  told?: Set<string>;
}

/** Up to here looking through the faults is cheaper than a set of their messages. */
const few = 8;

function result(...faults: Fault[]): Result {
  return { faults, matches: 0 };
}

/** A check that held; nobody changes it. */
const passed: Result = { faults: [], matches: 1 };

/** Of the faults as many as an answer tells: all that come first are the same as if there were all of them. */
function merge(into: Result, other: Result): void {
  for (const fault of other.faults) {
    if (isEnough(into.faults)) break;
    if (!isTold(into, fault.message)) into.faults.push(fault);
  }
  into.matches += other.matches;
}

/** Whether the message is there already; the caller adds it if not. */
function isTold(result: Result, message: string): boolean {
  const { faults } = result;
  if (result.told === undefined) {
    if (faults.length < few) return faults.some((known) => known.message === message);
    result.told = new Set(faults.map((known) => known.message));
  }
  if (result.told.has(message)) return true;
  result.told.add(message);
  return false;
}

/** What is wrong with a value. `path` names it in the errors' fields. */
export function validateValue(schema: JSONSchemaProps, value: unknown, path = '', correlation?: Correlated): FieldError[] {
  return atOnce(validatingValue(schema, value, path, correlation));
}

/** As validateValue, with pauses. */
export function* validatingValue(schema: JSONSchemaProps, value: unknown, path = '', correlation?: Correlated): Sliced<FieldError[]> {
  const found = yield* rating(schema, value, '', correlation, { since: looks });
  yield;
  return found.faults.map((fault) => fieldError(fault, path));
}

function fieldError(fault: Fault, base: string): FieldError {
  const name = fault.path.replace(/^\./, '');
  const field = name === '' || fault.kind === 'whole' ? base : base === '' ? name : `${base}.${name}`;
  const value = fault.value ?? '';
  switch (fault.kind) {
    case 'required':
      return required(field, '');
    case 'enum':
      return { type: 'NotSupported', field, badValue: fault.value ?? null, detail: String(fault.valid) };
    case 'tooLong':
      return tooLong(field, '', Number(fault.valid));
    case 'tooMany':
      return tooMany(field, Number(fault.value), Number(fault.valid));
    case 'type':
      return typeInvalid(field, value, fault.message);
    default:
      return invalidValue(field, value, fault.message);
  }
}

function ratcheted(schema: JSONSchemaProps, value: unknown, path: string, correlation: Correlated | undefined): Result {
  return tolerating(check(schema, value, path, correlation), correlation);
}

function tolerating(found: Result, correlation: Correlated | undefined): Result {
  return found.faults.length > 0 && correlation?.equal === true ? { faults: [], matches: found.matches } : found;
}

function typesOf(schema: JSONSchemaProps): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  return schema.type === undefined || schema.type === '' ? [] : [schema.type];
}

function formatOf(schema: JSONSchemaProps, types: readonly string[]): string {
  const { format } = schema;
  return format !== undefined && format !== '' && isKnownFormat(types.length === 1 ? (types[0] ?? '') : '', format) ? format : '';
}

/** How many values are looked at between two pauses; one counts for each alternative that it is held against. */
const looksPerSlice = 2_000;
/** Of all that is checked: more than one large value only means more pauses. */
let looks = 0;

interface Pace {
  /** How many there were at the last pause. */
  since: number;
}

/** Is it time for a pause? */
function isDue(pace: Pace): boolean {
  if (looks - pace.since < looksPerSlice) return false;
  pace.since = looks;
  return true;
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** As `ratcheted`, or as `check` for alternatives, with pauses between items and members. */
function* rating(schema: JSONSchemaProps, value: unknown, path: string, correlation: Correlated | undefined, pace: Pace, isAlternative = false): Sliced<Result> {
  const inside = Array.isArray(value) ? yield* checkingItems(schema, value, path, correlation, pace) : isObject(value) ? yield* checkingMembers(schema, value, path, correlation, pace) : undefined;
  const judge = inside !== undefined && hasAlternatives(schema) ? yield* judging(schema, value, path, correlation, pace) : undefined;
  const found = check(schema, value, path, correlation, inside, judge);
  return isAlternative ? found : tolerating(found, correlation);
}

/** What is wrong with the value by one of the alternatives. */
type Judge = (alternative: JSONSchemaProps) => Result;

/** Holds a value against its alternatives, with pauses. */
function* judging({ anyOf = [], oneOf = [], allOf = [], not }: JSONSchemaProps, value: unknown, path: string, correlation: Correlated | undefined, pace: Pace): Sliced<Judge> {
  const found = new Map<JSONSchemaProps, Result>();
  for (const part of anyOf) {
    const judged = yield* rating(part, value, path, correlation, pace, true);
    found.set(part, judged);
    if (judged.faults.length === 0) break;
  }
  for (const part of [...oneOf, ...allOf, ...(not === undefined ? [] : [not])]) found.set(part, yield* rating(part, value, path, correlation, pace, true));
  return (part) => found.get(part) ?? check(part, value, path, correlation);
}

function hasAlternatives({ anyOf, oneOf, allOf, not }: JSONSchemaProps): boolean {
  return anyOf !== undefined || oneOf !== undefined || allOf !== undefined || not !== undefined;
}

/**
 * @param inside What is wrong with the items or members, where that is known.
 * @param judge The same of the alternatives.
 */
function check(schema: JSONSchemaProps, value: unknown, path: string, correlation: Correlated | undefined, inside?: Result, judge?: Judge): Result {
  looks++;
  const types = typesOf(schema);
  const format = formatOf(schema, types);
  const out = result();
  if (value === null || value === undefined) {
    merge(out, checkNull(schema, types, path));
    return out;
  }
  const parts: (Result | undefined)[] = [types.length > 0 || format !== '' ? checkType(types, format, value, path) : undefined, hasAlternatives(schema) ? checkAlternatives(schema, path, judge ?? ((part) => check(part, value, path, correlation))) : passed];
  if (typeof value === 'string') {
    parts.push(checkString(schema, value, path));
    if (format !== '' && isKnownFormat('', format)) parts.push(hasFormat(format, value) ? result() : result(wrongType(path, format, value)));
  }
  if (isNumber(value)) parts.push({ faults: numberFaults(schema, types, format, value, path), matches: 1 });
  if (Array.isArray(value)) parts.push(checkList(schema, value, path, inside ?? checkItems(schema, value, path, correlation)));
  parts.push(checkEnum(schema, value, path));
  if (isObject(value)) parts.push(checkObject(schema, value, path, inside ?? checkMembers(schema, value, path, correlation)));
  for (const part of parts) {
    if (part === undefined) continue;
    merge(out, part);
    out.matches++;
  }
  out.matches++;
  return out;
}

function wrongType(path: string, wanted: string, found: string): Fault {
  return { kind: 'type', path, value: found, message: `${path} in body must be of type ${wanted}: ${goQuote(found)}` };
}

function checkNull(schema: JSONSchemaProps, types: readonly string[], path: string): Result {
  const out = types.length > 0 && schema.nullable !== true ? result(wrongType(path, types.join(','), 'null')) : { faults: [], matches: 1 };
  merge(out, checkEnum(schema, null, path));
  return out;
}

/** The JSON type and the format that Go gives a value. */
function kindOf(value: unknown): readonly [type: string, format: string] {
  if (typeof value === 'string') return ['string', ''];
  if (typeof value === 'boolean') return ['boolean', ''];
  if (Array.isArray(value)) return ['array', ''];
  if (isObject(value)) return ['object', ''];
  return typeof value === 'number' && !Number.isInteger(value) ? ['number', 'float64'] : ['integer', 'int64'];
}

function checkType(types: readonly string[], format: string, value: unknown, path: string): Result {
  const [type, own] = kindOf(value);
  const fits = types.includes(type) || (type === 'integer' && types.includes('number'));
  const isText = type === 'string' || type === 'array';
  if (!isText && format !== '' && !fits && own !== format) return result(wrongType(path, format, own));
  const isNumeric = types.includes('number') || types.includes('integer');
  if (!isNumeric && format !== '' && isText) return passed;
  return fits ? passed : result(wrongType(path, types.join(','), type));
}

function checkString(schema: JSONSchemaProps, value: string, path: string): Result {
  const { maxLength, minLength, pattern } = schema;
  if (maxLength !== undefined || minLength !== undefined) {
    const length = characters(value);
    if (maxLength !== undefined && length > maxLength) return result({ kind: 'tooLong', path, value, valid: maxLength, message: `${path} in body should be at most ${maxLength} chars long` });
    if (minLength !== undefined && length < minLength) return result({ kind: 'invalid', path, value, message: `${path} in body should be at least ${minLength} chars long` });
  }
  if (pattern === undefined || pattern === '') return result();
  const found = matchesPattern(pattern, value);
  if (found === true) return result();
  const told = found === false ? pattern : `${pattern}, but pattern is invalid: ${found}`;
  return result({ kind: 'invalid', path, value, message: `${path} in body should match '${told}'` });
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function checkEnum(schema: JSONSchemaProps, value: unknown, path: string): Result {
  if (schema.enum === undefined || schema.enum.length === 0) return result();
  const allowed = allowedBy(schema.enum);
  if (value !== null && allowed.has(value)) return result();
  return result({ kind: 'enum', path, value, valid: allowed.detail, message: `${path} in body should be one of ${allowed.list}` });
}

function whole(message: string): Fault {
  return { kind: 'whole', path: '', message };
}

function checkAlternatives(schema: JSONSchemaProps, path: string, judge: Judge): Result {
  const { anyOf, oneOf, allOf, not } = schema;
  const out = result();
  const named = goQuote(path);
  if (anyOf !== undefined && anyOf.length > 0) {
    const { best, valid } = nearest(anyOf, judge, true);
    if (valid === 0) merge(out, result(whole(`${named} must validate at least one schema (anyOf)`)));
    merge(out, best);
  }
  if (oneOf !== undefined && oneOf.length > 0) {
    const { best, valid, failures } = nearest(oneOf, judge, false);
    if (valid === 1) merge(out, best);
    else {
      merge(out, result(whole(`${named} must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`)));
      if (valid === 0 && failures) merge(out, best);
    }
  }
  if (allOf !== undefined && allOf.length > 0) {
    let valid = 0;
    for (const part of allOf) {
      const found = judge(part);
      if (found.faults.length === 0) valid++;
      merge(out, found);
    }
    if (valid !== allOf.length) merge(out, result(whole(`${named} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)));
  }
  if (not !== undefined && judge(not).faults.length === 0) merge(out, result(whole(`${named} must not validate the schema (not)`)));
  out.matches++;
  return out;
}

/** Of alternatives the first that holds, or else the one that came nearest. */
function nearest(schemas: readonly JSONSchemaProps[], judge: Judge, stopAtFirst: boolean): { best: Result; valid: number; failures: boolean } {
  let success: Result | undefined;
  let failure: Result | undefined;
  let valid = 0;
  for (const schema of schemas) {
    const found = judge(schema);
    if (found.faults.length === 0) {
      valid++;
      success ??= found;
      if (stopAtFirst) break;
    } else if (failure === undefined || found.matches > failure.matches) {
      failure = found;
    }
  }
  return { best: success ?? failure ?? result(), valid, failures: failure !== undefined };
}

function checkItems(schema: JSONSchemaProps, list: readonly unknown[], path: string, correlation: Correlated | undefined): Result {
  const out = result();
  const items = asSchema(schema.items);
  if (items !== undefined) list.forEach((item, i) => merge(out, ratcheted(items, item, `${path}[${i}]`, correlation?.index(i))));
  return out;
}

function* checkingItems(schema: JSONSchemaProps, list: readonly unknown[], path: string, correlation: Correlated | undefined, pace: Pace): Sliced<Result> {
  const out = result();
  const items = asSchema(schema.items);
  if (items !== undefined) {
    for (const [i, item] of list.entries()) {
      if (isDue(pace)) yield;
      const at = `${path}[${i}]`;
      const below = correlation?.index(i);
      merge(out, isContainer(item) ? yield* rating(items, item, at, below, pace) : ratcheted(items, item, at, below));
    }
  }
  return out;
}

function checkList(schema: JSONSchemaProps, list: readonly unknown[], path: string, out: Result): Result {
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    merge(out, result({ kind: 'invalid', path, value: list.length, message: `${path} in body should have at least ${minItems} items` }));
  }
  if (maxItems !== undefined && list.length > maxItems) {
    merge(out, result({ kind: 'tooMany', path, value: list.length, valid: maxItems, message: `${path} in body should have at most ${maxItems} items` }));
  }
  if (schema.uniqueItems === true && list.some((item, i) => list.slice(0, i).some((other) => jsonEqual(item, other)))) {
    merge(out, result({ kind: 'invalid', path, message: `${path} in body shouldn't contain duplicates` }));
  }
  out.matches++;
  return out;
}

/** A member to check. kind and apiVersion of the whole object are never tolerated. */
interface Member {
  readonly schema: JSONSchemaProps;
  readonly name: string;
  readonly path: string;
}

/** Those without a property of their own first. */
function membersOf(schema: JSONSchemaProps, object: Record<string, unknown>, path: string): Member[] {
  const { properties = {} } = schema;
  const additional = asSchema(schema.additionalProperties);
  const found: Member[] = [];
  if (additional !== undefined) for (const name of Object.keys(object)) if (!Object.hasOwn(properties, name)) found.push({ schema: additional, name, path: `${path}.${name}` });
  for (const name of Object.keys(properties)) {
    const property = properties[name];
    if (property !== undefined && Object.hasOwn(object, name)) found.push({ schema: property, name, path: path === '' ? name : `${path}.${name}` });
  }
  return found;
}

function before({ name }: Member, parent: string, correlation: Correlated | undefined): Correlated | undefined {
  return parent === '' && (name === 'kind' || name === 'apiVersion') ? undefined : correlation?.key(name);
}

function checkMembers(schema: JSONSchemaProps, object: Record<string, unknown>, path: string, correlation: Correlated | undefined): Result {
  const out = result();
  for (const member of membersOf(schema, object, path)) merge(out, ratcheted(member.schema, object[member.name], member.path, before(member, path, correlation)));
  return out;
}

function* checkingMembers(schema: JSONSchemaProps, object: Record<string, unknown>, path: string, correlation: Correlated | undefined, pace: Pace): Sliced<Result> {
  const out = result();
  for (const member of membersOf(schema, object, path)) {
    if (isDue(pace)) yield;
    const value = object[member.name];
    const below = before(member, path, correlation);
    merge(out, isContainer(value) ? yield* rating(member.schema, value, member.path, below, pace) : ratcheted(member.schema, value, member.path, below));
  }
  return out;
}

function checkObject(schema: JSONSchemaProps, object: Record<string, unknown>, path: string, inside: Result): Result {
  const out = result();
  const names = Object.keys(object);
  const { minProperties, maxProperties, properties = {} } = schema;
  if (minProperties !== undefined && names.length < minProperties) {
    merge(out, result({ kind: 'invalid', path, value: names.length, message: `${path} in body should have at least ${minProperties} properties` }));
  }
  if (maxProperties !== undefined && names.length > maxProperties) {
    merge(out, result({ kind: 'tooMany', path, value: names.length, valid: maxProperties, message: `${path} in body should have at most ${maxProperties} properties` }));
  }
  if (schema.additionalProperties === false) {
    for (const name of names) if (!Object.hasOwn(properties, name)) merge(out, result({ kind: 'invalid', path, value: name, message: `${path}.${name} in body is a forbidden property` }));
  }
  merge(out, inside);
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(object, name)) merge(out, result({ kind: 'required', path: `${path}.${name}`, message: `${path}.${name} in body is required` }));
  }
  return out;
}

const blocking: ReadonlySet<FieldError['type']> = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);

/** Errors after which rules are not looked at: the object does not even have the right shape, or there are more than are told. */
export function blocksRules(errors: readonly FieldError[]): boolean {
  return isEnough(errors) || errors.some((error) => blocking.has(error.type));
}

