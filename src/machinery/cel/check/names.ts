// Names as the checker resolves them: candidates in a container, dotted names behind selections, and the type names
// every environment knows.
import type { Expr } from '../contract.ts';
import {
  anyType, boolType, bytesType, doubleType, durationType, dynType, intType, listType, mapType, nullType, opaqueType, paramType, stringType, timestampType, typeType,
  uintType, wrapperType, type CelType,
} from '../types/types.ts';

/** From the innermost container outwards; a leading dot means the name as it is. */
export function candidateNames(container: string, name: string): string[] {
  if (name.startsWith('.')) return [name.slice(1)];
  const names: string[] = [];
  for (let scope = container; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) names.push(`${scope}.${name}`);
  return [...names, name];
}

/** `a.b.c` as one name when it is nothing but a name and selections. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.testOnly) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}

const listOfParam = listType(paramType('A'));
const mapOfParams = mapType(paramType('A'), paramType('B'));
const named: Readonly<Record<string, CelType>> = {
  bool: boolType, bytes: bytesType, double: doubleType, int: intType, list: listOfParam, map: mapOfParams, null_type: nullType, string: stringType,
  type: typeType(), uint: uintType, 'google.protobuf.Duration': durationType, 'google.protobuf.Timestamp': timestampType,
};

/** Messages of protobuf that the language itself knows, by what they stand for. */
const messages: Readonly<Record<string, CelType>> = {
  'google.protobuf.Any': anyType, 'google.protobuf.BoolValue': wrapperType(boolType), 'google.protobuf.BytesValue': wrapperType(bytesType),
  'google.protobuf.DoubleValue': wrapperType(doubleType), 'google.protobuf.FloatValue': wrapperType(doubleType),
  'google.protobuf.Int32Value': wrapperType(intType), 'google.protobuf.Int64Value': wrapperType(intType),
  'google.protobuf.UInt32Value': wrapperType(uintType), 'google.protobuf.UInt64Value': wrapperType(uintType),
  'google.protobuf.StringValue': wrapperType(stringType), 'google.protobuf.ListValue': listType(dynType),
  'google.protobuf.Struct': mapType(stringType, dynType), 'google.protobuf.Value': dynType, 'google.protobuf.NullValue': nullType,
};

export const optionalTypeName: CelType = opaqueType('optional_type');

/** The type a standard name denotes. */
export function standardTypeNamed(name: string): CelType | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  return Object.hasOwn(messages, name) ? messages[name] : undefined;
}
