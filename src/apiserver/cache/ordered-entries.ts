// The entries of a resource in key order. A two-level sorted list: small chunks, so that an insertion moves
// little, copied on the first change after a snapshot, so that a LIST can stream for seconds over the
// state of one revision while writes go on. Lookups by key go through a map.
import type { Entry } from './entry.ts';

const chunkSize = 256;

interface Chunk {
  /** The snapshot generation this chunk belongs to; older ones are shared and must not change. */
  readonly generation: number;
  readonly entries: Entry[];
}

/** Entries as of one moment. */
export interface EntrySnapshot {
  readonly size: number;
  /** Entries with start <= key < end (all when absent), in order. */
  range(start?: string, end?: string): Generator<Entry>;
}

export class OrderedEntries {
  #chunks: Chunk[] = [];
  #generation = 0;
  readonly #byKey = new Map<string, Entry>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  values(): IterableIterator<Entry> {
    return this.#byKey.values();
  }

  set(entry: Entry): void {
    const known = this.#byKey.has(entry.key);
    this.#byKey.set(entry.key, entry);
    if (this.#chunks.length === 0) {
      this.#chunks.push({ generation: this.#generation, entries: [entry] });
      return;
    }
    const at = chunkOf(this.#chunks, entry.key);
    const chunk = this.#own(at);
    const position = lowerBound(chunk.entries, entry.key);
    if (known) chunk.entries[position] = entry;
    else chunk.entries.splice(position, 0, entry);
    if (chunk.entries.length > chunkSize) {
      const upper = chunk.entries.splice(chunkSize >> 1);
      this.#chunks.splice(at + 1, 0, { generation: this.#generation, entries: upper });
    }
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const at = chunkOf(this.#chunks, key);
    const chunk = this.#own(at);
    chunk.entries.splice(lowerBound(chunk.entries, key), 1);
    if (chunk.entries.length === 0) this.#chunks.splice(at, 1);
  }

  snapshot(): EntrySnapshot {
    this.#generation++;
    const chunks = this.#chunks.slice();
    return { size: this.#byKey.size, range: (start, end) => rangeOf(chunks, start, end) };
  }

  #own(at: number): Chunk {
    const chunk = this.#chunks[at] as Chunk;
    if (chunk.generation === this.#generation) return chunk;
    const copy = { generation: this.#generation, entries: chunk.entries.slice() };
    this.#chunks[at] = copy;
    return copy;
  }
}

/** Index of the last chunk whose first key is <= key (0 when there is none). */
function chunkOf(chunks: readonly Chunk[], key: string): number {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((chunks[middle]?.entries[0]?.key ?? '') <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index of the first entry whose key is >= key. */
function lowerBound(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as Entry).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* rangeOf(chunks: readonly Chunk[], start = '', end?: string): Generator<Entry> {
  if (chunks.length === 0) return;
  const first = chunkOf(chunks, start);
  for (let i = first; i < chunks.length; i++) {
    const { entries } = chunks[i] as Chunk;
    for (let j = i === first ? lowerBound(entries, start) : 0; j < entries.length; j++) {
      const entry = entries[j] as Entry;
      if (end !== undefined && entry.key >= end) return;
      yield entry;
    }
  }
}
