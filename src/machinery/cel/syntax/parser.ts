// CEL's grammar by recursive descent, with cel-go's bounds: 100,000 code points, 250 nested rules, 250 nested
// operations. `&&` and `||` chains become balanced trees, so that a long list of conditions stays shallow.
import type { Expr, LiteralExpr, Macro, MapEntry, StructField } from '../contract.ts';
import { CelBytes, CelUint } from '../types/values.ts';
import type { IssueList } from './issues.ts';
import { LiteralProblem, bytesValue, doubleValue, intValue, stringValue, uintValue } from './literals.ts';
import { classes, type Token } from './tokens.ts';
import { ParseAbort, TokenStream } from './token-stream.ts';
import { TreeMaker } from './tree-maker.ts';

const maxCodePoints = 100_000;
const maxDepth = 250;

const reserved = new Set([
  'as', 'break', 'const', 'continue', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'let', 'loop', 'package', 'namespace',
  'null', 'return', 'true', 'var', 'void', 'while',
]);

/** Binary operators by precedence, loosest first, with the function each calls. */
const relations: Readonly<Record<string, string>> = { '<': '_<_', '<=': '_<=_', '>=': '_>=_', '>': '_>_', '==': '_==_', '!=': '_!=_', in: '@in' };
const sums: Readonly<Record<string, string>> = { '+': '_+_', '-': '_-_' };
const products: Readonly<Record<string, string>> = { '*': '_*_', '/': '_/_', '%': '_%_' };

export interface ParseOptions {
  readonly macros: ReadonlyMap<string, Macro>;
  readonly optionalSyntax: boolean;
  readonly quotedFields: boolean;
}

export interface Parsed {
  readonly expr: Expr;
  readonly positions: ReadonlyMap<number, number>;
  readonly macroCalls: ReadonlyMap<number, Expr>;
}

class Parser {
  private readonly tokens: TokenStream;
  private readonly make: TreeMaker;
  private readonly issues: IssueList;
  private readonly options: ParseOptions;
  private readonly depths = { expr: 0, relation: 0, calc: 0 };
  /** Nested operations of the expression parsed last. */
  private height = 0;

  constructor(issues: IssueList, options: ParseOptions) {
    this.issues = issues;
    this.options = options;
    this.tokens = new TokenStream(issues);
    this.make = new TreeMaker(options.macros, issues);
  }

  run(): Parsed {
    const expr = this.expr();
    this.tokens.end();
    const { positions, macroCalls } = this.make;
    return { expr, positions, macroCalls };
  }

  private abort(message: string): never {
    this.issues.add(undefined, message);
    throw new ParseAbort(message);
  }

  private enter(rule: keyof Parser['depths']): void {
    if (++this.depths[rule] > maxDepth) this.abort(`expression recursion limit exceeded: ${maxDepth}`);
  }

  private leave(rule: keyof Parser['depths']): void {
    this.depths[rule]--;
  }

  /** Notes one more operation around subtrees of these heights. */
  private rise(...below: number[]): void {
    this.height = Math.max(...below) + 1;
    if (this.height > maxDepth) this.abort('max recursion depth exceeded');
  }

  expr(): Expr {
    this.enter('expr');
    let result = this.logic('||', '_||_');
    const op = this.tokens.accept('?');
    if (op !== undefined) {
      const condition = this.height;
      const ifTrue = this.logic('||', '_||_');
      const first = this.height;
      this.tokens.expect(':');
      const ifFalse = this.expr();
      this.rise(condition, first, this.height);
      result = this.make.call(op.at, '_?_:_', undefined, [result, ifTrue, ifFalse]);
    }
    this.leave('expr');
    return result;
  }

  private logic(operator: '||' | '&&', name: string): Expr {
    const term = () => (operator === '||' ? this.logic('&&', '_&&_') : this.relation(true));
    const first = term();
    if (this.tokens.peek().kind !== operator) return first;
    const terms = [first];
    const ops: number[] = [];
    let height = this.height;
    for (let op = this.tokens.accept(operator); op !== undefined; op = this.tokens.accept(operator)) {
      terms.push(term());
      height = Math.max(height, this.height);
      ops.push(this.make.id(op.at));
    }
    this.height = height;
    return balanced(name, terms, ops, 0, ops.length - 1);
  }

