// The type checker: gives every node a type and every name a meaning, resolves overloads with type parameters, and
// reports what does not fit in cel-go's words. Dotted names that turn out to be one variable or function are
// rewritten on the way, so that evaluation meets a plain name.
import type { CallExpr, ComprehensionExpr, Expr, FunctionDeclaration, ListExpr, MapExpr, Overload, Reference, SelectExpr, StructExpr } from '../contract.ts';
import type { IssueList } from '../syntax/issues.ts';
import {
  boolType, bytesType, doubleType, dynType, errorType, formatType, intType, isOptionalType, listType, mapType, nullType, optionalType, stringType, uintType,
  type CelType,
} from '../types/types.ts';
import { CelUint, type CelValue } from '../types/values.ts';
import { qualifiedName } from './names.ts';
import { Substitution, exactType, isDyn, mapParams, mostGeneral } from './substitution.ts';

/** What a checker asks its environment. */
export interface Declarations {
  readonly container: string;
  /** A variable, constant or type by name; `name` is the full one. */
  lookup(name: string): { readonly name: string; readonly type: CelType; readonly value?: CelValue } | undefined;
  findFunction(name: string): FunctionDeclaration | undefined;
  typeParams(overload: Overload): readonly string[];
  isDisabled(overload: Overload): boolean;
  fieldType(typeName: string, field: string): CelType | undefined;
  hasType(typeName: string): boolean;
}

export interface Checked {
  readonly expr: Expr;
  readonly types: Map<number, CelType>;
  readonly references: Map<number, Reference>;
}

function unwrapOptional(type: CelType): { type: CelType; optional: boolean } {
  return isOptionalType(type) ? { type: type.params[0] ?? dynType, optional: true } : { type, optional: false };
}

/** `target.(args)` or `(args)`, as messages show a call. */
function signature(args: readonly CelType[], member: boolean): string {
  const [target, ...rest] = args;
  return member && target !== undefined ? `${formatType(target)}.(${rest.map(formatType).join(', ')})` : `(${args.map(formatType).join(', ')})`;
}

export class Checker {
  readonly types = new Map<number, CelType>();
  readonly references = new Map<number, Reference>();
  private readonly substitution = new Substitution();
  private readonly scopes: Map<string, CelType>[] = [];
  private readonly declarations: Declarations;
  private readonly positions: ReadonlyMap<number, number>;
  private readonly issues: IssueList;

  constructor(declarations: Declarations, positions: ReadonlyMap<number, number>, issues: IssueList) {
    this.declarations = declarations;
    this.positions = positions;
    this.issues = issues;
  }

  run(expr: Expr): Checked {
    const checked = this.check(expr);
    for (const [id, type] of this.types) this.types.set(id, this.substitution.resolve(type, true));
    return { expr: checked, types: this.types, references: this.references };
  }

  private report(id: number, message: string): void {
    this.issues.add(this.positions.get(id), message, id);
  }

