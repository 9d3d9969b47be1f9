// The protobuf messages the language itself knows, made like any object: wrappers, Duration, Timestamp, Struct,
// ListValue and Value become the plain values they stand for. Any and messages of schemas are not for making.
import type { TypeProvider } from '../contract.ts';
import { standardTypeNamed } from '../check/names.ts';
import { ListValue } from '../types/lists.ts';
import { MapValue } from '../types/maps.ts';
import { timestampAt } from '../types/timestamp.ts';
import { fits, typeOf } from '../types/type-of.ts';
import { boolType, bytesType, doubleType, dynType, intType, listType, mapType, nullType, stringType, uintType, type CelType } from '../types/types.ts';
import { CelBytes, CelDuration, CelError, CelUint, isError, type CelResult, type CelValue } from '../types/values.ts';

interface Message {
  readonly fields: Readonly<Record<string, CelType>>;
  make(fields: ReadonlyMap<string, CelValue>): CelResult;
}

const prefix = 'google.protobuf.';
const structType = mapType(stringType, dynType);
const valuesType = listType(dynType);
const moment = { seconds: intType, nanos: intType };

function wrapper(type: CelType, zero: CelValue, narrow: (value: CelValue) => CelResult = (value) => value): Message {
  return { fields: { value: type }, make: (fields) => narrow(fields.get('value') ?? zero) };
}

function within(bits: (value: bigint) => bigint): (value: CelValue) => CelResult {
  return (value) => {
    const whole = value instanceof CelUint ? value.value : value;
    if (typeof whole !== 'bigint' || bits(whole) === whole) return value;
    return new CelError(value instanceof CelUint ? 'unsigned integer overflow' : 'integer overflow');
  };
}

const int32 = within((value) => BigInt.asIntN(32, value));
const uint32 = within((value) => BigInt.asUintN(32, value));
const float32 = (value: CelValue) => (typeof value === 'number' ? Math.fround(value) : value);

function wholeOf(fields: ReadonlyMap<string, CelValue>, name: string): bigint {
  const value = fields.get(name);
  return typeof value === 'bigint' ? value : 0n;
}

function timestamp(fields: ReadonlyMap<string, CelValue>): CelResult {
  return timestampAt(Number(wholeOf(fields, 'seconds')), Number(wholeOf(fields, 'nanos')));
}

function duration(fields: ReadonlyMap<string, CelValue>): CelResult {
  const nanos = wholeOf(fields, 'seconds') * 1_000_000_000n + wholeOf(fields, 'nanos');
  return BigInt.asIntN(64, nanos) === nanos ? new CelDuration(nanos) : new CelError('duration overflow');
}

/** Values inside Struct, ListValue and Value are JSON: every number is a double. */
function asJson(value: CelValue): CelResult {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (typeof value !== 'object' || value === null) return value;
  if (value.is === 'list') {
    const elements: CelValue[] = [];
    for (let i = 0; i < value.size; i++) {
      const element = value.at(i);
      const json = isError(element) ? element : asJson(element);
      if (isError(json)) return json;
      elements.push(json);
    }
    return new ListValue(elements);
  }
  if (value.is !== 'map') return value;
  const map = new MapValue();
  for (const key of value.keys()) {
    const found = value.find(key) ?? null;
    const json = isError(found) ? found : asJson(found);
    if (isError(json)) return json;
    map.set(key, json);
  }
  return map;
}

const members: Readonly<Record<string, CelType>> = {
  null_value: nullType, number_value: doubleType, string_value: stringType, bool_value: boolType, struct_value: structType, list_value: valuesType,
};

const messages: Readonly<Record<string, Message>> = {
  BoolValue: wrapper(boolType, false), BytesValue: wrapper(bytesType, new CelBytes(new Uint8Array())), DoubleValue: wrapper(doubleType, 0),
  FloatValue: wrapper(doubleType, 0, float32), Int32Value: wrapper(intType, 0n, int32), Int64Value: wrapper(intType, 0n),
  UInt32Value: wrapper(uintType, new CelUint(0n), uint32), UInt64Value: wrapper(uintType, new CelUint(0n)), StringValue: wrapper(stringType, ''),
  Timestamp: { fields: moment, make: timestamp }, Duration: { fields: moment, make: duration },
  Struct: { fields: { fields: structType }, make: (fields) => asJson(fields.get('fields') ?? new MapValue()) },
  ListValue: { fields: { values: valuesType }, make: (fields) => asJson(fields.get('values') ?? new ListValue([])) },
  Value: { fields: members, make: (fields) => asJson([...fields.values()].at(-1) ?? null) },
};

function messageNamed(name: string): Message | undefined {
  const short = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return Object.hasOwn(messages, short) ? messages[short] : undefined;
}

const natives: Readonly<Record<string, string>> = { int: 'int64', uint: 'uint64', double: 'float64', bytes: '[]uint8' };

function conversionError(typeName: string, field: string, why: string): CelError {
  return new CelError(`field type conversion error for ${typeName}.${field} value type: ${why}`);
}

export const standardMessages: TypeProvider = {
  findType: (name) => (messageNamed(name) === undefined ? undefined : standardTypeNamed(name)),
  fieldNames: (typeName) => {
    const message = messageNamed(typeName);
    return message === undefined ? undefined : Object.keys(message.fields);
  },
  findField: (typeName, field) => {
    const fields = messageNamed(typeName)?.fields;
    return fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  },
  make: (typeName, fields) => {
    const message = messageNamed(typeName);
    if (message === undefined) return new CelError(`unknown type '${typeName}'`);
    for (const [field, value] of fields) {
      const type = message.fields[field] ?? dynType;
      if (!fits(value, type)) return conversionError(typeName, field, `unsupported native conversion from ${typeOf(value).name} to '${natives[type.kind] ?? type.name}'`);
    }
    const made = message.make(fields);
    return isError(made) && 'value' in message.fields ? conversionError(typeName, 'value', made.message) : made;
  },
};