  /** Relations associate to the left; the right side of each is a calculation. */
  private relation(loop: boolean): Expr {
    this.enter('relation');
    let left = this.calc(0);
    while (loop) {
      const name = relations[this.tokens.peek().kind];
      if (name === undefined) break;
      const op = this.tokens.take();
      const below = this.height;
      const right = this.relation(false);
      this.rise(below, this.height);
      left = this.make.call(op.at, name, undefined, [left, right]);
    }
    this.leave('relation');
    return left;
  }

  private calc(level: 0 | 1): Expr {
    this.enter('calc');
    let left = level === 0 ? this.calcTerm() : this.unary();
    for (;;) {
      const kind = this.tokens.peek().kind;
      const name = level === 0 ? sums[kind] : products[kind];
      if (name === undefined) break;
      const op = this.tokens.take();
      const below = this.height;
      this.enter('calc');
      const right = level === 0 ? this.calcTerm() : this.unary();
      this.leave('calc');
      this.rise(below, this.height);
      left = this.make.call(op.at, name, undefined, [left, right]);
    }
    this.leave('calc');
    return left;
  }

  /** A product inside a sum costs no rule of its own upstream. */
  private calcTerm(): Expr {
    this.depths.calc--;
    const term = this.calc(1);
    this.depths.calc++;
    return term;
  }

  private unary(): Expr {
    this.tokens.operand();
    const first = this.tokens.peek();
    if (first.kind === '!') return this.prefixed('!', '!_');
    if (first.kind !== '-') return this.member();
    const next = this.tokens.peek(1).kind;
    if (next === classes.int || next === classes.float) return this.member();
    return this.prefixed('-', '-_');
  }

  private prefixed(mark: '!' | '-', name: string): Expr {
    const first = this.tokens.peek();
    let count = 0;
    while (this.tokens.accept(mark) !== undefined) count++;
    if (mark === '!') this.tokens.negated();
    else this.tokens.negative();
    const operand = this.member();
    return count % 2 === 0 ? operand : this.make.call(first.at, name, undefined, [operand]);
  }

  private member(): Expr {
    let operand = this.primary();
    for (;;) {
      const { kind } = this.tokens.peek();
      if (kind === '.') operand = this.dot(operand);
      else if (kind === '[') operand = this.index(operand);
      else return operand;
    }
  }

  private dot(operand: Expr): Expr {
    const op = this.tokens.take();
    const optional = this.tokens.accept('?');
    const name = this.tokens.peek();
    if (name.kind !== classes.ident && name.kind !== classes.quoted) this.noField(op, name);
    this.tokens.take();
    const below = this.height;
    if (optional === undefined && name.kind === classes.ident && this.tokens.peek().kind === '(') {
      const open = this.tokens.take();
      const args = this.args();
      this.rise(below);
      return this.make.call(open.at, name.text, operand, args);
    }
    this.rise(below);
    const field = this.fieldName(name);
    if (optional === undefined) return { kind: 'select', id: this.make.id(op.at), operand, field, testOnly: false };
    if (!this.options.optionalSyntax) return this.make.problem(op.at, "unsupported syntax '.?'");
    const literal: LiteralExpr = { kind: 'literal', id: this.make.id(name.at), value: field };
    return { kind: 'call', id: this.make.id(op.at), function: '_?._', target: undefined, args: [operand, literal] };
  }

  private noField(op: Token, name: Token): never {
    if (name.kind === 'true' || name.kind === 'false' || name.kind === 'null') this.tokens.mismatch([classes.ident]);
    const seen = name.kind === classes.end ? '' : this.issues.text.slice(op.at + 1, name.at + name.text.length);
    return this.tokens.abort(name.at, `no viable alternative at input '.${seen}'`);
  }

