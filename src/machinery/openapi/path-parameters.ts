// Which parameters a path's operations share: those that all of them take stand once, at the path, sorted by name.
import type { Operation } from './operations.ts';

export interface PlacedParameter {
  readonly name: string;
  readonly place: 'query' | 'path';
}

export interface PathParameters {
  readonly shared: readonly PlacedParameter[];
  /** What an operation takes besides. */
  own(operation: Operation): readonly PlacedParameter[];
}

function byName(a: PlacedParameter, b: PlacedParameter): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.place < b.place ? -1 : 1;
}

/** Everything but streams can be asked to indent its answer. */
function queryOf(operation: Operation): readonly string[] {
  return operation.action === undefined || operation.action === 'connect' ? operation.parameters : [...operation.parameters, 'pretty'];
}

export function pathParameters(path: string, operations: readonly Operation[]): PathParameters {
  const counts = new Map<string, number>();
  for (const operation of operations) for (const name of queryOf(operation)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isShared = (name: string): boolean => counts.get(name) === operations.length;
  const query = (names: Iterable<string>): PlacedParameter[] => [...names].map((name) => ({ name, place: 'query' }));
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']): PlacedParameter => ({ name, place: 'path' }));
  return {
    shared: [...inPath, ...query([...counts.keys()].filter(isShared))].sort(byName),
    own: (operation) => query(queryOf(operation).filter((name) => !isShared(name))).sort(byName),
  };
}