  private mismatch(id: number, expected: CelType, actual: CelType): void {
    this.report(id, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  }

  private undeclared(id: number, name: string): void {
    this.report(id, `undeclared reference to '${name}' (in container '${this.declarations.container}')`);
    this.setType(id, errorType);
  }

  private setType(id: number, type: CelType): void {
    this.types.set(id, type);
  }

  private typeOf(expr: Expr): CelType {
    return this.types.get(expr.id) ?? errorType;
  }

  private lookup(name: string): ReturnType<Declarations['lookup']> {
    if (!name.startsWith('.')) {
      for (let i = this.scopes.length - 1; i >= 0; i--) {
        const type = this.scopes[i]?.get(name);
        if (type !== undefined) return { name, type };
      }
    }
    return this.declarations.lookup(name);
  }

  private check(expr: Expr): Expr {
    switch (expr.kind) {
      case 'literal':
        this.setType(expr.id, literalType(expr.value));
        return expr;
      case 'ident':
        return this.named(expr.id, expr.name) ?? (this.undeclared(expr.id, expr.name), expr);
      case 'select': return this.select(expr);
      case 'call': return this.call(expr);
      case 'list': return this.list(expr);
      case 'map': return this.map(expr);
      case 'struct': return this.struct(expr);
      case 'comprehension': return this.comprehension(expr);
    }
  }

  /** The node as a reference to a declared name, if there is one. */
  private named(id: number, name: string): Expr | undefined {
    const found = this.lookup(name);
    if (found === undefined) return undefined;
    this.setType(id, found.type);
    this.references.set(id, found.value === undefined ? { name: found.name } : { name: found.name, value: found.value });
    return { kind: 'ident', id, name: found.name };
  }

  private select(expr: SelectExpr): Expr {
    const name = qualifiedName(expr);
    const whole = name === undefined ? undefined : this.named(expr.id, name);
    if (whole !== undefined) return whole;
    const { operand, type } = this.field(expr.id, expr.operand, expr.field, false);
    this.setType(expr.id, expr.testOnly ? boolType : this.substitution.resolve(type, false));
    return operand === expr.operand ? expr : { ...expr, operand };
  }

  private field(id: number, given: Expr, field: string, optional: boolean): { operand: Expr; type: CelType } {
    const operand = this.check(given);
    const unwrapped = unwrapOptional(this.substitution.resolve(this.typeOf(operand), false));
    const type = this.fieldOf(id, unwrapped.type, field);
    return { operand, type: optional || unwrapped.optional ? optionalType(type) : type };
  }

  private fieldOf(id: number, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map': return target.params[1] ?? dynType;
      case 'object': return this.fieldType(id, target.name, field);
      case 'param':
        this.substitution.assignable(dynType, target);
        return dynType;
      case 'dyn': case 'any': case 'error': return dynType;
      default:
        this.report(id, `type '${formatType(target)}' does not support field selection`);
        return dynType;
    }
  }

  private fieldType(id: number, typeName: string, field: string): CelType {
    if (!this.declarations.hasType(typeName)) {
      this.report(id, `unexpected failed resolution of '${typeName}'`);
      return errorType;
    }
    const found = this.declarations.fieldType(typeName, field);
    if (found === undefined) this.report(id, `undefined field '${field}'`);
    return found ?? errorType;
  }

  private optionalSelect(expr: CallExpr): Expr {
    const [given, name] = expr.args;
    if (given === undefined || name?.kind !== 'literal' || typeof name.value !== 'string') {
      this.report(expr.id, 'unsupported optional field selection: incorrect signature.');
      return expr;
    }
    const { operand, type } = this.field(expr.id, given, name.value, true);
    this.setType(expr.id, this.substitution.resolve(type, false));
    this.references.set(expr.id, { overloads: ['select_optional_field'] });
    return { ...expr, args: [operand, name] };
  }

  private call(expr: CallExpr): Expr {
    if (expr.function === '_?._') return this.optionalSelect(expr);
    const args = expr.args.map((arg) => this.check(arg));
    if (expr.target === undefined) {
      const declared = this.declarations.findFunction(expr.function);
      if (declared === undefined) this.undeclared(expr.id, expr.function);
      else this.resolve(expr.id, declared, undefined, args);
      return { ...expr, function: declared?.name ?? expr.function, args };
    }
    const prefix = qualifiedName(expr.target);
    const namespaced = prefix === undefined ? undefined : this.declarations.findFunction(`${prefix}.${expr.function}`);
    if (namespaced !== undefined) {
      this.resolve(expr.id, namespaced, undefined, args);
      return { ...expr, function: namespaced.name, target: undefined, args };
    }
    const target = this.check(expr.target);
    const declared = this.declarations.findFunction(expr.function);
    if (declared === undefined) this.undeclared(expr.id, expr.function);
    else this.resolve(expr.id, declared, target, args);
    return { ...expr, target, args };
  }

