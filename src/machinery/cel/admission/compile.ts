// Compiling one expression of a policy or a match condition, and the set of variables that a policy's expressions
// share. What does not compile is kept as a text: it fails each evaluation, and validation tells it beforehand.
import type { Activation, CelResult, CelType, Environment, Program } from '../contract.ts';
import { anyType, boolType, bytesType, doubleType, durationType, dynType, intType, nullType, objectType, stringType, timestampType, typeString, uintType, sameType } from '../types/types.ts';
import { CelError, type CelMap } from '../types/values.ts';
import { declaredTypes } from './object-types.ts';

export type CompiledExpression =
  | { readonly expression: string; readonly program: Program; readonly outputType: CelType; readonly error: undefined }
  | { readonly expression: string; readonly program: undefined; readonly outputType: undefined; readonly error: string };

/** An expression that must evaluate to one of `types`; `any` allows all. */
export function compileExpression(environment: Environment, expression: string, types: readonly CelType[]): CompiledExpression {
  const failed = (error: string): CompiledExpression => ({ expression, program: undefined, outputType: undefined, error });
  const { ast, issues } = environment.compile(expression);
  if (ast === undefined) return failed(`compilation failed: ${issues.toString()}`);
  const { outputType } = ast;
  if (!types.some((type) => type.kind === 'any' || sameType(type, outputType))) {
    const wanted = types.map(typeString);
    return failed(`must evaluate to ${wanted.length === 1 ? (wanted[0] ?? '') : `one of [${wanted.join(' ')}]`} but got ${typeString(outputType)}`);
  }
  try {
    return { expression, program: environment.program(ast), outputType, error: undefined };
  } catch (error) {
    return failed(`program instantiation failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const variablesType = objectType('kubernetes.variables');
const plainTypes = [boolType, bytesType, doubleType, durationType, intType, nullType, stringType, timestampType, uintType, anyType];

/** What a later expression may know of a variable: plain types, lists and maps; of the rest nothing. */
function visibleType(type: CelType | undefined): CelType {
  if (type === undefined) return dynType;
  if (plainTypes.some((plain) => sameType(plain, type))) return type;
  if (type.kind !== 'list' && type.kind !== 'map') return dynType;
  return { ...type, params: type.params.map(visibleType) };
}

/** A policy's variables: each sees those before it. */
export class ComposedVariables {
  readonly #fields = new Map<string, CelType>();
  readonly #compiled = new Map<string, CompiledExpression>();
  readonly #provider = declaredTypes(new Map([[variablesType.name, this.#fields]]));

  /** `base` with the variables known so far and later. */
  environment(base: Environment): Environment {
    return base.extend({ variables: { variables: variablesType }, provider: this.#provider });
  }

  /** Compiles and remembers a variable. */
  add(environment: Environment, name: string, expression: string): CompiledExpression {
    const compiled = compileExpression(environment, expression, [anyType, dynType]);
    this.define(name, compiled.outputType, compiled);
    return compiled;
  }

  define(name: string, type: CelType | undefined, compiled: CompiledExpression): void {
    this.#fields.set(name, visibleType(type));
    this.#compiled.set(name, compiled);
  }

  /** Values for one round of evaluations over `activation`: each variable is computed when it is first read. */
  values(activation: Activation, spend: (cost: number) => void): CelMap {
    const known = new Map<string, CelResult>();
    const compiled = this.#compiled;
    return {
      is: 'map',
      type: variablesType,
      size: compiled.size,
      keys: () => [...compiled.keys()],
      find(key) {
        const expression = typeof key === 'string' ? compiled.get(key) : undefined;
        if (typeof key !== 'string' || expression === undefined) return undefined;
        let value = known.get(key);
        if (value === undefined) {
          value = evaluateVariable(key, expression, activation, spend);
          known.set(key, value);
        }
        return value;
      },
    };
  }
}

function evaluateVariable(name: string, compiled: CompiledExpression, activation: Activation, spend: (cost: number) => void): CelResult {
  if (compiled.program === undefined) return new CelError(`composited variable "${name}" fails to compile: ${compiled.error}`);
  const { value, cost } = compiled.program.evaluate(activation);
  spend(cost ?? 0);
  return value instanceof CelError ? new CelError(`composited variable "${name}" fails to evaluate: ${value.message}`) : value;
}