  private fieldName(name: Token): string {
    if (name.kind === classes.ident) return name.text;
    if (!this.options.quotedFields) this.make.problem(name.at, "unsupported syntax: '`'");
    return name.text.slice(1, -1);
  }

  private index(operand: Expr): Expr {
    const op = this.tokens.take();
    const below = this.height;
    this.tokens.operand(['?']);
    const optional = this.tokens.accept('?');
    const index = this.expr();
    this.tokens.expect(']');
    this.rise(below, this.height);
    if (optional === undefined) return this.make.call(op.at, '_[_]', undefined, [operand, index]);
    if (!this.options.optionalSyntax) return this.make.problem(op.at, "unsupported syntax '[?'");
    return this.make.call(op.at, '_[?_]', undefined, [operand, index]);
  }

  /** The arguments of a call whose parenthesis is open, and the closing one. */
  private args(): Expr[] {
    const args: Expr[] = [];
    let height = this.height;
    this.tokens.operand([')']);
    if (this.tokens.accept(')') !== undefined) return args;
    do {
      args.push(this.expr());
      height = Math.max(height, this.height);
    } while (this.tokens.accept(',') !== undefined);
    this.tokens.expect(')');
    this.height = height;
    return args;
  }

  private primary(): Expr {
    this.height = 0;
    const token = this.tokens.peek();
    switch (token.kind) {
      case '.': case classes.ident:
        return this.named();
      case '(': {
        this.tokens.take();
        const inner = this.expr();
        this.tokens.expect(')');
        return inner;
      }
      case '[':
        return this.list(this.tokens.take());
      case '{':
        return this.map(this.tokens.take());
      case '-': {
        this.tokens.take();
        const number = this.tokens.peek();
        if (number.kind !== classes.int && number.kind !== classes.float) this.tokens.negative(true);
        return this.literal(this.tokens.take(), token);
      }
      default:
        return this.literal(this.tokens.take(), undefined);
    }
  }

  /** How many tokens of a dotted name stand here when a `{` follows it; 0 otherwise. */
  private messageNameLength(): number {
    let ahead = this.tokens.peek().kind === '.' ? 1 : 0;
    for (;;) {
      if (this.tokens.peek(ahead).kind !== classes.ident) return 0;
      const next = this.tokens.peek(ahead + 1).kind;
      if (next === '{') return ahead + 1;
      if (next !== '.') return 0;
      ahead += 2;
    }
  }

  private named(): Expr {
    const start = this.tokens.peek();
    const length = this.messageNameLength();
    if (length > 0) {
      let name = '';
      for (let i = 0; i < length; i++) name += this.tokens.take().text;
      return this.struct(name, this.tokens.take());
    }
    const dot = this.tokens.accept('.');
    const name = this.tokens.peek();
    if (name.kind !== classes.ident) return this.noField(start, name);
    this.tokens.take();
    const open = this.tokens.peek().kind === '(' ? this.tokens.take() : undefined;
    const args = open === undefined ? [] : this.args();
    if (reserved.has(name.text)) return this.make.problem(start.at, `reserved identifier: ${name.text}`);
    const full = dot === undefined ? name.text : `.${name.text}`;
    return open === undefined ? { kind: 'ident', id: this.make.id(name.at), name: full } : this.make.call(open.at, full, undefined, args);
  }

  private optionalMark(): boolean {
    const mark = this.tokens.accept('?');
    if (mark !== undefined && !this.options.optionalSyntax) this.make.problem(mark.at, "unsupported syntax '?'");
    return mark !== undefined;
  }

  /** Elements up to the close, with one trailing comma allowed. */
  private elements(close: string, extra: readonly string[], element: () => void): void {
    let height = 0;
    if (this.tokens.accept(',') !== undefined) {
      this.tokens.expect(close);
      return;
    }
    extra = [...extra, close, ','];
    this.startElement(extra);
    if (this.tokens.accept(close) !== undefined) return;
    for (;;) {
      element();
      height = Math.max(height, this.height);
      this.tokens.between(close);
      if (this.tokens.accept(close) !== undefined) break;
      this.tokens.take();
      if (this.tokens.peek().kind === ',') this.tokens.mismatch([close]);
      if (this.tokens.accept(close) !== undefined) break;
    }
    this.height = height;
  }

