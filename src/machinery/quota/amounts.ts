// Amounts by resource name: what quotas add up and compare.
import { addQuantity, compareQuantity, formatQuantity, parseQuantity, quantityOf, type Quantity } from '../quantity.ts';

export type Amounts = ReadonlyMap<string, Quantity>;

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

export function count(value: number): Quantity {
  return quantityOf(value);
}

/** Adds `more` into `total`. */
export function addInto(total: Map<string, Quantity>, more: Amounts): void {
  for (const [name, amount] of more) {
    const before = total.get(name);
    total.set(name, before === undefined ? amount : addQuantity(before, amount));
  }
}

/** Raises `total` to at least `floor`, name by name. */
export function raiseTo(total: Map<string, Quantity>, floor: Amounts): void {
  for (const [name, amount] of floor) {
    const before = total.get(name);
    if (before === undefined || compareQuantity(before, amount) < 0) total.set(name, amount);
  }
}

export function toList(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]));
}

/** Equal by amount, however they are written. */
export function sameAmounts(a: Readonly<Record<string, string>> | undefined, b: Readonly<Record<string, string>> | undefined): boolean {
  const [left, right] = [amountsOf(a), amountsOf(b)];
  return left.size === right.size && [...left].every(([name, amount]) => {
    const other = right.get(name);
    return other !== undefined && compareQuantity(amount, other) === 0;
  });
}
