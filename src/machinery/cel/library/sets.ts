// sets.contains, sets.equivalent and sets.intersects on lists (cel-go's ext.sets).
import type { CelResult, CelValue, FunctionDeclaration } from '../contract.ts';
import { oneUnit, plus, scaled, times } from '../cost/estimate.ts';
import { equalValues } from '../run/equality.ts';
import { boolType, listType, paramType } from '../types/types.ts';
import type { CelList } from '../types/values.ts';
import { actualSize, estimatedSize, type Costs } from './costs.ts';
import { asList, declare, elements, of2 } from './declare.ts';

const anyList = listType(paramType('T'));

function has(list: readonly CelValue[], value: CelValue): boolean {
  return list.some((element) => equalValues(element, value) === true);
}

function contains(list: CelList, part: CelList): boolean {
  const all = elements(list);
  return elements(part).every((value) => has(all, value));
}

function intersects(a: CelList, b: CelList): boolean {
  const all = elements(b);
  return elements(a).some((value) => has(all, value));
}

/** Every element of one compared with every element of the other, `rounds` times. */
function product(rounds: number): Costs {
  return {
    estimateCost(estimator, _, [a, b]) {
      if (a === undefined || b === undefined) return undefined;
      return { cost: plus(scaled(times(estimatedSize(estimator, a), estimatedSize(estimator, b)), rounds), oneUnit) };
    },
    actualCost: ([a, b]) => 1 + actualSize(a) * actualSize(b) * rounds,
  };
}

function relation(name: string, rounds: number, holds: (a: CelList, b: CelList) => CelResult): FunctionDeclaration {
  return declare(`sets.${name}`, { id: `list_sets_${name}_list`, params: [anyList, anyList], result: boolType, call: of2(asList, asList, holds), ...product(rounds) });
}

export const setsLibrary: readonly FunctionDeclaration[] = [
  relation('contains', 1, contains),
  relation('equivalent', 2, (a, b) => contains(a, b) && contains(b, a)),
  relation('intersects', 1, intersects),
];
