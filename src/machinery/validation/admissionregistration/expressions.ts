// Expressions of webhooks and policies: each must compile with the variables it will see, and answer the type that is
// needed (upstream's validateCELCondition and its callers).
import type { MatchCondition, Variable } from '#api/admissionregistration/v1.ts';
import { ComposedVariables, compileExpression } from '../../cel/admission/compile.ts';
import { admissionEnvironment, type AdmissionVariables } from '../../cel/admission/environment.ts';
import type { CelType, Environment } from '../../cel/contract.ts';
import { boolType } from '../../cel/types/types.ts';
import { addAll, child, duplicate, index, internalFieldError, invalidValue, isEnough, required, tooMany, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import type { Sliced } from '../../slices.ts';

const mostConditions = 64;
/** Expressions that are compiled without a pause. */
export const atOnceExpressions = 16;
const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while',
]);

/** `shown` is the expression as it stands in the object. */
export function checkExpression(environment: Environment, expression: string, types: readonly CelType[], path: string, shown = expression): FieldError[] {
  return told(compileExpression(environment, expression, types).error, path, shown);
}

function told(error: string | undefined, path: string, shown: string): FieldError[] {
  if (error === undefined) return [];
  return [error.startsWith('program instantiation failed') ? internalFieldError(path, error) : invalidValue(path, shown, error)];
}

/** The environments of one policy's expressions, its variables among them once they are declared. */
export class PolicyExpressions {
  readonly #variables: ComposedVariables | undefined;
  readonly #params: boolean;

  constructor(params: boolean, hasVariables: boolean) {
    this.#params = params;
    this.#variables = hasVariables ? new ComposedVariables() : undefined;
  }

  environment(more: Omit<AdmissionVariables, 'params'>): Environment {
    const base = admissionEnvironment({ params: this.#params, ...more });
    return this.#variables === undefined ? base : this.#variables.environment(base);
  }

  /** Checks a variable and declares it for those behind it. */
  declare({ name, expression }: Variable, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (name.trim() === '') errors.push(required(child(path, 'name'), 'name is not specified'));
    else if (!identifier.test(name) || reserved.has(name)) errors.push(invalidValue(child(path, 'name'), name, 'must be a valid CEL identifier'));
    if (expression.trim() === '') return [...errors, required(child(path, 'expression'), 'expression is not specified')];
    const error = this.#variables?.add(this.environment({ authorizer: true }), name, expression).error;
    return [...errors, ...told(error, child(path, 'expression'), expression)];
  }
}

/** matchConditions, which see no variables of the policy. */
export function* validateMatchConditions(conditions: readonly MatchCondition[], params: boolean, path: string): Sliced<FieldError[]> {
  const errors = conditions.length > mostConditions ? [tooMany(path, conditions.length, mostConditions)] : [];
  const names = new Set<string>();
  for (const [i, condition] of conditions.entries()) {
    if (isEnough(errors)) break;
    if (i % atOnceExpressions === atOnceExpressions - 1) yield;
    const at = index(path, i);
    const name = condition.name ?? '';
    const expression = (condition.expression ?? '').trim();
    if (expression === '') errors.push(required(child(at, 'expression'), ''));
    else addAll(errors, checkExpression(admissionEnvironment({ params, authorizer: true }), expression, [boolType], child(at, 'expression')));
    if (name === '') errors.push(required(child(at, 'name'), ''));
    else for (const text of labelKeyErrors(name)) errors.push(invalidValue(child(at, 'name'), name, text));
    if (name !== '' && names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    names.add(name);
  }
  return errors;
}

