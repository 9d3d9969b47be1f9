// quantity("1.5Gi"): resource quantities and their arithmetic (upstream's kubernetes.quantity, since 1.28).
import type { FunctionDeclaration } from '../contract.ts';
import { addQuantity, compareQuantity, parseQuantity, quantityOf, quantitySign, subQuantity, type Quantity } from '../../quantity.ts';
import { boolType, doubleType, intType, objectType, stringType } from '../types/types.ts';
import { maxInt, minInt } from '../types/values.ts';
import { traversal, unit } from './costs.ts';
import { asInt, asText, declare, of1, of2, opaqueKind } from './declare.ts';

export const quantityType = objectType('kubernetes.Quantity');
export const quantityKind = opaqueKind<Quantity>(quantityType, (a, b) => compareQuantity(a, b) === 0);

const parsing = traversal();
const read = quantityKind.read;

/** The amount as int64 when it is a whole number that fits. */
function asInt64({ unscaled, scale }: Quantity): bigint | undefined {
  let value = unscaled;
  if (scale >= 0) {
    value *= 10n ** BigInt(scale);
  } else {
    const by = 10n ** BigInt(-scale);
    if (value % by !== 0n) return undefined;
    value /= by;
  }
  return value >= minInt && value <= maxInt ? value : undefined;
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

const comparison = (a: Quantity, b: Quantity): bigint => BigInt(Math.sign(compareQuantity(a, b)));
const whole = (value: bigint): Quantity => quantityOf(value, 'DecimalExponent');
const two = [quantityType, quantityType];
const withInt = [quantityType, intType];

export const quantityLibrary: readonly FunctionDeclaration[] = [
  declare('quantity', { id: 'string_to_quantity', params: [stringType], result: quantityType, call: of1(asText, (text) => quantityKind.wrap(parseQuantity(text))), ...parsing }),
  declare('isQuantity', { id: 'is_quantity_string', params: [stringType], result: boolType, call: of1(asText, isQuantity), ...parsing }),
  declare('sign', { id: 'quantity_sign', params: [quantityType], result: intType, call: of1(read, (q) => BigInt(quantitySign(q))), ...unit }),
  declare('isGreaterThan', { id: 'quantity_is_greater_than', params: two, result: boolType, member: true, call: of2(read, read, (a, b) => compareQuantity(a, b) > 0), ...unit }),
  declare('isLessThan', { id: 'quantity_is_less_than', params: two, result: boolType, member: true, call: of2(read, read, (a, b) => compareQuantity(a, b) < 0), ...unit }),
  declare('compareTo', { id: 'quantity_compare_to', params: two, result: intType, member: true, call: of2(read, read, comparison), ...unit }),
  declare('asApproximateFloat', {
    id: 'quantity_get_float', params: [quantityType], result: doubleType, member: true, call: of1(read, (q) => Number(`${q.unscaled}e${q.scale}`)), ...unit,
  }),
  declare('asInteger', {
    id: 'quantity_get_int', params: [quantityType], result: intType, member: true, ...unit,
    call: of1(read, (q) => {
      const value = asInt64(q);
      if (value === undefined) throw new Error('cannot convert value to integer');
      return value;
    }),
  }),
  declare('isInteger', { id: 'quantity_is_integer', params: [quantityType], result: boolType, member: true, call: of1(read, (q) => asInt64(q) !== undefined), ...unit }),
  declare(
    'add',
    { id: 'quantity_add', params: two, result: quantityType, member: true, call: of2(read, read, (a, b) => quantityKind.wrap(addQuantity(a, b))), ...unit },
    { id: 'quantity_add_int', params: withInt, result: quantityType, member: true, call: of2(read, asInt, (a, b) => quantityKind.wrap(addQuantity(a, whole(b)))), ...unit },
  ),
  declare(
    'sub',
    { id: 'quantity_sub', params: two, result: quantityType, member: true, call: of2(read, read, (a, b) => quantityKind.wrap(subQuantity(a, b))), ...unit },
    { id: 'quantity_sub_int', params: withInt, result: quantityType, member: true, call: of2(read, asInt, (a, b) => quantityKind.wrap(subQuantity(a, whole(b)))), ...unit },
  ),
];
