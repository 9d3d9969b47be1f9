// Checks calls of format() with a literal format and a literal list when an expression is compiled: clauses that do not
// exist, arguments of the wrong type, too many or too few (cel-go's stringFormatValidator).
import type { Ast, CallExpr, CelType, Expr, Validator } from '../contract.ts';
import { dynType, type TypeKind } from '../types/types.ts';
import { eachClause, wrongArgument } from './string-format.ts';
import { walk } from './walk.ts';

const showable: readonly TypeKind[] = ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'];
const kinds: Readonly<Record<string, readonly TypeKind[]>> = {
  s: showable, d: ['int', 'uint'], f: ['double', 'string'], e: ['double', 'string'], b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'], X: ['int', 'uint', 'string', 'bytes'], o: ['int', 'uint'],
};

/** Reports wrong uses of format(). */
export const validateFormatCalls: Validator = (ast, report) => {
  for (const { expr } of walk(ast.expr)) if (expr.kind === 'call') checkCall(ast, expr, report);
};

function checkCall(ast: Ast, call: CallExpr, report: (expression: number, message: string) => void): void {
  if (call.function !== 'format' || call.target?.kind !== 'literal' || typeof call.target.value !== 'string') return;
  const [list] = call.args;
  const overloads = ast.references.get(call.id)?.overloads ?? [];
  if (list?.kind !== 'list' || call.args.length !== 1 || (overloads.length > 0 && !overloads.includes('string_format'))) return;
  let used = 0;
  let at = call.id;
  try {
    eachClause(call.target.value, list.elements.length, ({ verb }, index) => {
      used++;
      const argument = list.elements[index];
      const wrong = argument === undefined ? undefined : wrongPart(ast, argument, verb);
      if (wrong !== undefined) {
        at = wrong.id;
        throw new Error(wrongArgument(verb, typeOf(ast, wrong).name));
      }
      return '';
    });
  } catch (error) {
    report(at, error instanceof Error ? error.message : String(error));
    return;
  }
  if (list.elements.length > used) report(call.id, `too many arguments supplied to string.format (expected ${used}, got ${list.elements.length})`);
}

function typeOf(ast: Ast, expr: Expr): CelType {
  return ast.types.get(expr.id) ?? dynType;
}

/** The first part of an argument that the clause cannot show; literal lists and maps are looked into. */
function wrongPart(ast: Ast, expr: Expr, verb: string): Expr | undefined {
  const { kind } = typeOf(ast, expr);
  if (kind !== 'dyn' && kinds[verb]?.includes(kind) !== true) return expr;
  if (verb !== 's') return undefined;
  const parts = expr.kind === 'list' ? expr.elements : expr.kind === 'map' ? expr.entries.flatMap((entry) => [entry.key, entry.value]) : [];
  for (const part of parts) {
    const wrong = wrongPart(ast, part, verb);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
