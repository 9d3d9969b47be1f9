// Every node of an expression with the functions around it, for validators.
import type { Expr } from '../contract.ts';
import { childrenOf } from '../syntax/nodes.ts';

export interface Visit {
  readonly expr: Expr;
  /** Names of the functions in whose arguments the node stands. */
  readonly within: ReadonlySet<string>;
}

/** Parents come before children. */
export function* walk(expr: Expr): Generator<Visit> {
  const open: Visit[] = [{ expr, within: new Set() }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    yield visit;
    const { expr: parent, within } = visit;
    const inner = parent.kind === 'call' && !within.has(parent.function) ? new Set([...within, parent.function]) : within;
    const children = childrenOf(parent);
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i];
      if (child !== undefined) open.push({ expr: child, within: inner });
    }
  }
}
