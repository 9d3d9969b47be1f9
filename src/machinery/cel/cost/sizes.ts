// What the static cost estimate knows about sizes while it walks an expression: by node what has been computed, by
// local variable what it stands for, and the way from a variable by which a schema can be asked.
import type { Ast, CostEstimator, CostNode, Estimate, Expr } from '../contract.ts';
import { dynType, isOptionalType, type CelType } from '../types/types.ts';
import { CelBytes } from '../types/values.ts';
import { fixed, union, unknownSize } from './estimate.ts';

/** The sizes of a list's elements or of a map's keys and values. */
export interface EntrySize {
  readonly kind: 'list' | 'map';
  readonly key: Estimate;
  readonly value: Estimate;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Estimate | undefined;
  readonly entry: EntrySize | undefined;
}

const accumulators = ['__result__', '@result'];

export class Sizes {
  readonly #ast: Ast;
  readonly #estimator: CostEstimator;
  readonly #computed = new Map<number, Estimate>();
  readonly #entries = new Map<number, EntrySize>();
  readonly #paths = new Map<number, readonly string[]>();
  readonly #locals = new Map<string, Local[]>();

  constructor(ast: Ast, estimator: CostEstimator) {
    this.#ast = ast;
    this.#estimator = estimator;
  }

  type(expr: Expr): CelType {
    return this.#ast.types.get(expr.id) ?? dynType;
  }

  nameIdent(expr: Expr & { kind: 'ident' }): void {
    this.#paths.set(expr.id, this.#local(expr.name)?.path ?? [expr.name]);
  }

  path(expr: Expr): readonly string[] {
    const local = expr.kind === 'ident' ? this.#local(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr.id) ?? [];
  }

  setPath(expr: Expr, path: readonly string[]): void {
    this.#paths.set(expr.id, path);
  }

  set(expr: Expr, size: Estimate | undefined): void {
    if (size !== undefined) this.#computed.set(expr.id, size);
  }

  setEntry(expr: Expr, size: EntrySize | undefined): void {
    if (size !== undefined) this.#entries.set(expr.id, size);
  }

  copy(to: Expr, from: Expr): void {
    this.set(to, this.of(from));
    this.setEntry(to, this.entry(from));
  }

  of(expr: Expr): Estimate | undefined {
    const known = this.#computed.get(expr.id) ?? literalSize(expr);
    if (known !== undefined) return known;
    const asked = this.#estimator.estimateSize({ path: this.path(expr), type: this.type(expr), expr, computedSize: undefined });
    if (asked !== undefined) {
      this.#computed.set(expr.id, asked);
      return asked;
    }
    if (isScalar(this.type(expr))) return fixed(1);
    return expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined;
  }

  orUnknown(expr: Expr): Estimate {
    return this.of(expr) ?? unknownSize;
  }

  entry(expr: Expr): EntrySize | undefined {
    return this.#entries.get(expr.id) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.entry : undefined);
  }

  /** Known only when both are. */
  entryOfEither(a: Expr | undefined, b: Expr | undefined): EntrySize | undefined {
    const [left, right] = [a === undefined ? undefined : this.entry(a), b === undefined ? undefined : this.entry(b)];
    if (left === undefined || right === undefined) return undefined;
    return { kind: left.kind, key: union(left.key, right.key), value: union(left.value, right.value) };
  }

  node(expr: Expr): CostNode {
    const path = this.path(expr);
    return { path: accumulators.includes(path[0] ?? '') ? [] : path, type: this.type(expr), expr, computedSize: this.of(expr) };
  }

  pushLocal(name: string, value: Expr): void {
    this.#push(name, { path: this.path(value), size: this.of(value), entry: this.entry(value) });
  }

  /** `single` is an element of a list, a key of a map. */
  pushIteration(name: string, range: Expr, which: 'single' | 'key' | 'value'): void {
    const entry = this.entry(range);
    const isList = entry === undefined ? this.type(range).kind === 'list' : entry.kind === 'list';
    const takesValue = which === 'value' || (which === 'single' && isList);
    const step = takesValue ? (isList ? '@items' : '@values') : isList ? '@indices' : '@keys';
    this.#push(name, { path: [...this.path(range), step], size: takesValue ? entry?.value : entry?.key, entry: undefined });
  }

  pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name);
    if (stack === undefined) this.#locals.set(name, [local]);
    else stack.push(local);
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }
}

/** The size a literal shows by itself. */
function literalSize(expr: Expr): Estimate | undefined {
  if (expr.kind === 'list') return fixed(expr.elements.length);
  if (expr.kind === 'map') return fixed(expr.entries.length);
  if (expr.kind !== 'literal') return undefined;
  if (typeof expr.value === 'string') return fixed([...expr.value].length);
  return fixed(expr.value instanceof CelBytes ? expr.value.value.length : 1);
}

/** Types all of whose values have one size. */
function isScalar(type: CelType): boolean {
  if (isOptionalType(type)) return isScalar(type.params[0] ?? dynType);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind);
}
