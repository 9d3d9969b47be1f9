// New values beside the old ones they come from, for ratcheting (KEP-4008): objects by member, list-map items by key;
// items of other lists have no counterpart. Comparisons are made once and remembered.
import { isObject, jsonEqual, own } from '../patch/json-tree.ts';
import { memberSchema, type Structural } from './schema.ts';

export class Correlated {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: Structural;
  readonly #children = new Map<string | number, Correlated>();
  #oldItems: ((item: unknown) => unknown) | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: Structural) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  /** The member and what it was; undefined when there is nothing to compare it with. */
  key(name: string): Correlated | undefined {
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    if (!isObject(this.value) || !isObject(this.old) || !Object.hasOwn(this.value, name) || !Object.hasOwn(this.old, name)) return undefined;
    const schema = memberSchema(this.#schema, name);
    if (schema === undefined) return undefined;
    const child = new Correlated(own(this.value, name), own(this.old, name), schema);
    this.#children.set(name, child);
    return child;
  }

  index(at: number): Correlated | undefined {
    const known = this.#children.get(at);
    if (known !== undefined) return known;
    const { items } = this.#schema;
    if (!Array.isArray(this.value) || !Array.isArray(this.old) || items === undefined) return undefined;
    this.#oldItems ??= keyedItems(this.#schema, this.old);
    const old = this.#oldItems(this.value[at]);
    if (old === undefined || old === null) return undefined;
    const child = new Correlated(this.value[at], old, items);
    this.#children.set(at, child);
    return child;
  }

  /** Nothing has changed here or below. */
  get equal(): boolean {
    this.#equal ??= this.#compare();
    return this.#equal;
  }

  #compare(): boolean {
    const { value, old } = this;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.#schema.listType !== 'map') return jsonEqual(value, old);
      return value.every((_, i) => this.index(i)?.equal === true);
    }
    if (isObject(value) && isObject(old)) {
      const names = Object.keys(value);
      return names.length === Object.keys(old).length && names.every((name) => this.key(name)?.equal === true);
    }
    return jsonEqual(value ?? null, old ?? null);
  }
}

/** Finds items of a list map by the keys of another item; nothing in lists of other kinds. */
export function keyedItems(schema: Structural, items: readonly unknown[] | undefined): (item: unknown) => unknown {
  if (schema.type !== 'array' || schema.listType !== 'map' || schema.listMapKeys.length === 0 || items === undefined || items.length === 0) return () => undefined;
  const byKey = new Map<string, unknown>();
  for (const item of items) {
    const key = compositeKey(schema, item);
    if (key !== undefined && !byKey.has(key)) byKey.set(key, item);
  }
  return (item) => {
    const key = compositeKey(schema, item);
    return key === undefined ? undefined : byKey.get(key);
  };
}

function compositeKey(schema: Structural, item: unknown): string | undefined {
  if (!isObject(item)) return undefined;
  const parts: string[] = [];
  for (const name of schema.listMapKeys) {
    const value = own(item, name);
    if (value === undefined || value === null || Array.isArray(value) || isObject(value)) return undefined;
    parts.push(typeof value === 'string' ? JSON.stringify(value) : String(value));
  }
  return parts.join('\0');
}
