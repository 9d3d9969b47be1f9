// CEL's types as values. A type is a kind, a name and parameters; being a value itself (type(1) == int) it carries
// the tag `is`. Nothing here knows functions or values; unification lives in check/.
// Follows the CEL specification's type system and cel-go's names for it.

/** What a type is at heart; `opaque` is an abstract type with a name of its own, `object` one with fields. */
export type TypeKind =
  | 'dyn' | 'any' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes'
  | 'timestamp' | 'duration' | 'list' | 'map' | 'type' | 'opaque' | 'object' | 'param';

export interface CelType {
  readonly is: 'type';
  readonly kind: TypeKind;
  /** As users meet it: `int`, `list`, `google.protobuf.Timestamp`, `kubernetes.Quantity`. */
  readonly name: string;
  readonly params: readonly CelType[];
  /** A wrapper such as google.protobuf.Int64Value: its kind's values or null. */
  readonly nullable?: boolean;
}

function simple(kind: TypeKind, name: string = kind): CelType {
  return { is: 'type', kind, name, params: [] };
}

export const dynType = simple('dyn');
export const anyType = simple('any', 'google.protobuf.Any');
export const errorType = simple('error', '*error*');
export const nullType = simple('null', 'null_type');
export const boolType = simple('bool');
export const intType = simple('int');
export const uintType = simple('uint');
export const doubleType = simple('double');
export const stringType = simple('string');
export const bytesType = simple('bytes');
export const timestampType = simple('timestamp', 'google.protobuf.Timestamp');
export const durationType = simple('duration', 'google.protobuf.Duration');

export function listType(element: CelType): CelType {
  return { is: 'type', kind: 'list', name: 'list', params: [element] };
}

export function mapType(key: CelType, value: CelType): CelType {
  return { is: 'type', kind: 'map', name: 'map', params: [key, value] };
}

/** The type of a type; without a parameter the type of any type. */
export function typeType(of?: CelType): CelType {
  return { is: 'type', kind: 'type', name: 'type', params: of === undefined ? [] : [of] };
}

/** A type parameter of a function declaration, `T` in `list(T)`. */
export function paramType(name: string): CelType {
  return simple('param', name);
}

/** An abstract type: values of it are opaque objects that only functions open. */
export function opaqueType(name: string, ...params: CelType[]): CelType {
  return { is: 'type', kind: 'opaque', name, params };
}

/** A type with fields; the environment's type provider says which. */
export function objectType(name: string): CelType {
  return simple('object', name);
}

export function optionalType(of: CelType): CelType {
  return opaqueType('optional_type', of);
}

/** `of` or null. */
export function wrapperType(of: CelType): CelType {
  return { ...of, nullable: true };
}

export function isOptionalType(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

export const listOfDyn = listType(dynType);
export const mapOfDyn = mapType(dynType, dynType);

const shownNames: Partial<Record<TypeKind, string>> = {
  error: '!error!', null: 'null', any: 'any', timestamp: 'timestamp', duration: 'duration',
};

/** The type as checker messages show it: `list(int)`, `map(string, dyn)`, `wrapper(int)`. */
export function formatType(type: CelType): string {
  if (type.nullable === true) return `wrapper(${formatType({ ...type, nullable: false })})`;
  if (type.kind === 'type' && type.params.length === 0) return 'type';
  const name = shownNames[type.kind] ?? type.name;
  return type.params.length === 0 ? name : `${name}(${type.params.map(formatType).join(', ')})`;
}

/** The type in declarations' own notation, with the full names of times and durations. */
export function typeString(type: CelType): string {
  const name = type.nullable === true ? `wrapper(${type.name})` : type.name;
  return type.params.length === 0 ? name : `${name}(${type.params.map(typeString).join(', ')})`;
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || (a.nullable === true) !== (b.nullable === true)) return false;
  return a.params.length === b.params.length && a.params.every((param, i) => sameType(param, b.params[i] ?? dynType));
}
