// Validators that look at a checked tree beyond its types: literals that duration(), timestamp() and matches() cannot
// take, and list and map literals that mix types (cel-go's extended validations, in Kubernetes since 1.29).
import type { CallExpr, Expr, Validator } from '../contract.ts';
import { compilePattern } from '../library/parse/pattern.ts';
import { conversions } from '../standard/conversions.ts';
import { nodes } from '../syntax/nodes.ts';
import { dynType, formatType, type CelType } from '../types/types.ts';
import { isError, type CelValue } from '../types/values.ts';
import { equivalentType } from './substitution.ts';

function literalArgument(name: string, fails: (call: CallExpr, value: CelValue) => boolean): Validator {
  return (ast, report) => {
    for (const expr of nodes(ast.expr)) {
      if (expr.kind !== 'call' || expr.function !== name) continue;
      const [first] = expr.args;
      if (first?.kind === 'literal' && fails(expr, first.value)) report(first.id, `invalid ${name} argument`);
    }
  };
}

function converts(name: string): (call: CallExpr, value: CelValue) => boolean {
  const overloads = conversions.find((declaration) => declaration.name === name)?.overloads ?? [];
  return (_call, value) => {
    const convert = overloads[0]?.call;
    return convert !== undefined && isError(convert(value));
  };
}

export const durationLiterals: Validator = literalArgument('duration', converts('duration'));
export const timestampLiterals: Validator = literalArgument('timestamp', converts('timestamp'));

export const regexLiterals: Validator = literalArgument('matches', (_call, pattern) => {
  if (typeof pattern !== 'string') return false;
  try {
    compilePattern(pattern);
    return false;
  } catch {
    return true;
  }
});

function optionalPart(type: CelType, optional: boolean): CelType {
  return optional ? type.params[0] ?? dynType : type;
}

export const homogeneousLiterals: Validator = (ast, report) => {
  const typeOf = (expr: Expr) => ast.types.get(expr.id) ?? dynType;
  const differ = (expr: Expr, expected: CelType, actual: CelType) => {
    if (equivalentType(expected, actual)) return false;
    report(expr.id, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
    return true;
  };
  for (const expr of nodes(ast.expr)) {
    if (expr.kind === 'list') {
      const [first] = expr.elements;
      const expected = first === undefined ? dynType : optionalPart(typeOf(first), expr.optional.includes(0));
      expr.elements.slice(1).some((element, i) => differ(element, expected, optionalPart(typeOf(element), expr.optional.includes(i + 1))));
    } else if (expr.kind === 'map') {
      const [first, ...rest] = expr.entries;
      if (first === undefined) continue;
      const keyType = typeOf(first.key);
      const valueType = optionalPart(typeOf(first.value), first.optional);
      for (const entry of rest) {
        differ(entry.key, keyType, typeOf(entry.key));
        differ(entry.value, valueType, optionalPart(typeOf(entry.value), entry.optional));
      }
    }
  }
};

/** What Kubernetes checks of every expression. */
export const extendedValidators: readonly Validator[] = [durationLiterals, timestampLiterals, regexLiterals, homogeneousLiterals];
