// The worst and best case an expression can cost, known before it runs: sizes come from literals, from a schema
// through the environment's estimator, and from what calls make of them. Equals cel-go's checker/cost.go, quirks
// included: stored rules were admitted with these numbers.
import type { Ast, CallExpr, ComprehensionExpr, CostEstimator, CostNode, Environment, Estimate, Expr } from '../contract.ts';
import { dynType } from '../types/types.ts';
import { fixed, listCreateCost, mapCreateCost, noCost, oneUnit, plus, structCreateCost, sum, times, unbounded, union } from './estimate.ts';
import { eitherSize, standardCosts } from './standard-costs.ts';
import { Sizes } from './sizes.ts';

export interface StaticCostOptions {
  /** has() costs one unit; Kubernetes says no. */
  readonly presenceTestHasCost?: boolean;
}

/** The cost of a checked expression. */
export function estimateCost(environment: Environment, ast: Ast, estimator: CostEstimator, options: StaticCostOptions = {}): Estimate {
  return new Coster(environment, ast, estimator, options.presenceTestHasCost === true ? oneUnit : noCost).cost(ast.expr);
}

/** Sizes that no schema tells. */
export const unknownSizes: CostEstimator = { estimateSize: () => undefined, estimateCall: () => undefined };

class Coster {
  readonly #environment: Environment;
  readonly #estimator: CostEstimator;
  readonly #ast: Ast;
  readonly #presenceCost: Estimate;
  readonly #sizes: Sizes;

  constructor(environment: Environment, ast: Ast, estimator: CostEstimator, presenceCost: Estimate) {
    this.#environment = environment;
    this.#ast = ast;
    this.#estimator = estimator;
    this.#presenceCost = presenceCost;
    this.#sizes = new Sizes(ast, estimator);
  }

