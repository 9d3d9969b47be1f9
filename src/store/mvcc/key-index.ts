// Every live key in order with its newest version, without values: the only thing the local engines hold
// in memory per object (about 250 bytes). A map finds a key, a list of sorted chunks keeps the order: an
// insertion is two binary searches and moves at most one chunk.
import type { Head } from './record.ts';

const chunkLimit = 512;

export interface KeyIndex {
  get(key: string): Head | undefined;
  /** Inserts, or overwrites in place what `get` has found under this key. */
  set(head: Head, present: Head | undefined): void;
  remove(key: string): void;
  /** Heads with start <= key < end in key order; without `end` the single key. */
  visit(start: string, end: string | undefined, run: (head: Head) => void): void;
  readonly size: number;
}

/** First place in the chunk whose key is not below `key`. */
function lowerBound(chunk: readonly Head[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const head = chunk[middle];
    if (head !== undefined && head.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First chunk whose last key is not below `key`. */
function chunkOf(chunks: readonly (readonly Head[])[], key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const last = chunks[middle]?.at(-1);
    if (last !== undefined && last.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function createKeyIndex(): KeyIndex {
  const chunks: Head[][] = [];
  const byKey = new Map<string, Head>();

  const insert = (head: Head): void => {
    byKey.set(head.key, head);
    const at = Math.min(chunkOf(chunks, head.key), chunks.length - 1);
    const chunk = chunks[at];
    if (chunk === undefined) {
      chunks.push([head]);
      return;
    }
    chunk.splice(lowerBound(chunk, head.key), 0, head);
    // Keys often arrive in order; splitting off only the tail keeps the chunks behind them full.
    if (chunk.length > chunkLimit) {
      const inOrder = at === chunks.length - 1 && chunk.at(-1) === head;
      chunks.splice(at + 1, 0, chunk.splice(inOrder ? chunkLimit : chunkLimit / 2));
    }
  };

  return {
    get: (key) => byKey.get(key),
    set(head, present) {
      const { key, position, createRevision, version, lease, deleted } = head;
      if (present === undefined) {
        insert({ key, position, createRevision, version, lease, deleted });
        return;
      }
      present.position = position;
      present.createRevision = createRevision;
      present.version = version;
      present.lease = lease;
      present.deleted = deleted;
    },
    remove(key) {
      if (!byKey.delete(key)) return;
      const at = chunkOf(chunks, key);
      const chunk = chunks[at];
      if (chunk === undefined) return;
      const place = lowerBound(chunk, key);
      chunk.splice(place, 1);
      if (chunk.length === 0) chunks.splice(at, 1);
    },
    visit(start, end, run) {
      if (end === undefined) {
        const head = byKey.get(start);
        if (head !== undefined) run(head);
        return;
      }
      let at = chunkOf(chunks, start);
      let place = lowerBound(chunks[at] ?? [], start);
      for (; at < chunks.length; at++, place = 0) {
        const chunk = chunks[at] ?? [];
        for (; place < chunk.length; place++) {
          const head = chunk[place];
          if (head === undefined || head.key >= end) return;
          run(head);
        }
      }
    },
    get size() {
      return byKey.size;
    },
  };
}