  private resolve(id: number, declared: FunctionDeclaration, target: Expr | undefined, args: readonly Expr[]): void {
    const all = target === undefined ? args : [target, ...args];
    const given = all.map((arg) => this.typeOf(arg));
    if (declared.name === '_&&_' || declared.name === '_||_') return this.resolveLogic(id, declared, all, given);
    const overloads: string[] = [];
    let result: CelType | undefined;
    for (const overload of declared.overloads) {
      if ((overload.member === true) !== (target !== undefined) || this.disabled(overload)) continue;
      const returned = this.tryOverload(overload, given);
      if (returned === undefined) continue;
      overloads.push(overload.id);
      if (result === undefined) result = returned;
      else if (!isDyn(result) && !exactType(returned, result)) result = dynType;
    }
    if (result === undefined) {
      const shown = given.map((type) => this.substitution.resolve(type, true));
      this.report(id, `found no matching overload for '${declared.name}' applied to '${signature(shown, target !== undefined)}'`);
      this.setType(id, errorType);
      return;
    }
    this.setType(id, result);
    this.references.set(id, { overloads });
  }

  /** Mixed-type comparisons are only held back outside of comprehensions, as upstream's scopes have it. */
  private disabled(overload: Overload): boolean {
    return this.scopes.length === 0 && this.declarations.isDisabled(overload);
  }

  private tryOverload(overload: Overload, given: readonly CelType[]): CelType | undefined {
    if (overload.params.length !== given.length) return undefined;
    const names = this.declarations.typeParams(overload);
    if (names.length === 0) return this.substitution.allAssignable(given, overload.params) ? overload.result : undefined;
    const fresh = new Map(names.map((name) => [name, this.substitution.freshVariable()]));
    const rename = (type: CelType): CelType => (type.kind === 'param' ? fresh.get(type.name) ?? type : mapParams(type, rename));
    if (!this.substitution.allAssignable(given, overload.params.map(rename))) return undefined;
    return this.substitution.resolve(rename(overload.result), false);
  }

  private resolveLogic(id: number, declared: FunctionDeclaration, args: readonly Expr[], given: readonly CelType[]): void {
    let good = true;
    for (const [i, arg] of args.entries()) {
      const type = given[i] ?? errorType;
      if (this.substitution.assignable(type, boolType)) continue;
      this.mismatch(arg.id, boolType, type);
      good = false;
    }
    this.setType(id, good ? boolType : errorType);
    if (good) this.references.set(id, { overloads: declared.overloads.slice(0, 1).map((overload) => overload.id) });
  }

  /** The type behind `?element`, which must be optional. */
  private optionalPart(expr: Expr, optional: boolean): CelType {
    const type = this.typeOf(expr);
    if (!optional) return type;
    const unwrapped = unwrapOptional(type);
    if (!unwrapped.optional && !isDyn(unwrapped.type)) this.mismatch(expr.id, optionalType(unwrapped.type), unwrapped.type);
    return unwrapped.type;
  }

