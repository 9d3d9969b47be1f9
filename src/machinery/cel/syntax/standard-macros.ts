// The language's macros, those of optionals and cel.bind. A macro rewrites a call into presence tests and folds before anything is checked.
import type { Expr, Macro, MacroHelper } from '../contract.ts';

const legacyAccumulator = '__result__';
/** The iteration variable of folds that iterate over nothing. */
const unused = '#unused';

type Args = readonly Expr[];

/** The i-th argument; the macro's arity guarantees that it is there. */
function arg(args: Args, i: number): Expr {
  const found = args[i];
  if (found === undefined) throw new Error('a macro is expanded with its own number of arguments');
  return found;
}

function variable(helper: MacroHelper, expr: Expr, message = 'argument must be a simple name'): string {
  return expr.kind === 'ident' ? expr.name : helper.fail(message, expr);
}

function notAccumulator(helper: MacroHelper, name: string, at: Expr): void {
  if (name === helper.accuVar || name === legacyAccumulator) helper.fail('iteration variable overwrites accumulator variable', at);
}

function iterationVariable(helper: MacroHelper, args: Args, message?: string): string {
  const name = variable(helper, arg(args, 0), message);
  notAccumulator(helper, name, arg(args, 0));
  return name;
}

type Fold = (helper: MacroHelper, range: Expr, iterVar: string, rest: Args) => Expr;

const all: Fold = (h, iterRange, iterVar, rest) =>
  h.fold({
    iterRange, iterVar, accuVar: h.accuVar, accuInit: h.literal(true), loopCondition: h.call('@not_strictly_false', h.ident(h.accuVar)),
    loopStep: h.call('_&&_', h.ident(h.accuVar), arg(rest, 0)), result: h.ident(h.accuVar),
  });

const exists: Fold = (h, iterRange, iterVar, rest) =>
  h.fold({
    iterRange, iterVar, accuVar: h.accuVar, accuInit: h.literal(false),
    loopCondition: h.call('@not_strictly_false', h.call('!_', h.ident(h.accuVar))),
    loopStep: h.call('_||_', h.ident(h.accuVar), arg(rest, 0)), result: h.ident(h.accuVar),
  });

const existsOne: Fold = (h, iterRange, iterVar, rest) =>
  h.fold({
    iterRange, iterVar, accuVar: h.accuVar, accuInit: h.literal(0n), loopCondition: h.literal(true),
    loopStep: h.call('_?_:_', arg(rest, 0), h.call('_+_', h.ident(h.accuVar), h.literal(1n)), h.ident(h.accuVar)),
    result: h.call('_==_', h.ident(h.accuVar), h.literal(1n)),
  });

/** `rest` is [transform] or [filter, transform]. */
const map: Fold = (h, iterRange, iterVar, rest) => {
  const filter = rest.length === 2 ? arg(rest, 0) : undefined;
  const added = h.call('_+_', h.ident(h.accuVar), h.list(arg(rest, rest.length - 1)));
  const loopStep = filter === undefined ? added : h.call('_?_:_', filter, added, h.ident(h.accuVar));
  return h.fold({ iterRange, iterVar, accuVar: h.accuVar, accuInit: h.list(), loopCondition: h.literal(true), loopStep, result: h.ident(h.accuVar) });
};

function single(name: string, argCount: number, fold: Fold, message?: string): Macro {
  return {
    name, member: true, argCount,
    expand: (helper, target, args) => (target === undefined ? undefined : fold(helper, target, iterationVariable(helper, args, message), args.slice(1))),
  };
}

const has: Macro = {
  name: 'has', member: false, argCount: 1,
  expand: (helper, _target, args) => {
    const tested = arg(args, 0);
    return tested.kind === 'select' && !tested.testOnly ? helper.presence(tested.operand, tested.field) : helper.fail('invalid argument to has() macro', tested);
  },
};

/** filter keeps the variable itself: map with the variable as the transform. */
const filter: Macro = {
  name: 'filter', member: true, argCount: 2,
  expand: (helper, target, args) => {
    const iterVar = iterationVariable(helper, args, 'argument is not an identifier');
    return target === undefined ? undefined : map(helper, target, iterVar, [arg(args, 1), arg(args, 0)]);
  },
};

const notIdentifier = 'argument is not an identifier';

export const standardMacros: readonly Macro[] = [
  has, single('all', 2, all), single('exists', 2, exists), single('exists_one', 2, existsOne),
  single('map', 2, map, notIdentifier), single('map', 3, map, notIdentifier), filter,
];

/** `result` with `name` bound to `value`, computed when first used. */
function bind(h: MacroHelper, name: string, value: Expr, result: Expr): Expr {
  return h.fold({
    iterRange: h.list(), iterVar: unused, accuVar: name, accuInit: value, loopCondition: h.literal(false), loopStep: h.ident(name), result,
  });
}

function optionalMap(name: string, wrap: (h: MacroHelper, mapped: Expr) => Expr): Macro {
  return {
    name, member: true, argCount: 2,
    expand: (h, target, args) => {
      if (target === undefined) return undefined;
      const bound = variable(h, arg(args, 0), `${name}() variable name must be a simple identifier`);
      const mapped = bind(h, bound, h.member('value', h.copy(target)), arg(args, 1));
      return h.call('_?_:_', h.member('hasValue', target), wrap(h, mapped), h.call('optional.none'));
    },
  };
}

export const optionalMacros: readonly Macro[] = [
  optionalMap('optMap', (h, mapped) => h.call('optional.of', mapped)), optionalMap('optFlatMap', (_h, mapped) => mapped),
];

/** cel.bind(name, value, result). */
export const bindMacro: Macro = {
  name: 'bind', member: true, argCount: 3,
  expand: (h, target, args) => {
    if (target?.kind !== 'ident' || target.name !== 'cel') return undefined;
    return bind(h, variable(h, arg(args, 0), 'cel.bind() variable names must be simple identifiers'), arg(args, 1), arg(args, 2));
  },
};
