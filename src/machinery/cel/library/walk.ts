// Every node of an expression, for validators.
import type { Expr } from '../contract.ts';

export interface Visit {
  readonly expr: Expr;
  /** Names of the functions in whose arguments the node stands. */
  readonly within: ReadonlySet<string>;
}

const nowhere: ReadonlySet<string> = new Set();

/** Parents come before children. */
export function* walk(expr: Expr, within: ReadonlySet<string> = nowhere): Generator<Visit> {
  yield { expr, within };
  const inner = expr.kind === 'call' && !within.has(expr.function) ? new Set([...within, expr.function]) : within;
  for (const child of childrenOf(expr)) yield* walk(child, inner);
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct':
      return expr.fields.map((field) => field.value);
    case 'comprehension':
      return [expr.iterRange, expr.accuInit, expr.loopCondition, expr.loopStep, expr.result];
    default:
      return [];
  }
}
