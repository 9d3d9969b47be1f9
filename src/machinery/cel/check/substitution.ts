// Unification of types: which types may stand for which, and what type variables come to mean on the way. The
// rules (dyn both ways, null for objects and wrappers, the most general type wins) are cel-go's.
import { dynType, listType, mapType, nullType, opaqueType, typeType, type CelType } from '../types/types.ts';

/** Same kind, name and parameters; a wrapper and what it wraps are the same here. */
export function exactType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((param, i) => exactType(param, b.params[i] ?? dynType));
}

/** As exactType, with any type parameter as good as any other. */
export function equivalentType(a: CelType, b: CelType): boolean {
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  if (a.kind !== 'param' && a.name !== b.name) return false;
  return a.params.every((param, i) => equivalentType(param, b.params[i] ?? dynType));
}

/** Any is as dynamic as dyn. */
export function isDyn(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any';
}

function isDynOrError(type: CelType): boolean {
  return isDyn(type) || type.kind === 'error';
}

/** Whether a declared type takes a value type without unification. */
function takes(declared: CelType, given: CelType): boolean {
  if (declared.nullable === true && given.kind === 'null') return true;
  if (declared.kind === 'dyn' || declared.kind === 'any' || declared.kind === 'param') return true;
  if (declared.kind !== given.kind || declared.name !== given.name || declared.params.length !== given.params.length) return false;
  return declared.params.every((param, i) => takes(param, given.params[i] ?? dynType));
}

const nullableKinds = new Set(['opaque', 'object', 'any', 'duration', 'timestamp']);

function takesNull(type: CelType): boolean {
  return nullableKinds.has(type.kind) || takes(type, nullType);
}

function atMostAsSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
      return a.name === b.name && a.params.length === b.params.length && a.params.every((param, i) => atMostAsSpecific(param, b.params[i] ?? dynType));
    case 'list': case 'map':
      return a.params.every((param, i) => atMostAsSpecific(param, b.params[i] ?? dynType));
    case 'type':
      return true;
    default:
      return exactType(a, b);
  }
}

export function mostGeneral(a: CelType, b: CelType): CelType {
  return atMostAsSpecific(a, b) ? a : b;
}

/** What type variables stand for; a failed attempt leaves no trace. */
export class Substitution {
  private readonly meanings = new Map<string, CelType>();
  private readonly trail: { name: string; before: CelType | undefined }[] = [];
  private variables = 0;

  freshVariable(): CelType {
    return { is: 'type', kind: 'param', name: `_var${this.variables++}`, params: [] };
  }

  private set(name: string, type: CelType): void {
    this.trail.push({ name, before: this.meanings.get(name) });
    this.meanings.set(name, type);
  }

  private attempt(run: () => boolean): boolean {
    const mark = this.trail.length;
    if (run()) return true;
    while (this.trail.length > mark) {
      const step = this.trail.pop();
      if (step?.before === undefined) this.meanings.delete(step?.name ?? '');
      else this.meanings.set(step.name, step.before);
    }
    return false;
  }

  assignable(a: CelType, b: CelType): boolean {
    return this.attempt(() => this.unify(a, b));
  }

  allAssignable(as: readonly CelType[], bs: readonly CelType[]): boolean {
    return as.length === bs.length && this.attempt(() => this.unifyAll(as, bs));
  }

  private unifyAll(as: readonly CelType[], bs: readonly CelType[]): boolean {
    return as.length === bs.length && as.every((a, i) => this.unify(a, bs[i] ?? dynType));
  }

  private unify(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const { valid, known } = this.bind(a, b);
      if (valid) return true;
      if (known) return false;
    }
    if (a.kind === 'param') return this.bind(b, a).valid;
    if (isDynOrError(a) || isDynOrError(b)) return true;
    if (a.kind === 'null') return takesNull(b);
    if (b.kind === 'null') return takesNull(a);
    switch (a.kind) {
      case 'type': return b.kind === 'type';
      case 'opaque': case 'list': case 'map': return a.kind === b.kind && a.name === b.name && this.unifyAll(a.params, b.params);
      default: return takes(b, a);
    }
  }

  /** Lets `variable` mean `type`, or a more general type of the two meanings. */
  private bind(type: CelType, variable: CelType): { valid: boolean; known: boolean } {
    if (type.kind === 'param' && type.name === variable.name) return { valid: true, known: true };
    const meaning = this.meanings.get(variable.name);
    if (meaning === undefined) {
      if (!this.independent(variable, type)) return { valid: false, known: false };
      this.set(variable.name, type);
      return { valid: true, known: false };
    }
    if (exactType(type, meaning)) return { valid: true, known: true };
    if (!this.unify(type, meaning)) return { valid: false, known: true };
    const general = mostGeneral(type, meaning);
    if (this.independent(variable, general)) this.set(variable.name, general);
    return { valid: true, known: true };
  }

  /** Whether `variable` does not occur within `type`. */
  private independent(variable: CelType, type: CelType): boolean {
    if (exactType(variable, type)) return false;
    if (type.kind === 'param') {
      const meaning = this.meanings.get(type.name);
      return meaning === undefined || this.independent(variable, meaning);
    }
    return type.params.every((param) => this.independent(variable, param));
  }

  /** The type with variables replaced by what they mean; free ones become dyn when `toDyn`. */
  resolve(type: CelType, toDyn: boolean): CelType {
    if (type.kind === 'param') {
      const meaning = this.meanings.get(type.name);
      if (meaning !== undefined) return this.resolve(meaning, toDyn);
      return toDyn ? dynType : type;
    }
    return mapParams(type, (param) => this.resolve(param, toDyn));
  }
}

/** The type with its parameters replaced; itself when none changes. */
export function mapParams(type: CelType, change: (param: CelType) => CelType): CelType {
  if (type.params.length === 0) return type;
  const params = type.params.map(change);
  if (params.every((param, i) => param === type.params[i])) return type;
  const [first = dynType, second = dynType] = params;
  switch (type.kind) {
    case 'list': return listType(first);
    case 'map': return mapType(first, second);
    case 'type': return typeType(first);
    default: return opaqueType(type.name, ...params);
  }
}
