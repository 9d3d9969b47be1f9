// How many watches a write will wake, for the estimate of what the write costs: those of the whole resource, of the
// object's namespace and of the object itself. Watches of one node's pods wake for few writes and are not counted.
import { parseFieldSelector } from '#machinery';
import type { RequestInfo } from '../contract.ts';

export interface WatchCounts {
  /** Returns how to forget the watch again. */
  add(info: RequestInfo): () => void;
  interested(info: RequestInfo): number;
}

const scopeOf = (info: RequestInfo, namespace: string, name: string): string => `${info.apiGroup}/${info.resource}/${namespace}/${name}`;

/** A selector for an index of the resource: only few writes wake such a watch. */
function isIndexed({ resource, fieldSelector }: RequestInfo): boolean {
  if (resource !== 'pods' || fieldSelector === undefined || !fieldSelector.includes('spec.nodeName')) return false;
  try {
    return (parseFieldSelector(fieldSelector).exact('spec.nodeName') ?? '') !== '';
  } catch {
    return false;
  }
}

export function createWatchCounts(): WatchCounts {
  const counts = new Map<string, number>();
  return {
    add(info) {
      if (isIndexed(info)) return () => {};
      const key = scopeOf(info, info.namespace, info.name);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return () => {
        const left = (counts.get(key) ?? 1) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
    interested(info) {
      if (counts.size === 0) return 0;
      let found = counts.get(scopeOf(info, '', '')) ?? 0;
      if (info.namespace !== '') found += counts.get(scopeOf(info, info.namespace, '')) ?? 0;
      if (info.name !== '') found += counts.get(scopeOf(info, info.namespace, info.name)) ?? 0;
      return found;
    },
  };
}
