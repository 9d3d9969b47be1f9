// The run-time values. JavaScript's own primitives carry what they can: null, booleans, strings, int as bigint and
// double as number, so that a rule over plain JSON allocates next to nothing. The rest are small immutable objects
// told apart by `is`. Lists and maps are interfaces: a view over JSON under a schema is as good as a literal.
import type { CelType } from './types.ts';

/** An unsigned 64-bit integer. */
export class CelUint {
  readonly is = 'uint';
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelBytes {
  readonly is = 'bytes';
  readonly value: Uint8Array;
  constructor(value: Uint8Array) {
    this.value = value;
  }
}

/** Seconds since 1970 (UTC) in year 1 to 9999, and 0..999999999 nanoseconds. */
export class CelTimestamp {
  readonly is = 'timestamp';
  readonly seconds: number;
  readonly nanos: number;
  /** Seconds east of UTC it was written with; only its text shows them. */
  readonly zone: number;
  constructor(seconds: number, nanos: number, zone = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.zone = zone;
  }
}

/** Signed nanoseconds within int64. */
export class CelDuration {
  readonly is = 'duration';
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelOptional {
  readonly is = 'optional';
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A failure as a value: `||`, `&&` and `all`/`exists` may absorb it. `expression` is the id of the node that failed. */
export class CelError {
  readonly is = 'error';
  readonly message: string;
  expression: number | undefined;
  constructor(message: string) {
    this.message = message;
  }
}

export interface CelList {
  readonly is: 'list';
  readonly size: number;
  /** The element at 0 <= index < size. */
  at(index: number): CelResult;
  /** The JSON behind a view, for libraries that work on it. */
  readonly json?: readonly unknown[];
  /** Equality of its own (sets and map lists ignore order); undefined: element by element. */
  equals?(other: CelList): boolean | CelError;
  /** `+` of its own (sets unite, map lists merge); undefined: concatenation. */
  plus?(other: CelList): CelResult;
}

export interface CelMap {
  readonly is: 'map';
  readonly size: number;
  /** The value of a key, undefined when absent. A key of a type the map cannot hold may answer an error. */
  find(key: CelValue): CelResult | undefined;
  keys(): readonly CelValue[];
  /** The JSON behind a view. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** A struct's own type name (what type() shows) when it is not a plain map. */
  readonly type?: CelType;
  equals?(other: CelMap): boolean | CelError;
}

/** A value of an abstract type (kubernetes.Quantity, net.IP, an authorizer…). */
export interface CelOpaque {
  readonly is: 'opaque';
  readonly type: CelType;
  equals(other: CelValue): boolean | CelError;
  /** Where fields can be selected on it. */
  find?(field: string): CelResult | undefined;
  /** What size() and cost tracking take as its size. */
  readonly size?: number;
}

export type CelValue =
  | null | boolean | bigint | number | string
  | CelUint | CelBytes | CelTimestamp | CelDuration | CelList | CelMap | CelType | CelOptional | CelOpaque;

export type CelResult = CelValue | CelError;

export function isError(value: CelResult): value is CelError {
  return value instanceof CelError;
}

export const noneOptional = new CelOptional(undefined);

export const minInt = -(2n ** 63n);
export const maxInt = 2n ** 63n - 1n;
export const maxUint = 2n ** 64n - 1n;
