// From a checked tree to closures. What is constant is computed here once: literals of constants, conversions of
// constants, sets of constants. Each node either is a constant, an attribute that further selections extend, or an
// expression to run.
import type { Ast, CallExpr, ComprehensionExpr, Environment, Expr, ProgramOptions, SelectExpr, TypeProvider } from '../contract.ts';
import { conversionNames } from '../standard/conversions.ts';
import { ListValue } from '../types/lists.ts';
import { CelError, CelOptional, isError, type CelResult, type CelValue } from '../types/values.ts';
import { attributeRun, goTypeName, isKey, resolver, withQualifier, type Attribute, type Qualifier } from './attributes.ts';
import { equalityCost } from './call-costs.ts';
import { callRun } from './calls.ts';
import { noSuchOverload } from './compare.ts';
import { listRun, mapRun, objectRun } from './constructors.ts';
import { equalValues } from './equality.ts';
import { accumulatorInit, foldRun } from './folds.ts';
import { Frame, type Run } from './frame.ts';
import { constantSet } from './membership.ts';

/** A program cannot be made of an expression: a constant in it fails. */
export class ProgramError extends Error {}

type Planned =
  | { readonly kind: 'constant'; readonly value: CelValue }
  | { readonly kind: 'attribute'; readonly attribute: Attribute; readonly tested: boolean }
  | { readonly kind: 'run'; readonly run: Run };

interface Variable {
  readonly slot: number;
  /** Computes an accumulator that nobody has asked for yet. */
  readonly init: Run | undefined;
}

const noVariables = { find: () => undefined };

function run(planned: Run): Planned {
  return { kind: 'run', run: planned };
}

export class Planner {
  private slots = 0;
  private readonly ast: Ast;
  private readonly environment: Environment;
  private readonly options: ProgramOptions;
  private readonly scopes: Map<string, Variable>[] = [];

  constructor(ast: Ast, environment: Environment, options: ProgramOptions) {
    this.ast = ast;
    this.environment = environment;
    this.options = options;
  }

  compile(expr: Expr): Run {
    return this.toRun(this.plan(expr));
  }

  private toRun(planned: Planned): Run {
    switch (planned.kind) {
      case 'constant': {
        const { value } = planned;
        return () => value;
      }
      case 'attribute':
        return attributeRun(planned.attribute, { tested: planned.tested, presenceTestHasCost: this.options.presenceTestHasCost !== false });
      case 'run':
        return planned.run;
    }
  }

  private plan(expr: Expr): Planned {
    switch (expr.kind) {
      case 'literal': return { kind: 'constant', value: expr.value };
      case 'ident': return this.ident(expr.id, expr.name);
      case 'select': return this.select(expr);
      case 'call': return this.call(expr);
      case 'list': {
        const elements = expr.elements.map((element) => this.plan(element));
        const made = listRun(elements.map((element, i) => ({ value: this.toRun(element), optional: expr.optional.includes(i) })));
        return this.folded(elements, made);
      }
      case 'map': {
        const entries = expr.entries.map((entry) => ({ key: this.plan(entry.key), value: this.plan(entry.value), optional: entry.optional }));
        const made = mapRun(entries.map(({ key, value, optional }) => ({ key: this.toRun(key), value: this.toRun(value), optional })));
        return this.folded(entries.flatMap(({ key, value }) => [key, value]), made);
      }
      case 'struct': {
        const fields = expr.fields.map((field) => ({ name: field.name, value: this.compile(field.value), optional: field.optional }));
        return run(objectRun(expr.typeName, fields, this.provider()));
      }
      case 'comprehension': return this.comprehension(expr);
    }
  }

  private provider(): TypeProvider {
    const { provider } = this.environment.options;
    if (provider === undefined) throw new ProgramError('unknown type');
    return provider;
  }

  /** A literal of constants is itself a constant. */
  private folded(parts: readonly Planned[], made: Run): Planned {
    if (!parts.every((part) => part.kind === 'constant')) return run(made);
    const value = constantOf(made);
    return isError(value) ? run(() => value) : { kind: 'constant', value };
  }

