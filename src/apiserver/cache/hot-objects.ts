// Parsed objects, kept while they are hot. The cache holds bytes; whoever needs an object (authorizers,
// admission, updates, Tables) parses on demand, and the most recent few thousand stay parsed. Two
// generations instead of a linked list: when the young one is full it becomes the old one.
import type { KubeObject } from '../contract.ts';
import type { Entry } from './entry.ts';
import { parseServed } from './stored-form.ts';

let isFreezing = false;

/** From now on whoever writes to an object of the cache gets a TypeError: for tests. */
export function freezeSharedObjects(): void {
  isFreezing = true;
}

export class HotObjects {
  readonly #limitBytes: number;
  #young = new Map<Entry, KubeObject>();
  #old = new Map<Entry, KubeObject>();
  #youngBytes = 0;

  /** @param limitBytes Encoded size of what one generation keeps parsed. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The object of an entry. Shared: copy before changing. */
  get(entry: Entry): KubeObject {
    const young = this.#young.get(entry);
    if (young !== undefined) return young;
    const object = this.#old.get(entry) ?? parseServed(entry.bytes);
    this.remember(entry, object);
    return object;
  }

  remember(entry: Entry, object: KubeObject): void {
    if (isFreezing) freeze(object);
    this.#young.set(entry, object);
    this.#youngBytes += entry.bytes.length;
    if (this.#youngBytes > this.#limitBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
  }

  /** The entry is no longer current. */
  forget(entry: Entry): void {
    if (this.#young.delete(entry)) this.#youngBytes -= entry.bytes.length;
    this.#old.delete(entry);
  }
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
