// Maps made by expressions. Keys are told apart by type and value; a lookup also finds a number of another type
// with the same value, as cel-go does.
import { CelUint, maxInt, minInt, maxUint, type CelMap, type CelResult, type CelValue } from './values.ts';

interface Entry {
  readonly key: CelValue;
  readonly value: CelValue;
}

/** Builds a map; a later entry of the same key wins. */
export class MapValue implements CelMap {
  readonly is = 'map';
  private readonly entries = new Map<CelValue, Entry>();
  private readonly uints = new Map<bigint, Entry>();

  get size(): number {
    return this.entries.size + this.uints.size;
  }

  set(key: CelValue, value: CelValue): void {
    if (key instanceof CelUint) this.uints.set(key.value, { key, value });
    else this.entries.set(key, { key, value });
  }

  delete(key: CelValue): void {
    if (key instanceof CelUint) this.uints.delete(key.value);
    else this.entries.delete(key);
  }

  find(key: CelValue): CelResult | undefined {
    switch (typeof key) {
      case 'bigint': return (this.entries.get(key) ?? (key >= 0n ? this.uints.get(key) : undefined))?.value;
      case 'number': return (this.entries.get(key) ?? this.findWhole(key))?.value;
    }
    if (!(key instanceof CelUint)) return this.entries.get(key)?.value;
    return (this.uints.get(key.value) ?? (key.value <= maxInt ? this.entries.get(key.value) : undefined))?.value;
  }

  private findWhole(key: number): Entry | undefined {
    if (!Number.isInteger(key)) return undefined;
    const whole = BigInt(key);
    const asInt = whole >= minInt && whole <= maxInt ? this.entries.get(whole) : undefined;
    return asInt ?? (whole >= 0n && whole <= maxUint ? this.uints.get(whole) : undefined);
  }

  keys(): readonly CelValue[] {
    return [...this.entries.values(), ...this.uints.values()].map((entry) => entry.key);
  }
}

/** What a fold accumulates entries in, in place. */
export class GrowingMap extends MapValue {}
