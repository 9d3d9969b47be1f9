// Plain JSON as CEL reads it without a schema: whole numbers are ints, the rest doubles, arrays and objects lazy
// views over themselves. Nothing is copied.
import { RawNumber } from '../../json-number.ts';
import { noSuchOverload } from '../run/compare.ts';
import { CelError, type CelList, type CelMap, type CelResult, type CelValue } from './values.ts';

class JsonList implements CelList {
  readonly is = 'list';
  readonly json: readonly unknown[];
  constructor(json: readonly unknown[]) {
    this.json = json;
  }
  get size(): number {
    return this.json.length;
  }
  at(index: number): CelResult {
    return index < this.json.length ? jsonValue(this.json[index]) : noSuchOverload();
  }
}

class JsonMap implements CelMap {
  readonly is = 'map';
  readonly json: Readonly<Record<string, unknown>>;
  constructor(json: Readonly<Record<string, unknown>>) {
    this.json = json;
  }
  get size(): number {
    return Object.keys(this.json).length;
  }
  find(key: CelValue): CelResult | undefined {
    return typeof key === 'string' && Object.hasOwn(this.json, key) ? jsonValue(this.json[key]) : undefined;
  }
  keys(): readonly CelValue[] {
    return Object.keys(this.json);
  }
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON number as an int where it is whole and exact, else as a double. */
export function jsonNumber(value: number): bigint | number {
  return Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** Any JSON value as a CEL value. */
export function jsonValue(json: unknown): CelResult {
  switch (typeof json) {
    case 'string': case 'boolean': return json;
    case 'number': return jsonNumber(json);
    case 'undefined': return null;
  }
  if (json === null) return null;
  if (Array.isArray(json)) return new JsonList(json);
  if (json instanceof RawNumber) return BigInt(json.text);
  return isJsonObject(json) ? new JsonMap(json) : new CelError(`unsupported conversion to ref.Val: (${typeof json})`);
}
