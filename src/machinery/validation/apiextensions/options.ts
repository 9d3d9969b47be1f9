// What an update may keep although a new definition may not have it: an old definition's sins bind nobody else.
import type { CustomResourceDefinition, CustomResourceDefinitionSpec, JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import type { Sliced } from '../../slices.ts';
import { asSchema, isStructural, parseStructural, SchemaError, someSchema } from '../../structural/index.ts';
import { listKeyErrors } from './list-rules.ts';

export interface ValidationOptions {
  readonly requireRecognizedReviewVersion: boolean;
  readonly requireImmutableNames: boolean;
  readonly requireSchema: boolean;
  readonly requireValidTypes: boolean;
  readonly requireStructural: boolean;
  readonly requirePrunedDefaults: boolean;
  readonly requireAtomicSets: boolean;
  readonly requireListKeys: boolean;
  readonly allowInvalidCaBundle: boolean;
  /** Versions whose schema stays as it was: the costs of their rules are not held against them. */
  readonly unchangedSchemas: ReadonlySet<string>;
  /** Versions whose too many selectable fields stay. */
  readonly allowManyFields: ReadonlySet<string>;
  /** Rules and message expressions that are stored already. */
  readonly knownExpressions: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

export const optionsOfCreate: ValidationOptions = {
  requireRecognizedReviewVersion: true, requireImmutableNames: false, requireSchema: true, requireValidTypes: true, requireStructural: true, requirePrunedDefaults: true, requireAtomicSets: true,
  requireListKeys: true, allowInvalidCaBundle: true, unchangedSchemas: none, allowManyFields: none, knownExpressions: none,
};

export const schemaTypes: readonly string[] = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
export const mostSelectableFields = 8;

function schemasOf(spec: CustomResourceDefinitionSpec): JSONSchemaProps[] {
  return spec.versions.flatMap((version) => (version.schema?.openAPIV3Schema === undefined ? [] : [version.schema.openAPIV3Schema]));
}

function some(spec: CustomResourceDefinitionSpec, test: (schema: JSONSchemaProps) => boolean): boolean {
  return schemasOf(spec).some((schema) => someSchema(schema, test));
}

export function hasNonAtomicSet(schema: JSONSchemaProps): boolean {
  const items = asSchema(schema.items);
  if (schema['x-kubernetes-list-type'] !== 'set' || items === undefined) return false;
  if (items.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic';
  return items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic';
}

function isNotStructural(schema: JSONSchemaProps): boolean {
  try {
    return !isStructural(parseStructural(schema));
  } catch (error) {
    if (error instanceof SchemaError) return true;
    throw error;
  }
}

/** With pauses between the walks through all schemas. */
export function* findingOptions(definition: CustomResourceDefinition, old: CustomResourceDefinition): Sliced<ValidationOptions> {
  const { spec } = old;
  const established = old.status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') === true;
  const reviewVersions = spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const oldVersions = new Map(spec.versions.map((version) => [version.name, version]));
  const same = <K extends 'schema' | 'selectableFields'>(name: K, also: (version: string) => boolean): Set<string> =>
    new Set(definition.spec.versions.filter((version) => oldVersions.has(version.name) && jsonEqual(version[name] ?? null, oldVersions.get(version.name)?.[name] ?? null) && also(version.name)).map(({ name: version }) => version));
  const hasOddTypes = some(spec, ({ type = '' }) => type !== '' && !schemaTypes.includes(type));
  yield;
  const isOdd = schemasOf(spec).some(isNotStructural);
  yield;
  const hasOddSets = some(spec, hasNonAtomicSet);
  yield;
  const hasOddKeys = some(spec, (schema) => listKeyErrors(schema, '').length > 0);
  yield;
  return {
    requireRecognizedReviewVersion: reviewVersions.length === 0 || reviewVersions.some((version) => version === 'v1' || version === 'v1beta1'),
    requireImmutableNames: established,
    requireSchema: spec.versions.every((version) => version.schema?.openAPIV3Schema !== undefined),
    requireValidTypes: !hasOddTypes,
    requireStructural: !isOdd,
    requirePrunedDefaults: true,
    requireAtomicSets: !hasOddSets,
    requireListKeys: !hasOddKeys,
    allowInvalidCaBundle: !established,
    unchangedSchemas: same('schema', () => true),
    allowManyFields: same('selectableFields', (name) => (oldVersions.get(name)?.selectableFields?.length ?? 0) > mostSelectableFields),
    knownExpressions: expressionsOf(spec),
  };
}

function expressionsOf(spec: CustomResourceDefinitionSpec): Set<string> {
  const found = new Set<string>();
  some(spec, (schema) => {
    for (const rule of schema['x-kubernetes-validations'] ?? []) {
      found.add(rule.rule);
      if (rule.messageExpression !== undefined) found.add(rule.messageExpression);
    }
    return false;
  });
  return found;
}
