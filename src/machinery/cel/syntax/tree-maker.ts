// Makes nodes: hands out ids, remembers where each came from, expands macros and remembers the calls they replaced.
// The helper that macros build with lives here too: their nodes all point at the macro call.
import type { Expr, Macro, MacroHelper } from '../contract.ts';
import type { IssueList } from './issues.ts';
import { ParseAbort } from './token-stream.ts';

/** The hidden variable that comprehensions accumulate in; no user can write it. */
export const accumulator = '@result';

/** Macros that write an argument twice double it; a chain of them would fill the memory long before its text ends. */
const maxNodes = 200_000;

class MacroProblem extends Error {
  readonly at: Expr;
  constructor(message: string, at: Expr) {
    super(message);
    this.at = at;
  }
}

type Lookup = ReadonlyMap<string, Macro>;

function macroKey(name: string, member: boolean, argCount: number | undefined): string {
  return `${name}:${argCount ?? '*'}:${member}`;
}

/** Later macros of one name and shape replace earlier ones. */
export function macroTable(macros: readonly Macro[]): Lookup {
  return new Map(macros.map((macro) => [macroKey(macro.name, macro.member, macro.argCount), macro]));
}

export class TreeMaker {
  readonly positions = new Map<number, number>();
  readonly macroCalls = new Map<number, Expr>();
  private readonly macros: Lookup;
  private readonly issues: IssueList;
  private lastId = 0;

  constructor(macros: Lookup, issues: IssueList) {
    this.macros = macros;
    this.issues = issues;
  }

  id(at: number): number {
    const id = ++this.lastId;
    if (id > maxNodes) {
      const message = `expression size exceeds limit: ${maxNodes} nodes`;
      this.issues.add(undefined, message);
      throw new ParseAbort(message);
    }
    this.positions.set(id, at);
    return id;
  }

  /** A node that stands for what could not be made; the issue says why. */
  problem(at: number, message: string): Expr {
    const id = this.id(at);
    this.issues.add(at, message, id);
    return { kind: 'literal', id, value: null };
  }

  /** A call, or what a macro of that name and shape makes of it. */
  call(at: number, name: string, target: Expr | undefined, args: readonly Expr[]): Expr {
    const member = target !== undefined;
    const macro = this.macros.get(macroKey(name, member, args.length)) ?? this.macros.get(macroKey(name, member, undefined));
    const expanded = macro === undefined ? undefined : this.expand(macro, at, target, args);
    if (expanded !== undefined) {
      this.macroCalls.set(expanded.id, { kind: 'call', id: 0, function: name, target, args });
      return expanded;
    }
    return { kind: 'call', id: this.id(at), function: name, target, args };
  }

  private expand(macro: Macro, at: number, target: Expr | undefined, args: readonly Expr[]): Expr | undefined {
    try {
      return macro.expand(this.helper(at), target, args);
    } catch (error) {
      if (!(error instanceof MacroProblem)) throw error;
      return this.problem(this.positions.get(error.at.id) ?? at, error.message);
    }
  }

  private helper(at: number): MacroHelper {
    const id = () => this.id(at);
    return {
      accuVar: accumulator,
      literal: (value) => ({ kind: 'literal', id: id(), value }),
      ident: (name) => ({ kind: 'ident', id: id(), name }),
      select: (operand, field) => ({ kind: 'select', id: id(), operand, field, testOnly: false }),
      presence: (operand, field) => ({ kind: 'select', id: id(), operand, field, testOnly: true }),
      call: (name, ...args) => ({ kind: 'call', id: id(), function: name, target: undefined, args }),
      member: (name, target, ...args) => ({ kind: 'call', id: id(), function: name, target, args }),
      list: (...elements) => ({ kind: 'list', id: id(), elements, optional: [] }),
      map: (...entries) => ({ kind: 'map', id: id(), entries: entries.map((entry) => ({ id: id(), ...entry, optional: false })) }),
      fold: (parts) => ({ kind: 'comprehension', id: id(), ...parts, iterVar2: parts.iterVar2 }),
      copy: (expr) => this.copy(expr),
      fail: (message, where) => {
        throw new MacroProblem(message, where);
      },
    };
  }

  private copy(expr: Expr): Expr {
    const id = this.id(this.positions.get(expr.id) ?? 0);
    switch (expr.kind) {
      case 'literal': case 'ident':
        return { ...expr, id };
      case 'select':
        return { ...expr, id, operand: this.copy(expr.operand) };
      case 'call':
        return { ...expr, id, target: expr.target === undefined ? undefined : this.copy(expr.target), args: expr.args.map((arg) => this.copy(arg)) };
      case 'list':
        return { ...expr, id, elements: expr.elements.map((element) => this.copy(element)) };
      case 'map':
        return { ...expr, id, entries: expr.entries.map((entry) => ({ ...entry, id: this.id(this.positions.get(entry.id) ?? 0), key: this.copy(entry.key), value: this.copy(entry.value) })) };
      case 'struct':
        return { ...expr, id, fields: expr.fields.map((field) => ({ ...field, id: this.id(this.positions.get(field.id) ?? 0), value: this.copy(field.value) })) };
      case 'comprehension':
        return {
          ...expr, id, iterRange: this.copy(expr.iterRange), accuInit: this.copy(expr.accuInit), loopCondition: this.copy(expr.loopCondition),
          loopStep: this.copy(expr.loopStep), result: this.copy(expr.result),
        };
    }
  }
}
