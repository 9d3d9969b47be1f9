// `x in [constants]` as a set: looked up instead of compared one by one, and free of cost, as upstream has it.
import { CelUint, isError, maxInt, maxUint, minInt, type CelList, type CelValue } from '../types/values.ts';

export type Contains = (value: CelValue) => boolean;

interface Members {
  readonly plain: Set<CelValue>;
  readonly uints: Set<bigint>;
}

function addInt({ plain, uints }: Members, value: bigint): void {
  plain.add(value);
  plain.add(Number(value));
  if (value >= 0n) uints.add(value);
}

function addDouble({ plain, uints }: Members, value: number): void {
  plain.add(value);
  if (!Number.isInteger(value)) return;
  const whole = BigInt(value);
  if (whole >= minInt && whole <= maxInt) plain.add(whole);
  if (whole >= 0n && whole <= maxUint) uints.add(whole);
}

function addUint({ plain, uints }: Members, value: bigint): void {
  uints.add(value);
  plain.add(Number(value));
  if (value <= maxInt) plain.add(value);
}

/** undefined when an element is no scalar. */
export function constantSet(list: CelList): Contains | undefined {
  const members: Members = { plain: new Set(), uints: new Set() };
  for (let i = 0; i < list.size; i++) {
    const element = list.at(i);
    if (isError(element) || element === null) return undefined;
    if (typeof element === 'bigint') addInt(members, element);
    else if (typeof element === 'number') addDouble(members, element);
    else if (element instanceof CelUint) addUint(members, element.value);
    else if (typeof element === 'object') return undefined;
    else members.plain.add(element);
  }
  return (value) => (value instanceof CelUint ? members.uints.has(value.value) : !Number.isNaN(value) && members.plain.has(value));
}
