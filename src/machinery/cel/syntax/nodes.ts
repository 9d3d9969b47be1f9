// Walking a tree: every node of an expression, parents before children and children in the order they are written.
// With a stack of its own, because macros make trees deeper than generators may nest cheaply.
import type { Expr } from '../contract.ts';

/** The nodes directly below one. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal': case 'ident': return [];
    case 'select': return [expr.operand];
    case 'call': return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list': return expr.elements;
    case 'map': return expr.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct': return expr.fields.map((field) => field.value);
    case 'comprehension': return [expr.iterRange, expr.accuInit, expr.loopCondition, expr.loopStep, expr.result];
  }
}

/** Every node below and including this one, parents first. */
export function* nodes(expr: Expr): Generator<Expr> {
  const open: Expr[] = [expr];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const children = childrenOf(next);
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i];
      if (child !== undefined) open.push(child);
    }
  }
}
