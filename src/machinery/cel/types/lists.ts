// Lists made by expressions: literals, concatenations that share both halves, and the list a fold grows in place.
import { noSuchOverload } from '../run/compare.ts';
import type { CelList, CelResult, CelValue } from './values.ts';

export class ListValue implements CelList {
  readonly is = 'list';
  readonly elements: readonly CelValue[];
  constructor(elements: readonly CelValue[]) {
    this.elements = elements;
  }
  get size(): number {
    return this.elements.length;
  }
  at(index: number): CelResult {
    const element = this.elements[index];
    return element === undefined ? noSuchOverload() : element;
  }
}

/** Flattened once it is read, so that n concatenations cost n. */
class ConcatList implements CelList {
  readonly is = 'list';
  readonly size: number;
  private flat: CelResult[] | undefined;
  private readonly left: CelList;
  private readonly right: CelList;
  constructor(left: CelList, right: CelList) {
    this.left = left;
    this.right = right;
    this.size = left.size + right.size;
  }
  at(index: number): CelResult {
    this.flat ??= this.flatten();
    const element = this.flat[index];
    return element === undefined ? noSuchOverload() : element;
  }
  private flatten(): CelResult[] {
    const out: CelResult[] = [];
    const pending: CelList[] = [this];
    for (let list = pending.pop(); list !== undefined; list = pending.pop()) {
      if (list instanceof ConcatList && list.flat === undefined) pending.push(list.right, list.left);
      else for (let i = 0; i < list.size; i++) out.push(list.at(i));
    }
    return out;
  }
}

/** What a fold accumulates: `+` appends in place, since nobody else can see the list before the fold ends. */
export class GrowingList implements CelList {
  readonly is = 'list';
  readonly elements: CelValue[] = [];
  get size(): number {
    return this.elements.length;
  }
  at(index: number): CelResult {
    const element = this.elements[index];
    return element === undefined ? noSuchOverload() : element;
  }
  plus(other: CelList): CelResult {
    for (let i = 0, { size } = other; i < size; i++) {
      const element = other.at(i);
      if (isFailure(element)) return element;
      this.elements.push(element);
    }
    return this;
  }
}

function isFailure(value: CelResult): value is Extract<CelResult, { is: 'error' }> {
  return typeof value === 'object' && value !== null && value.is === 'error';
}

export function concatLists(left: CelList, right: CelList): CelResult {
  if (left.plus !== undefined) return left.plus(right);
  if (left.size === 0) return right;
  return right.size === 0 ? left : new ConcatList(left, right);
}