  private ident(id: number, name: string): Planned {
    const reference = this.ast.references.get(id);
    if (reference?.value !== undefined) return { kind: 'constant', value: reference.value };
    return { kind: 'attribute', attribute: { root: 'value', get: this.variable(name), qualifiers: [] }, tested: false };
  }

  private variable(name: string): Run {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const local = this.scopes[i]?.get(name);
      if (local !== undefined) return localRun(local);
    }
    return (frame) => {
      const value = frame.activation.find(name);
      return value === undefined ? new CelError(`no such attribute(s): ${name}`) : value;
    };
  }

  /** The operand as something that selections can extend. */
  private attribute(operand: Planned): Attribute {
    if (operand.kind === 'attribute') return operand.attribute;
    return { root: 'value', get: this.toRun(operand), qualifiers: [] };
  }

  private select(expr: SelectExpr): Planned {
    const reference = this.ast.references.get(expr.id);
    if (reference?.value !== undefined) return { kind: 'constant', value: reference.value };
    const qualifier: Qualifier = { key: expr.field, compute: undefined, optional: false, test: expr.testOnly };
    return { kind: 'attribute', attribute: withQualifier(this.attribute(this.plan(expr.operand)), qualifier), tested: expr.testOnly };
  }

  private index(operand: Planned, index: Planned, optional: boolean): Planned {
    const attribute = this.attribute(operand);
    let qualifier: Qualifier;
    if (index.kind === 'constant' && !isKey(index.value)) throw new ProgramError(`invalid qualifier type: ${goTypeName(index.value)}`);
    if (index.kind === 'constant') qualifier = { key: index.value, compute: undefined, optional, test: false };
    else qualifier = { key: undefined, compute: index.kind === 'attribute' ? resolver(index.attribute) : this.toRun(index), optional, test: false };
    return { kind: 'attribute', attribute: withQualifier(attribute, qualifier), tested: false };
  }

  private call(expr: CallExpr): Planned {
    const args = (expr.target === undefined ? expr.args : [expr.target, ...expr.args]).map((arg) => this.plan(arg));
    const [first, second, third] = args;
    if (first !== undefined && second !== undefined) {
      switch (expr.function) {
        case '_&&_': return run(this.logic(expr.id, first, second, false));
        case '_||_': return run(this.logic(expr.id, first, second, true));
        case '_==_': return run(this.equality('_==_', first, second));
        case '_!=_': return run(this.equality('_!=_', first, second));
        case '_[_]': return this.index(first, second, false);
        case '_?._': case '_[?_]': return this.index(first, second, true);
        case '_?_:_':
          if (third === undefined) break;
          return { kind: 'attribute', tested: false, attribute: { root: 'conditional', test: this.toRun(first), truthy: this.attribute(second), falsy: this.attribute(third) } };
      }
    }
    return this.functionCall(expr, args);
  }

  /** or and orValue of optionals look at their argument only when they need it; they cost nothing themselves. */
  private optionalOr(expr: CallExpr, overloadId: string, args: readonly Planned[]): Run | undefined {
    const isOr = expr.function === 'or' && (overloadId === '' || overloadId === 'optional_or_optional');
    const isOrValue = expr.function === 'orValue' && (overloadId === '' || overloadId === 'optional_orValue_value');
    const [left, right] = args.map((arg) => this.toRun(arg));
    if ((!isOr && !isOrValue) || this.environment.options.optionalTypes !== true || left === undefined || right === undefined) return undefined;
    return (frame) => {
      const value = left(frame);
      if (!(value instanceof CelOptional)) return value;
      if (value.value === undefined) return right(frame);
      return isOr ? value : value.value;
    };
  }

  private functionCall(expr: CallExpr, args: readonly Planned[]): Planned {
    const overloads = this.ast.references.get(expr.id)?.overloads ?? [];
    const only = overloads.length === 1 ? overloads[0] : undefined;
    const special = this.optionalOr(expr, only ?? '', args) ?? (only === 'in_list' ? this.constantMembership(args) : undefined);
    if (typeof special === 'function') return run(special);
    if (special !== undefined) return special;
    const declaration = this.environment.findFunction(expr.function);
    const overload = declaration?.overloads.find((candidate) => candidate.id === only);
    const constants = args.map((arg) => (arg.kind === 'constant' ? arg.value : undefined));
    const prepare = overload?.prepare ?? declaration?.overloads.find((candidate) => candidate.prepare !== undefined)?.prepare;
    const prepared = prepare?.(constants);
    if (prepared instanceof CelError) throw new ProgramError(prepared.message);
    const called = declaration === undefined ? undefined : callRun({
      id: expr.id, declaration, overload, args: args.map((arg) => this.toRun(arg)), track: this.options.trackCost === true, actualCost: this.options.actualCost, prepared,
    });
    if (called === undefined) throw new ProgramError(`no such overload: ${expr.function}`);
    if (conversionNames.has(expr.function) && args.length === 1 && args[0]?.kind === 'constant') {
      const value = constantOf(called);
      if (isError(value)) throw new ProgramError(value.message);
      return { kind: 'constant', value };
    }
    return run(called);
  }

  private constantMembership(args: readonly Planned[]): Run | Planned | undefined {
    const [wanted, list] = args;
    if (wanted === undefined || list?.kind !== 'constant' || !(list.value instanceof ListValue)) return undefined;
    if (list.value.size === 0) return { kind: 'constant', value: false };
    const contains = constantSet(list.value);
    if (contains === undefined) return undefined;
    const value = this.toRun(wanted);
    return (frame) => {
      const found = value(frame);
      return isError(found) ? found : contains(found);
    };
  }

  /** && and || absorb an error when the other side decides. */
  private logic(id: number, first: Planned, second: Planned, decisive: boolean): Run {
    const [left, right] = [this.toRun(first), this.toRun(second)];
    const problem = (value: CelResult): CelError => {
      const error = isError(value) ? value : noSuchOverload();
      error.expression ??= id;
      return error;
    };
    return (frame) => {
      const x = left(frame);
      if (x === decisive) return decisive;
      const y = right(frame);
      if (y === decisive) return decisive;
      if (x !== !decisive) return problem(x);
      return y === !decisive ? y : problem(y);
    };
  }

  private equality(name: '_==_' | '_!=_', first: Planned, second: Planned): Run {
    const [left, right] = [this.toRun(first), this.toRun(second)];
    const { trackCost, actualCost } = this.options;
    const isEqual = name === '_==_';
    return (frame) => {
      const x = left(frame);
      const y = right(frame);
      let result: CelResult;
      if (isError(x)) result = x;
      else if (isError(y)) result = y;
      else result = isEqual ? equalValues(x, y) : equalValues(x, y) !== true;
      if (trackCost === true) frame.charge(equalityCost(name, x, y, result, actualCost));
      return result;
    };
  }

  private comprehension(expr: ComprehensionExpr): Planned {
    const init = this.compile(expr.accuInit);
    const range = this.compile(expr.iterRange);
    const accuSlot = this.slots++;
    const iterSlot = this.slots++;
    const iter2Slot = expr.iterVar2 === undefined ? undefined : this.slots++;
    const accumulator = new Map([[expr.accuVar, { slot: accuSlot, init: expr.accuVar.startsWith('@') ? accumulatorInit(init) : init }]]);
    const variables = new Map<string, Variable>([[expr.iterVar, { slot: iterSlot, init: undefined }]]);
    if (expr.iterVar2 !== undefined && iter2Slot !== undefined) variables.set(expr.iterVar2, { slot: iter2Slot, init: undefined });
    this.scopes.push(variables, accumulator);
    const condition = this.compile(expr.loopCondition);
    const step = this.compile(expr.loopStep);
    this.scopes.splice(-2, 2, accumulator);
    const result = this.compile(expr.result);
    this.scopes.pop();
    return run(foldRun({ id: expr.id, range, accuSlot, iterSlot, iter2Slot, condition, step, result }));
  }
}

function constantOf(made: Run): CelResult {
  return made(new Frame(noVariables, Infinity, undefined));
}

function localRun({ slot, init }: Variable): Run {
  if (init === undefined) return (frame) => frame.locals[slot] ?? null;
  return (frame) => {
    const value = frame.locals[slot];
    return value === undefined ? (frame.locals[slot] = init(frame)) : value;
  };
}
