// Function calls as closures by number of arguments. Arguments are evaluated left to right; a strict function never
// sees an error. Which implementation runs was decided by the checker, or is found by the arguments' types.
import type { ActualCost, FunctionDeclaration, Overload } from '../contract.ts';
import { fits, typeOf } from '../types/type-of.ts';
import { CelError, isError, type CelResult, type CelValue } from '../types/values.ts';
import { callCost, type CallCost } from './call-costs.ts';
import type { Frame, Run } from './frame.ts';

type Implementation = (...args: CelValue[]) => CelResult;

export interface CallPlan {
  readonly id: number;
  readonly declaration: FunctionDeclaration;
  /** The only overload the checker left, if it left one. */
  readonly overload: Overload | undefined;
  readonly args: readonly Run[];
  readonly track: boolean;
  readonly actualCost: ActualCost | undefined;
  /** Runs instead of what is declared; the call then ends at the first argument that fails, as upstream's do. */
  readonly prepared: Implementation | undefined;
}

function noOverload(name: string, args: readonly CelValue[]): CelError {
  return new CelError(`no such overload: ${name}(${args.map((arg) => typeOf(arg).name).join(', ')})`);
}

function allFit(args: readonly CelValue[], overload: Overload): boolean {
  const { params } = overload;
  if (args.length !== params.length) return false;
  for (let i = 0; i < args.length; i++) {
    const [arg, param] = [args[i], params[i]];
    if (arg === undefined || param === undefined || !fits(arg, param)) return false;
  }
  return true;
}

/** What runs: the overload's own implementation behind a check of types, the first that fits, or the function's one. */
function implementationOf(declaration: FunctionDeclaration, overload: Overload | undefined): Implementation | undefined {
  const { name, call: shared } = declaration;
  const own = overload?.call;
  if (overload !== undefined && own !== undefined) {
    return (...args) => (allFit(args, overload) ? own(...args) : noOverload(name, args));
  }
  const callable = declaration.overloads.filter((candidate) => candidate.call !== undefined);
  if (callable.length === 0 || (overload !== undefined && shared !== undefined)) return shared;
  return (...args) => {
    const call = callable.find((candidate) => allFit(args, candidate))?.call ?? shared;
    return call === undefined ? noOverload(name, args) : call(...args);
  };
}

function labelled(result: CelResult, id: number): CelResult {
  if (isError(result)) result.expression ??= id;
  return result;
}

function charge(frame: Frame, cost: CallCost | undefined, args: readonly CelResult[], result: CelResult): void {
  frame.charge(cost === undefined ? 1 : cost(args, result));
}

function unary({ id, args, track }: CallPlan, call: Implementation, cost: CallCost | undefined): Run {
  const [first] = args;
  if (first === undefined) throw new Error('a unary call has an argument');
  return (frame) => {
    const value = first(frame);
    const result = isError(value) ? value : labelled(call(value), id);
    if (track) {
      if (cost === undefined) frame.charge(1);
      else frame.charge(cost([value], result));
    }
    return result;
  };
}

function binary({ id, args, track }: CallPlan, call: Implementation, cost: CallCost | undefined): Run {
  const [left, right] = args;
  if (left === undefined || right === undefined) throw new Error('a binary call has two arguments');
  return (frame) => {
    const x = left(frame);
    const y = right(frame);
    const result = isError(x) ? x : isError(y) ? y : labelled(call(x, y), id);
    if (track) {
      if (cost === undefined) frame.charge(1);
      else frame.charge(cost([x, y], result));
    }
    return result;
  };
}

function variadic({ id, args, track }: CallPlan, call: Implementation, cost: CallCost | undefined): Run {
  return (frame) => {
    const values: CelValue[] = [];
    for (const arg of args) {
      const value = arg(frame);
      if (isError(value)) {
        // Upstream charges for the call once every argument has been looked at.
        if (track && values.length === args.length - 1) charge(frame, cost, [...values, value], value);
        return value;
      }
      values.push(value);
    }
    const result = labelled(call(...values), id);
    if (track) charge(frame, cost, values, result);
    return result;
  };
}

/** @not_strictly_false is the one function that looks at errors. */
function notStrictlyFalse({ args }: CallPlan): Run {
  const [first] = args;
  if (first === undefined) throw new Error('a unary call has an argument');
  return (frame) => {
    const value = first(frame);
    frame.charge(1);
    return typeof value === 'boolean' ? value : true;
  };
}

/** The call as an expression; undefined when nothing implements it. */
export function callRun(plan: CallPlan): Run | undefined {
  const { declaration, overload, args } = plan;
  if (declaration.name === '@not_strictly_false') return notStrictlyFalse(plan);
  const call = plan.prepared ?? implementationOf(declaration, overload);
  if (call === undefined) return undefined;
  const cost = callCost(declaration.name, overload?.id ?? '', overload, plan.actualCost);
  if (plan.prepared !== undefined) return variadic(plan, call, cost);
  if (args.length === 1) return unary(plan, call, cost);
  return args.length === 2 ? binary(plan, call, cost) : variadic(plan, call, cost);
}