  cost(expr: Expr): Estimate {
    switch (expr.kind) {
      case 'literal':
        return noCost;
      case 'ident':
        this.#sizes.nameIdent(expr);
        return oneUnit;
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const parts = expr.elements.map((element) => this.cost(element));
        this.#sizes.setEntry(expr, { kind: 'list', key: fixed(1), value: this.#covering(expr.elements) });
        return plus(sum(parts), fixed(listCreateCost));
      }
      case 'map': {
        const parts = expr.entries.flatMap((entry) => [this.cost(entry.key), this.cost(entry.value)]);
        const keys = this.#covering(expr.entries.map((entry) => entry.key));
        this.#sizes.setEntry(expr, { kind: 'map', key: keys, value: this.#covering(expr.entries.map((entry) => entry.value)) });
        return plus(sum(parts), fixed(mapCreateCost));
      }
      case 'struct':
        return plus(sum(expr.fields.map((field) => this.cost(field.value))), fixed(structCreateCost));
      case 'comprehension':
        return isBind(expr) ? this.#bind(expr) : this.#comprehension(expr);
    }
  }

  #covering(parts: readonly Expr[]): Estimate {
    if (parts.length === 0) return noCost;
    return parts.map((part) => this.#sizes.orUnknown(part)).reduce(union);
  }

  #select(expr: Expr & { kind: 'select' }): Estimate {
    const operand = this.cost(expr.operand);
    if (expr.testOnly) return plus(this.#presenceCost, operand);
    const { kind } = this.#ast.types.get(expr.operand.id) ?? dynType;
    this.#sizes.setPath(expr, [...this.#sizes.path(expr.operand), expr.field]);
    // An object's field and a map's key cost a look-up; what is dynamic is charged where it is known.
    return kind === 'map' || kind === 'object' || kind === 'param' ? plus(operand, oneUnit) : operand;
  }

  #call(expr: CallExpr): Estimate {
    if (expr.function === 'dyn' && expr.args[0] !== undefined) {
      const cost = plus(oneUnit, this.cost(expr.args[0]));
      this.#sizes.copy(expr, expr.args[0]);
      return cost;
    }
    const argCosts: Estimate[] = [];
    const args = expr.args.map((arg) => {
      argCosts.push(this.cost(arg));
      return this.#sizes.node(arg);
    });
    const overloads = this.#ast.references.get(expr.id)?.overloads ?? [];
    if (overloads.length === 0) return noCost;
    let targetCost = noCost;
    let target: CostNode | undefined;
    if (expr.target !== undefined) {
      targetCost = this.cost(expr.target);
      target = this.#sizes.node(expr.target);
    }
    let cost: Estimate = { min: unbounded, max: 0 };
    let size: Estimate | undefined;
    for (const overload of overloads) {
      const estimate = this.#overload(expr, overload, target, args, argCosts);
      cost = union(cost, estimate.cost);
      if (estimate.resultSize !== undefined) size = size === undefined ? estimate.resultSize : union(size, estimate.resultSize);
      if (overload === 'index_list' || overload === 'index_map') {
        const container = expr.args[0];
        if (container !== undefined) {
          size = this.#sizes.entry(container)?.value;
          this.#sizes.setPath(expr, [...this.#sizes.path(container), overload === 'index_list' ? '@items' : '@values']);
        }
      }
      size ??= this.#sizes.of(expr);
    }
    this.#sizes.set(expr, size);
    return plus(targetCost, cost);
  }

  #overload(expr: CallExpr, id: string, target: CostNode | undefined, args: readonly CostNode[], argCosts: readonly Estimate[]): { cost: Estimate; resultSize?: Estimate } {
    const known = this.#environment.findOverload(id)?.estimateCost?.(this.#estimator, target, args) ?? this.#estimator.estimateCall(expr.function, id, target, args);
    if (known !== undefined) return { ...known, cost: plus(known.cost, sum(argCosts)) };
    const [first = noCost, second = noCost, third = noCost] = argCosts;
    if (id === 'logical_or' || id === 'logical_and') return { cost: { min: first.min, max: plus(first, second).max } };
    if (id === 'conditional') {
      this.#sizes.setEntry(expr, this.#sizes.entryOfEither(expr.args[1], expr.args[2]));
      return { cost: plus(first, union(second, third)), resultSize: eitherSize(args[1], args[2]) };
    }
    if (id === 'add_list' || id === 'add_string' || id === 'add_bytes') this.#sizes.setEntry(expr, this.#sizes.entryOfEither(expr.args[0], expr.args[1]));
    const standard = standardCosts.get(id)?.(target, args) ?? { cost: oneUnit };
    return { ...standard, cost: plus(standard.cost, sum(argCosts)) };
  }

  #comprehension(expr: ComprehensionExpr): Estimate {
    const before = plus(this.cost(expr.iterRange), this.cost(expr.accuInit));
    this.#sizes.pushLocal(expr.accuVar, expr.accuInit);
    if (expr.iterVar2 === undefined) {
      this.#sizes.pushIteration(expr.iterVar, expr.iterRange, 'single');
    } else {
      this.#sizes.pushIteration(expr.iterVar, expr.iterRange, 'key');
      this.#sizes.pushIteration(expr.iterVar2, expr.iterRange, 'value');
    }
    const perElement = plus(this.cost(expr.loopCondition), this.cost(expr.loopStep));
    this.#sizes.pop(expr.iterVar);
    if (expr.iterVar2 !== undefined) this.#sizes.pop(expr.iterVar2);
    const after = this.cost(expr.result);
    this.#sizes.pop(expr.accuVar);
    const count = this.#sizes.orUnknown(expr.iterRange);
    if (expr.accuInit.kind === 'literal') this.#sizes.set(expr, this.#sizes.of(expr.accuInit));
    if (expr.accuInit.kind === 'list' || expr.accuInit.kind === 'map') {
      this.#sizes.set(expr, count);
      this.#sizes.setEntry(expr, this.#sizes.entry(expr.loopStep));
    }
    return plus(plus(before, after), times(count, perElement));
  }

  /** A comprehension over nothing that only gives a value a name. */
  #bind(expr: ComprehensionExpr): Estimate {
    const before = plus(this.cost(expr.iterRange), this.cost(expr.accuInit));
    this.#sizes.pushLocal(expr.accuVar, expr.accuInit);
    const after = this.cost(expr.result);
    this.#sizes.pop(expr.accuVar);
    this.#sizes.copy(expr, expr.result);
    return plus(before, after);
  }
}

function isBind(expr: ComprehensionExpr): boolean {
  return (
    expr.iterRange.kind === 'list' && expr.iterRange.elements.length === 0 &&
    expr.loopCondition.kind === 'literal' && expr.loopCondition.value === false && expr.accuVar !== '__result__'
  );
}
