// Evaluating a list of compiled expressions over one request within one budget (upstream's condition.ForInput). Each
// expression fails for itself; running out of budget ends everything.
import type { Activation, CelResult, CelValue } from '../contract.ts';
import { CelError } from '../types/values.ts';
import type { ComposedVariables, CompiledExpression } from './compile.ts';

export type Evaluation =
  | { readonly value: CelValue; readonly error: undefined; readonly seconds: number }
  | { readonly value: undefined; readonly error: string; readonly seconds: number }
  | undefined;

/** The expressions cost more than they may. */
export class OutOfBudgetError extends Error {
  override name = 'OutOfBudgetError';
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export interface EvaluationContext {
  /** Without `variables`. */
  readonly activation: Activation;
  readonly variables?: ComposedVariables;
  /** In milliseconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

/** Results in the order of the expressions; holes stay holes. Rejects with OutOfBudgetError. */
export async function evaluateAll(
  expressions: readonly (CompiledExpression | undefined)[], { activation, variables, now, signal }: EvaluationContext, budget: number,
): Promise<{ readonly results: readonly Evaluation[]; readonly remaining: number }> {
  let remaining = budget;
  let composed = 0;
  const all: Activation = { find: (name): CelResult | undefined => (name === 'variables' && values !== undefined ? values : activation.find(name)) };
  const values = variables?.values(all, (cost) => {
    composed += cost;
  });
  const results: Evaluation[] = [];
  for (const compiled of expressions) {
    if (compiled === undefined) {
      results.push(undefined);
      continue;
    }
    if (compiled.program === undefined) {
      results.push({ value: undefined, error: `compilation error: ${compiled.error}`, seconds: 0 });
      continue;
    }
    const startedAt = now();
    const { value, cost = 0 } = await compiled.program.evaluateAsync(all, signal === undefined ? {} : { interrupted: () => signal.aborted });
    const seconds = (now() - startedAt) / 1000;
    remaining -= composed + cost;
    composed = 0;
    if (remaining < 0) throw new OutOfBudgetError();
    results.push(value instanceof CelError ? { value: undefined, error: `expression '${compiled.expression}' resulted in error: ${value.message}`, seconds } : { value, error: undefined, seconds });
  }
  return { results, remaining };
}
