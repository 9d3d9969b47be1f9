// Attributes: a variable or value with the fields and indices selected on it, resolved in one go. Their cost is one
// per selection and one for the whole; presence tests, optional selections and conditionals in between follow
// cel-go's attributes, which decide what is charged and which message a missing key has.
import { noSuchOverload } from './compare.ts';
import type { Frame, Run } from './frame.ts';
import { CelError, CelOptional, CelUint, isError, maxInt, noneOptional, type CelList, type CelResult, type CelValue } from '../types/values.ts';
import { typeOf } from '../types/type-of.ts';
import { valueText } from '../types/value-text.ts';

export interface Qualifier {
  /** The key when it is constant, or how to compute it. */
  readonly key: CelValue | undefined;
  readonly compute: Run | undefined;
  readonly optional: boolean;
  readonly test: boolean;
}

export type Attribute =
  | { readonly root: 'value'; readonly get: Run; readonly qualifiers: readonly Qualifier[] }
  | { readonly root: 'conditional'; readonly test: Run; readonly truthy: Attribute; readonly falsy: Attribute };

export function withQualifier(attribute: Attribute, qualifier: Qualifier): Attribute {
  if (attribute.root === 'value') return { ...attribute, qualifiers: [...attribute.qualifiers, qualifier] };
  return { ...attribute, truthy: withQualifier(attribute.truthy, qualifier), falsy: withQualifier(attribute.falsy, qualifier) };
}

function listIndex(key: CelValue): number | CelError {
  if (typeof key === 'bigint') return Number(key);
  if (typeof key === 'number' && Number.isInteger(key) && Math.abs(key) < 2 ** 63) return key;
  if (key instanceof CelUint && key.value <= maxInt) return Number(key.value);
  if (typeof key === 'number' || key instanceof CelUint) return new CelError(`unsupported index value ${valueText(key)} in list`);
  return new CelError(`unsupported index type '${typeOf(key).name}' in list`);
}

function element(list: CelList, key: CelValue): CelResult | undefined {
  const index = listIndex(key);
  if (typeof index !== 'number') return index;
  return index >= 0 && index < list.size ? list.at(index) : undefined;
}

/** What is behind a key; undefined when there is nothing. */
function lookUp(value: CelValue, key: CelValue): CelResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  switch (value.is) {
    case 'map': return value.find(key);
    case 'list': return element(value, key);
    case 'opaque': return typeof key === 'string' ? value.find?.(key) : undefined;
    default: return undefined;
  }
}

function missing(value: CelValue, key: CelValue): CelError {
  const isList = typeof value === 'object' && value !== null && value.is === 'list';
  return new CelError(`${isList ? 'index out of bounds' : 'no such key'}: ${valueText(key)}`);
}

/** Only scalars can be keys. */
export function isKey(value: CelValue): boolean {
  return typeof value !== 'object' || value instanceof CelUint;
}

function keyOf(frame: Frame, qualifier: Qualifier): CelResult {
  if (qualifier.compute === undefined) return qualifier.key ?? null;
  const key = qualifier.compute(frame);
  if (isError(key) || isKey(key)) return key;
  return new CelError(`invalid qualifier type: ${key === null ? '<nil>' : goTypeName(key)}`);
}

/** One selection on a value that must have it (or is tested for it). */
function qualify(frame: Frame, value: CelValue, qualifier: Qualifier): CelResult {
  const key = keyOf(frame, qualifier);
  if (isError(key)) {
    frame.charge(1);
    return key;
  }
  const found = lookUp(value, key);
  frame.charge(1);
  if (found !== undefined && isError(found)) return found;
  if (qualifier.test) return found !== undefined;
  return found === undefined ? missing(value, key) : found;
}

/** One selection after an optional one: absence is an answer and costs nothing. */
function qualifyIfPresent(frame: Frame, value: CelValue, qualifier: Qualifier): CelResult | undefined {
  const key = keyOf(frame, qualifier);
  if (isError(key)) return key;
  const found = lookUp(value, key);
  if (found === undefined || isError(found)) return found;
  frame.charge(1);
  return qualifier.test ? null : found;
}

function optionalRest(frame: Frame, start: CelValue, qualifiers: readonly Qualifier[], from: number): CelResult {
  let value: CelValue = start;
  for (let i = from; i < qualifiers.length; i++) {
    const qualifier = qualifiers[i];
    if (qualifier === undefined) break;
    const next = qualifyIfPresent(frame, value, qualifier);
    if (next === undefined) return noneOptional;
    if (isError(next)) return next;
    value = next;
  }
  return new CelOptional(value);
}

/** Upstream's attributes see through nested optionals, down to null for an empty one. */
function innermost(value: CelValue): CelValue {
  let inner = value;
  while (inner instanceof CelOptional) inner = inner.value ?? null;
  return inner;
}

function applyQualifiers(frame: Frame, start: CelValue, qualifiers: readonly Qualifier[]): CelResult {
  if (start instanceof CelOptional) return start.value === undefined ? start : optionalRest(frame, innermost(start.value), qualifiers, 0);
  let value: CelValue = start;
  for (let i = 0; i < qualifiers.length; i++) {
    const qualifier = qualifiers[i];
    if (qualifier === undefined) break;
    if (qualifier.optional) return optionalRest(frame, value, qualifiers, i);
    const next = qualify(frame, value, qualifier);
    if (isError(next)) return next;
    value = next;
  }
  return value;
}

/** The attribute without the charge for the whole. */
export function resolver(attribute: Attribute): Run {
  if (attribute.root === 'conditional') {
    const { test } = attribute;
    const truthy = resolver(attribute.truthy);
    const falsy = resolver(attribute.falsy);
    return (frame) => {
      const condition = test(frame);
      if (condition === true) return truthy(frame);
      if (condition === false) return falsy(frame);
      return isError(condition) ? condition : noSuchOverload();
    };
  }
  const { get, qualifiers } = attribute;
  return (frame) => {
    const value = get(frame);
    if (qualifiers.length === 0 && !(value instanceof CelOptional)) return value;
    return isError(value) ? value : applyQualifiers(frame, value, qualifiers);
  };
}

export interface Watched {
  /** has(): the answer is whether the last selection is there. */
  readonly tested: boolean;
  readonly presenceTestHasCost: boolean;
}

/** The attribute as an expression, with its charge. */
export function attributeRun(attribute: Attribute, { tested, presenceTestHasCost }: Watched): Run {
  const resolve = resolver(attribute);
  const whole = attribute.root === 'conditional' ? 0 : 1;
  const cost = tested && !presenceTestHasCost ? whole - 1 : whole;
  if (!tested) {
    if (cost === 0) return resolve;
    return (frame) => {
      const value = resolve(frame);
      frame.charge(cost);
      return value;
    };
  }
  return (frame) => {
    const value = resolve(frame);
    frame.charge(cost);
    return value instanceof CelOptional ? value.value !== undefined : value;
  };
}

const goNames: Readonly<Record<string, string>> = {
  uint: 'types.Uint', bytes: 'types.Bytes', timestamp: 'types.Timestamp', duration: 'types.Duration', list: '*types.baseList', map: '*types.baseMap',
  type: '*types.Type', optional: '*types.Optional', opaque: 'ref.Val',
};

/** How upstream's messages name the kind of a value. */
export function goTypeName(value: CelValue): string {
  switch (typeof value) {
    case 'boolean': return 'types.Bool';
    case 'bigint': return 'types.Int';
    case 'number': return 'types.Double';
    case 'string': return 'types.String';
  }
  return value === null ? 'types.Null' : goNames[value.is] ?? 'ref.Val';
}
