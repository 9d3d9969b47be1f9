// Which types a document defines, and how each is written: what its operations mention and what these reach. Custom
// resources bring their schemas along.
import { findType, isScalar } from '#api/schema.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { customDefinition, customListDefinition, type CustomSchema } from './custom-schema.ts';
import { definitionName } from './definition-name.ts';
import type { Descriptions } from './descriptions.ts';
import { definitionOf, type Operation } from './operations.ts';
import { isUnionType, messageSchema, namedScalarSchema, type Dialect, type JsonDocument } from './schema-document.ts';
import { versionDefinition, versionFields } from './server-operations.ts';

export type Entries = [name: string, make: () => unknown][];

export interface DefinitionInput {
  readonly dialect: Dialect;
  readonly infos: readonly ResourceInfo[];
  readonly operations: readonly Operation[];
  readonly groupVersions: readonly { readonly group: string; readonly version: string }[];
  readonly descriptions: Descriptions;
  /** Absent: true. */
  readonly enums?: boolean;
  customSchema?(info: ResourceInfo): CustomSchema | undefined;
}

/** Types that a type's fields mention, itself first. */
function reach(type: string, into: Set<string>): void {
  const left = [type];
  while (left.length > 0) {
    const next = left.pop() ?? '';
    if (into.has(next)) continue;
    into.add(next);
    for (const field of findType(next)?.fields ?? []) {
      if (!isScalar(field.type) || definitionName(field.type) !== undefined) left.push(field.type);
    }
  }
}

const metaTypes = ['Status', 'DeleteOptions', 'Patch', 'WatchEvent', 'APIResourceList', 'APIVersions', 'APIGroup', 'APIGroupList', 'ObjectMeta', 'ListMeta'].map((name) => `meta.v1.${name}`);

/** Everything that an operation can name, by its definition's name. */
function namedTypes(infos: readonly ResourceInfo[]): Map<string, string> {
  const types = [...metaTypes, ...infos.flatMap((info) => [...(info.type === undefined ? [] : [info.type, `${info.type}List`]), ...info.subresources.map((sub) => sub.type)])];
  return new Map(types.filter((type) => type !== '').map((type) => [definitionName(type) ?? '', type]));
}

function typesFor({ infos, operations }: DefinitionInput): Set<string> {
  const known = namedTypes(infos);
  const types = new Set<string>();
  for (const { response, body } of operations) {
    for (const name of [response, body ?? '']) {
      const type = known.get(name);
      if (type !== undefined) reach(type, types);
    }
  }
  if (infos.some((info) => info.type === undefined)) for (const name of ['ObjectMeta', 'ListMeta']) reach(`meta.v1.${name}`, types);
  return types;
}

/** The document's definitions, sorted by name; each is made when asked. */
export function definitionEntries(input: DefinitionInput): Entries {
  const { dialect, descriptions, enums = true } = input;
  const entries: Entries = [];
  for (const type of typesFor(input)) {
    const name = definitionName(type);
    if (name === undefined) continue;
    const isNamedScalar = isScalar(type) || isUnionType(type);
    entries.push([name, () => (isNamedScalar ? namedScalarSchema(dialect, type) : messageSchema(dialect, type, descriptions, input.groupVersions, enums))]);
  }
  if (input.operations.some(({ response }) => response === versionDefinition)) entries.push([versionDefinition, () => versionSchema(dialect)]);
  for (const info of input.infos) {
    if (info.type !== undefined) continue;
    const name = definitionOf(info);
    const custom = input.customSchema?.(info);
    entries.push([name, () => customDefinition(info, custom, input)], [`${name}List`, () => customListDefinition(info, custom, input)]);
  }
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function versionSchema(dialect: Dialect): JsonDocument {
  const { required, optional } = versionFields;
  const told = required.map((name) => [name, { type: 'string', ...(dialect === 'v3' ? { default: '' } : {}) }]);
  return { description: 'What build of which version the server is.', type: 'object', required, properties: Object.fromEntries([...told, ...optional.map((name) => [name, { type: 'string' }])]) };
}