  private startElement(extra: readonly string[]): void {
    if (!extra.includes(classes.quoted)) this.tokens.operand(extra);
    else this.tokens.oneOf(extra);
  }

  private list(open: Token): Expr {
    const id = this.make.id(open.at);
    const elements: Expr[] = [];
    const optional: number[] = [];
    this.elements(']', ['?'], () => {
      if (this.optionalMark()) optional.push(elements.length);
      elements.push(this.expr());
    });
    return { kind: 'list', id, elements, optional };
  }

  private map(open: Token): Expr {
    const id = this.make.id(open.at);
    const entries: MapEntry[] = [];
    this.elements('}', ['?'], () => {
      const optional = this.optionalMark();
      const key = this.expr();
      const below = this.height;
      const colon = this.tokens.expect(':');
      const value = this.expr();
      this.height = Math.max(below, this.height);
      entries.push({ id: this.make.id(colon.at), key, value, optional });
    });
    return { kind: 'map', id, entries };
  }

  private struct(typeName: string, open: Token): Expr {
    const id = this.make.id(open.at);
    const fields: StructField[] = [];
    const nameStart = ['?', classes.ident, classes.quoted];
    this.elements('}', nameStart, () => {
      const optional = this.optionalMark();
      const name = this.tokens.peek();
      if (name.kind !== classes.ident && name.kind !== classes.quoted) this.tokens.mismatch([classes.ident, classes.quoted]);
      this.tokens.take();
      const colon = this.tokens.expect(':');
      const value = this.expr();
      fields.push({ id: this.make.id(colon.at), name: this.fieldName(name), value, optional });
    });
    return { kind: 'struct', id, typeName, fields };
  }

  private literal(token: Token, sign: Token | undefined): Expr {
    const at = sign?.at ?? token.at;
    try {
      return { kind: 'literal', id: this.make.id(at), value: literalValue(token, sign !== undefined) };
    } catch (error) {
      if (!(error instanceof LiteralProblem)) throw error;
      return this.make.problem(at, error.message);
    }
  }
}

function literalValue(token: Token, negative: boolean): LiteralExpr['value'] {
  switch (token.kind) {
    case classes.int: return intValue(token.text, negative);
    case classes.uint: return new CelUint(uintValue(token.text));
    case classes.float: return doubleValue(token.text, negative);
    case classes.string: return stringValue(token.text);
    case classes.bytes: return new CelBytes(bytesValue(token.text));
    case 'true': return true;
    case 'false': return false;
    default: return null;
  }
}

function balanced(name: string, terms: readonly Expr[], ops: readonly number[], low: number, high: number): Expr {
  const middle = (low + high + 1) >> 1;
  const left = middle === low ? terms[middle] : balanced(name, terms, ops, low, middle - 1);
  const right = middle === high ? terms[middle + 1] : balanced(name, terms, ops, middle + 1, high);
  const id = ops[middle];
  if (left === undefined || right === undefined || id === undefined) throw new Error('a chain of n operators has n + 1 terms');
  return { kind: 'call', id, function: name, target: undefined, args: [left, right] };
}

/** Parses an expression; undefined when it cannot be read at all. Problems go to `issues`. */
export function parseExpression(issues: IssueList, options: ParseOptions): Parsed | undefined {
  const size = [...issues.text].length;
  if (size > maxCodePoints) {
    issues.add(undefined, `expression code point size exceeds limit: size: ${size}, limit ${maxCodePoints}`);
    return undefined;
  }
  try {
    const parsed = new Parser(issues, options).run();
    return issues.empty ? parsed : undefined;
  } catch (error) {
    if (error instanceof ParseAbort) return undefined;
    throw error;
  }
}
