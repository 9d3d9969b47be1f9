// Object types declared by a table of fields: what an admission request, a namespace or a policy's variables look like
// to the checker. Values behind them are plain JSON.
import type { CelType, TypeProvider } from '../contract.ts';
import { objectType } from '../types/types.ts';

/** Type name → field → type. A map that grows makes types that grow. */
export type DeclaredTypes = ReadonlyMap<string, ReadonlyMap<string, CelType>>;

/** The types of the table; none of them can be made in an expression. */
export function declaredTypes(types: DeclaredTypes): TypeProvider {
  return {
    findType: (name) => (types.has(name) ? objectType(name) : undefined),
    fieldNames(typeName) {
      const fields = types.get(typeName);
      return fields === undefined ? undefined : [...fields.keys()];
    },
    findField: (typeName, field) => types.get(typeName)?.get(field),
  };
}

export function typeTable(types: Readonly<Record<string, Readonly<Record<string, CelType>>>>): DeclaredTypes {
  return new Map(Object.entries(types).map(([name, fields]) => [name, new Map(Object.entries(fields))]));
}
