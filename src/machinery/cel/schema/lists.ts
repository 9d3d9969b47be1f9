// Lists under a schema: atomic ones compare in order, sets and map lists without; `+` unites sets and merges map
// lists by their keys (x-kubernetes-list-type, KEP-2876).
import { equalValues } from '../run/equality.ts';
import { noSuchOverload } from '../run/compare.ts';
import { ListValue } from '../types/lists.ts';
import { CelError, isError, type CelList, type CelMap, type CelResult, type CelValue } from '../types/values.ts';
import { formatValue } from '../types/value-text.ts';

function elements(list: CelList): CelResult[] {
  return Array.from({ length: list.size }, (_, i) => list.at(i));
}

/** Values where none failed, as a plain list's content. */
function sound(values: readonly CelResult[]): readonly CelValue[] | CelError {
  const good: CelValue[] = [];
  for (const value of values) {
    if (isError(value)) return value;
    good.push(value);
  }
  return good;
}

type At = (index: number) => CelResult;

/** What every list under a schema has in common; `json` is there while the list is a view. */
abstract class SchemaList implements CelList {
  readonly is = 'list';
  readonly size: number;
  readonly at: At;
  readonly json?: readonly unknown[];
  constructor(size: number, at: At, json?: readonly unknown[]) {
    this.size = size;
    this.at = at;
    if (json !== undefined) this.json = json;
  }
  abstract equals(other: CelList): boolean | CelError;
  abstract plus(other: CelList): CelResult;
}

function listed<T>(values: readonly CelResult[], make: (size: number, at: At) => T): T | CelError {
  const good = sound(values);
  if (good instanceof CelError) return good;
  const inner = new ListValue(good);
  return make(inner.size, (index) => inner.at(index));
}

export class AtomicList extends SchemaList {
  equals(other: CelList): boolean | CelError {
    if (this.size !== other.size) return false;
    for (let i = 0; i < this.size; i++) {
      const same = equalValues(this.at(i), other.at(i));
      if (same !== true) return same;
    }
    return true;
  }
  plus(other: CelList): CelResult {
    return listed([...elements(this), ...elements(other)], (size, at) => new AtomicList(size, at));
  }
}

/** Scalars by type and value. */
function scalarKey(value: CelResult): CelResult | string {
  return typeof value === 'object' && value !== null ? `\0${formatValue(value)}` : value;
}

export class SetList extends SchemaList {
  private members: Set<CelResult> | undefined;
  private has(value: CelResult): boolean {
    this.members ??= new Set(elements(this).map(scalarKey));
    return this.members.has(scalarKey(value));
  }
  equals(other: CelList): boolean | CelError {
    return this.size === other.size && elements(other).every((value) => this.has(value));
  }
  plus(other: CelList): CelResult {
    const seen = new Set(elements(this).map(scalarKey));
    const added = elements(other).filter((value) => {
      const key = scalarKey(value);
      const fresh = !seen.has(key);
      seen.add(key);
      return fresh;
    });
    return listed([...elements(this), ...added], (size, at) => new SetList(size, at));
  }
}

export class MapList extends SchemaList {
  private readonly keys: readonly string[];
  private byKey: Map<string, CelResult> | undefined;
  /** `keys` as CEL field names. */
  constructor(size: number, at: At, keys: readonly string[], json?: readonly unknown[]) {
    super(size, at, json);
    this.keys = keys;
  }
  private keyOf(value: CelResult): string {
    const map: CelMap | undefined = typeof value === 'object' && value !== null && value.is === 'map' ? value : undefined;
    return this.keys.map((key) => {
      const found = map?.find(key);
      return found === undefined ? '' : formatValue(found);
    }).join('\0');
  }
  equals(other: CelList): boolean | CelError {
    if (this.size !== other.size) return false;
    this.byKey ??= new Map(elements(this).map((value) => [this.keyOf(value), value]));
    for (const value of elements(other)) {
      const ours = this.byKey.get(this.keyOf(value));
      const same = ours === undefined ? false : equalValues(ours, value);
      if (same !== true) return same;
    }
    return true;
  }
  plus(other: CelList): CelResult {
    const merged = new Map(elements(this).map((value) => [this.keyOf(value), value]));
    if (merged.size !== this.size) return noSuchOverload();
    for (const value of elements(other)) merged.set(this.keyOf(value), value);
    return listed([...merged.values()], (size, at) => new MapList(size, at, this.keys));
  }
}
