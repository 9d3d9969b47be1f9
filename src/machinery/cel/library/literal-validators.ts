// Lists and maps of an expression must not mix types, except within the arguments of format(), which exist to be
// mixed (cel-go's homogeneous literal validator with the strings library's exemption).
import type { Ast, CelType, Expr, Validator } from '../contract.ts';
import { dynType, formatType } from '../types/types.ts';
import { walk } from './walk.ts';

type Report = (expression: number, message: string) => void;

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

/** Reports the first part of another type than the first one's. */
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
