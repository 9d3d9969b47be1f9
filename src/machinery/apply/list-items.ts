// The items of a list by the step that selects each. Nearly always there is one of each, which is then kept as it is;
// what occurs more than once is compared and owned as a block.
import { itemPathElement } from './path-element.ts';
import type { ListShape } from './shape.ts';

/** Several items that one step selects. */
export class Repeated {
  readonly items: unknown[];

  constructor(...items: unknown[]) {
    this.items = items;
  }
}

/** One item, or what is `Repeated`, by step. Throws PathElementError for an item that no step can select. */
export function itemsByElement(shape: ListShape, list: readonly unknown[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of list) enterItem(found, itemPathElement(shape, item), item);
  return found;
}

/** The steps alone, of a list of scalars: what they are tells all of its items. Throws PathElementError. */
export function stepsOf(shape: ListShape, list: readonly unknown[]): Set<string> {
  const found = new Set<string>();
  for (const item of list) found.add(itemPathElement(shape, item));
  return found;
}

/** Enters one item more. */
export function enterItem(found: Map<string, unknown>, element: string, item: unknown): void {
  const known = found.get(element);
  if (known === undefined) found.set(element, item);
  else if (known instanceof Repeated) known.items.push(item);
  else found.set(element, new Repeated(known, item));
}
