// How a library writes its table of functions: readers that turn a value into what an implementation works on,
// and opaque kinds, whose values only their library opens.
import type { CelResult, CelType, CelValue, FunctionDeclaration, Overload } from '../contract.ts';
import { CelError, type CelList, type CelOpaque } from '../types/values.ts';

/** undefined: the value is of another type. */
export type Reader<T> = (value: CelValue | undefined) => T | undefined;

export const asText: Reader<string> = (value) => (typeof value === 'string' ? value : undefined);
export const asInt: Reader<bigint> = (value) => (typeof value === 'bigint' ? value : undefined);
export const asBool: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);
export const asList: Reader<CelList> = (value) => (typeof value === 'object' && value !== null && value.is === 'list' ? value : undefined);
export const asAny: Reader<CelValue> = (value) => value;

export const noSuchOverload = (): CelError => new CelError('no such overload');

type Call = (...args: CelValue[]) => CelResult;

/** An implementation over one argument; what it throws is the error's text. */
export function of1<A>(a: Reader<A>, run: (a: A) => CelResult): Call {
  return (first) => {
    const x = a(first);
    return x === undefined ? noSuchOverload() : attempt(() => run(x));
  };
}

export function of2<A, B>(a: Reader<A>, b: Reader<B>, run: (a: A, b: B) => CelResult): Call {
  return (first, second) => {
    const [x, y] = [a(first), b(second)];
    return x === undefined || y === undefined ? noSuchOverload() : attempt(() => run(x, y));
  };
}

export function of3<A, B, C>(a: Reader<A>, b: Reader<B>, c: Reader<C>, run: (a: A, b: B, c: C) => CelResult): Call {
  return (first, second, third) => {
    const [x, y, z] = [a(first), b(second), c(third)];
    return x === undefined || y === undefined || z === undefined ? noSuchOverload() : attempt(() => run(x, y, z));
  };
}

/** Failures of parsers and formatters are errors of the expression; anything else is a broken invariant. */
function attempt(run: () => CelResult): CelResult {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && !(error instanceof TypeError) && !(error instanceof ReferenceError)) return new CelError(error.message);
    throw error;
  }
}

export function declare(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}

/** Values of one abstract type, each holding a T. */
export interface OpaqueKind<T> {
  readonly type: CelType;
  readonly read: Reader<T>;
  wrap(held: T): CelOpaque;
}

interface Holder<T> extends CelOpaque {
  readonly held: T;
}

export function opaqueKind<T>(type: CelType, equals: (a: T, b: T) => boolean | CelError, size?: (held: T) => number): OpaqueKind<T> {
  const holds = (value: CelValue | undefined): value is Holder<T> => typeof value === 'object' && value !== null && value.is === 'opaque' && value.type === type;
  const read: Reader<T> = (value) => (holds(value) ? value.held : undefined);
  return {
    type,
    read,
    wrap(held) {
      const holder: Holder<T> = {
        is: 'opaque',
        type,
        held,
        equals(other) {
          return holds(other) ? equals(held, other.held) : noSuchOverload();
        },
        ...(size === undefined ? {} : { size: size(held) }),
      };
      return holder;
    },
  };
}

/** A list of values as CEL sees it. */
export function listOf(values: readonly CelValue[]): CelList {
  return { is: 'list', size: values.length, at: (index) => values[index] ?? null };
}

/** The elements of a list; throws what an element fails with. */
export function elements(list: CelList): CelValue[] {
  return Array.from({ length: list.size }, (_, i) => {
    const value = list.at(i);
    if (value instanceof CelError) throw new Error(value.message);
    return value;
  });
}