  private join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    return this.substitution.assignable(previous, current) ? mostGeneral(previous, current) : dynType;
  }

  private list(expr: ListExpr): Expr {
    let joined: CelType | undefined;
    const elements = expr.elements.map((given, i) => {
      const element = this.check(given);
      joined = this.join(joined, this.optionalPart(element, expr.optional.includes(i)));
      return element;
    });
    this.setType(expr.id, listType(joined ?? this.substitution.freshVariable()));
    return { ...expr, elements };
  }

  private map(expr: MapExpr): Expr {
    let keyType: CelType | undefined;
    let valueType: CelType | undefined;
    const entries = expr.entries.map((entry) => {
      const key = this.check(entry.key);
      keyType = this.join(keyType, this.typeOf(key));
      const value = this.check(entry.value);
      valueType = this.join(valueType, this.optionalPart(value, entry.optional));
      return { ...entry, key, value };
    });
    const key = keyType ?? this.substitution.freshVariable();
    this.setType(expr.id, mapType(key, valueType ?? this.substitution.freshVariable()));
    return { ...expr, entries };
  }

  private struct(expr: StructExpr): Expr {
    const found = this.lookup(expr.typeName);
    if (found === undefined) {
      this.undeclared(expr.id, expr.typeName);
      return expr;
    }
    this.references.set(expr.id, { name: found.name });
    const type = this.messageType(expr.id, found.type);
    this.setType(expr.id, type);
    const typeName = type.kind === 'object' ? type.name : found.name;
    const fields = expr.fields.map((field) => {
      const value = this.check(field.value);
      const declared = this.fieldType(field.id, typeName, field.name);
      const given = this.optionalPart(value, field.optional);
      if (!this.substitution.assignable(declared, given)) {
        this.report(field.id, `expected type of field '${field.name}' is '${formatType(declared)}' but provided type is '${formatType(given)}'`);
      }
      return { ...field, value };
    });
    return { ...expr, typeName: found.name, fields };
  }

  private messageType(id: number, ident: CelType): CelType {
    if (ident.kind === 'error') return errorType;
    if (ident.kind !== 'type') {
      this.report(id, `'${ident.name}' is not a type`);
      return errorType;
    }
    const type = ident.params[0] ?? errorType;
    if (type.kind === 'object' || isWellKnown(type)) return type;
    this.report(id, `'${type.name}' is not a message type`);
    return errorType;
  }

  private rangeTypes(range: Expr): { key: CelType; value: CelType; single: CelType } {
    const type = this.substitution.resolve(this.typeOf(range), false);
    const [first = dynType, second = dynType] = type.params;
    switch (type.kind) {
      case 'list': return { key: intType, value: first, single: first };
      case 'map': return { key: first, value: second, single: first };
      case 'dyn': case 'error': case 'param':
        this.substitution.assignable(dynType, type);
        return { key: dynType, value: dynType, single: dynType };
      default:
        this.report(range.id, `expression of type '${formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
        return { key: errorType, value: errorType, single: errorType };
    }
  }

  private assertType(expr: Expr, type: CelType): void {
    if (!this.substitution.assignable(type, this.typeOf(expr))) this.mismatch(expr.id, type, this.typeOf(expr));
  }

  private comprehension(expr: ComprehensionExpr): Expr {
    const iterRange = this.check(expr.iterRange);
    const accuInit = this.check(expr.accuInit);
    const accuType = this.typeOf(accuInit);
    this.scopes.push(new Map([[expr.accuVar, accuType]]));
    const { key, value, single } = this.rangeTypes(iterRange);
    const variables = new Map([[expr.iterVar, expr.iterVar2 === undefined ? single : key]]);
    if (expr.iterVar2 !== undefined) variables.set(expr.iterVar2, value);
    this.scopes.push(variables);
    const loopCondition = this.check(expr.loopCondition);
    this.assertType(loopCondition, boolType);
    const loopStep = this.check(expr.loopStep);
    this.assertType(loopStep, accuType);
    this.scopes.pop();
    const result = this.check(expr.result);
    this.scopes.pop();
    this.setType(expr.id, this.substitution.resolve(this.typeOf(result), false));
    return { ...expr, iterRange, accuInit, loopCondition, loopStep, result };
  }
}

function isWellKnown(type: CelType): boolean {
  switch (type.kind) {
    case 'any': case 'timestamp': case 'duration': case 'dyn': case 'null': return true;
    case 'list': return type.params[0] === dynType;
    case 'map': return type.params[0] === stringType && type.params[1] === dynType;
    default: return type.nullable === true;
  }
}

function literalType(value: CelValue): CelType {
  if (value === null) return nullType;
  switch (typeof value) {
    case 'boolean': return boolType;
    case 'bigint': return intType;
    case 'number': return doubleType;
    case 'string': return stringType;
    default: return value instanceof CelUint ? uintType : bytesType;
  }
}
