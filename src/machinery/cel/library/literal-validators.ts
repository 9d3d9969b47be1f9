// What Kubernetes checks in a compiled expression beyond its types: literal durations, timestamps and patterns must
// parse, and lists and maps must not mix types, except within the arguments of format() (cel-go's AST validators).
import type { Ast, CallExpr, CelType, Expr, Validator } from '../contract.ts';
import { toDuration, toTimestamp } from '../standard/conversions.ts';
import { dynType, formatType } from '../types/types.ts';
import { CelError } from '../types/values.ts';
import { compilePattern } from './parse/pattern.ts';
import { walk } from './walk.ts';

function isPattern(text: string): boolean {
  try {
    compilePattern(text);
    return true;
  } catch {
    return false;
  }
}

/** By function, whether a literal first argument is good. */
const literalChecks: Readonly<Record<string, (text: string) => boolean>> = {
  duration: (text) => !(toDuration(text) instanceof CelError),
  timestamp: (text) => !(toTimestamp(text) instanceof CelError),
  matches: isPattern,
};

type Report = (expression: number, message: string) => void;

function checkLiteral(call: CallExpr, report: Report): void {
  const check = Object.hasOwn(literalChecks, call.function) ? literalChecks[call.function] : undefined;
  const [literal] = call.args;
  if (check === undefined || literal?.kind !== 'literal' || typeof literal.value !== 'string') return;
  if (!check(literal.value)) report(literal.id, `invalid ${call.function} argument`);
}

/** Durations, timestamps and patterns. */
export const validateLiterals: Validator = (ast, report) => {
  for (const { expr } of walk(ast.expr)) if (expr.kind === 'call') checkLiteral(expr, report);
};

function isEquivalent(a: CelType, b: CelType): boolean {
  if (a.kind !== b.kind || (a.nullable === true) !== (b.nullable === true) || a.params.length !== b.params.length) return false;
  if (a.kind !== 'param' && a.name !== b.name) return false;
  return a.params.every((param, i) => isEquivalent(param, b.params[i] ?? dynType));
}

function partType(ast: Ast, part: Expr, isOptional: boolean): CelType {
  const type = ast.types.get(part.id) ?? dynType;
  return isOptional ? (type.params[0] ?? dynType) : type;
}

interface Part {
  readonly expr: Expr;
  readonly optional: boolean;
}

/** Parts of another type than the first; `all` or just the next one. */
function checkAlike(ast: Ast, parts: readonly Part[], report: Report): void {
  const [first, ...rest] = parts;
  if (first === undefined) return;
  const expected = partType(ast, first.expr, first.optional);
  for (const { expr, optional } of rest) {
    const found = partType(ast, expr, optional);
    if (isEquivalent(expected, found)) continue;
    report(expr.id, `expected type '${formatType(expected)}' but found '${formatType(found)}'`);
    return;
  }
}

/** Lists and maps of one type. */
export const validateHomogeneousLiterals: Validator = (ast, report) => {
  for (const { expr, within } of walk(ast.expr)) {
    if (within.has('format')) continue;
    if (expr.kind === 'list') checkAlike(ast, expr.elements.map((element, i) => ({ expr: element, optional: expr.optional.includes(i) })), report);
    if (expr.kind === 'map') {
      checkAlike(ast, expr.entries.map(({ key }) => ({ expr: key, optional: false })), report);
      checkAlike(ast, expr.entries.map(({ value, optional }) => ({ expr: value, optional })), report);
    }
  }
};
