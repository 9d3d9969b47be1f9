// The handling and the strategy of one served version of a custom resource: the same endpoints and registry as for
// built-in kinds work with it, driven by the version's schema instead of the schema tables.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, CustomResourceSubresourceScale } from '#api/apiextensions/v1.ts';
import {
  atOnce, cloneJson, cloningJson, decodeInSlices, decodeObject, forbidden, goQuote, invalid, labelKeyErrors, jsonEqual, parseJsonPath, UnmarshalError,
  type ConvertTo, type CustomReader, type CustomSchema, type Decoded, type JsonPath, type KubeObject, type PatchedOptions, type Sliced,
} from '#machinery';
import type { HandlingSteps, KindHandling, ScalePaths } from '../registry/kind-handling.ts';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { assignField, define } from '../strategies/strategy-table.ts';
import { customValidation, type CustomValidation, type RuleCheck } from './custom-validation.ts';
import { isTerminating, isTrue } from './definition.ts';
import { compareVersions } from '../registry/version-order.ts';
import type { VersionSchema } from './version-schema.ts';

export interface CustomKind {
  readonly handling: KindHandling;
  readonly strategy: Strategy;
}

export interface CustomKindParts {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: VersionSchema;
  /** The other versions, for owners that wrote through them; undefined when conversion takes a call. */
  readonly convert: ConvertTo | undefined;
  readonly rules: RuleCheck | undefined;
}

const keptStatus = { exclude: ['status'] } as const;
const keptAllButStatus = { exclude: ['metadata', 'spec'] } as const;
const keptNothing = { exclude: [] } as const;

/** Everything that the endpoints need to know of one version. */
export function customKind(parts: CustomKindParts): CustomKind {
  const { definition, version, schema } = parts;
  const hasStatus = version.subresources?.status !== undefined;
  const notes = new WeakMap<object, string[]>();
  const validation = customValidation(schema, definition.spec.scope === 'Namespaced', version.subresources?.scale, parts.rules);
  const told = deprecation(definition, version);
  const group = { group: definition.spec.group, resource: definition.spec.names.plural };
  const scale = version.subresources?.scale;
  const handling: KindHandling = {
    decode(bytes, options, sliced) {
      const reading = { ...options, custom: readerOf(schema) };
      return sliced ? decodeInSlices(bytes, reading) : decodeObject(bytes, reading);
    },
    applyDefaults: (object) => schema.applyDefaults(object),
    decodePatched: (value, options) => atOnce(decodingPatched(schema, value, options, false)),
    shape: schema.shape,
    resetFields: (subresource) => (subresource === 'status' ? keptAllButStatus : subresource === '' && hasStatus ? keptStatus : keptNothing),
    ...(parts.convert === undefined ? {} : { convert: parts.convert }),
    canonical: (object) => atOnce(canonical(schema, object, false)),
    ...checks(schema, validation, notes),
    columns: version.additionalPrinterColumns ?? [],
    openApi: openApiOf(definition, version),
    ...(scale === undefined ? {} : { scale: scalePaths(definition, scale) }),
    ...(told === undefined ? {} : { warnings: [told] }),
    ...(isTerminating(definition) ? { refuseCreate: (name: string) => { throw forbidden(group, name, 'create not allowed while custom resource definition is terminating'); } } : {}),
  };
  return { handling, strategy: customStrategy(version, hasStatus, notes) };
}

function openApiOf(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): CustomSchema {
  return {
    schema: isTrue(definition, 'NonStructuralSchema') ? undefined : version.schema?.openAPIV3Schema,
    listKind: definition.status?.acceptedNames?.listKind ?? `${definition.spec.names.kind}List`,
    preservesUnknown: definition.spec.preserveUnknownFields === true,
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => dotted(jsonPath)),
  };
}

function* canonical(schema: VersionSchema, object: Stored, isLarge: boolean): Sliced<Stored> {
  const copy = isLarge ? ((yield* cloningJson(object)) as Stored) : cloneJson(object);
  yield;
  yield* schema.settling(copy, { fromStore: true });
  yield;
  schema.applyDefaults(copy);
  schema.settled.add(copy);
  return copy;
}

function checks(schema: VersionSchema, validation: CustomValidation, notes: WeakMap<object, string[]>): Pick<KindHandling, 'validateNew' | 'validateChange' | 'steps'> {
  const noting = (object: Stored) => (text: string): void => {
    const known = notes.get(object);
    if (known === undefined) notes.set(object, [text]);
    else known.push(text);
  };
  const steps: HandlingSteps = {
    decodePatched: (value, options) => decodingPatched(schema, value, options, true),
    canonical: (object) => canonical(schema, object, true),
    validateNew: (object) => validation.create(object, noting(object)),
    validateChange: (subresource, object, old) => (subresource === 'status' ? validation.status(object, old, noting(object)) : validation.update(object, old, noting(object))),
  };
  return {
    validateNew: (object) => atOnce(steps.validateNew(object)),
    validateChange: (subresource, object, old) => atOnce(steps.validateChange(subresource, object, old)),
    steps,
  };
}

function readerOf(schema: VersionSchema): CustomReader {
  return {
    kind: schema.kind,
    *settle(object, tellsUnknown) {
      const unknown: string[] | undefined = tellsUnknown ? [] : undefined;
      yield* schema.settling(object, unknown === undefined ? {} : { unknown });
      return unknown ?? [];
    },
  };
}

function* decodingPatched(schema: VersionSchema, value: KubeObject, { fieldValidation = 'Ignore', problems: found = [] }: PatchedOptions, isLarge: boolean): Sliced<Decoded> {
  const object = isLarge ? ((yield* cloningJson(value)) as KubeObject) : cloneJson(value);
  yield;
  const unknown: string[] = [];
  const refuse = (detail: string): Error => invalid({ group: '', kind: '' }, '', [{ type: 'Invalid', field: 'patch', badValue: JSON.stringify(value), detail }]);
  try {
    yield* schema.settling(object, fieldValidation === 'Ignore' ? {} : { unknown });
  } catch (error) {
    if (error instanceof UnmarshalError) throw refuse(error.message);
    throw error;
  }
  const problems = [...found, ...unknown.map((path) => `unknown field ${goQuote(path)}`)];
  if (fieldValidation === 'Strict' && problems.length > 0) throw refuse(`strict decoding error: ${problems.join(', ')}`);
  return { object, warnings: fieldValidation === 'Warn' ? problems : [] };
}

function dotted(path: string): string {
  return path.replace(/^\./, '');
}

function scalePaths(definition: CustomResourceDefinition, scale: CustomResourceSubresourceScale): ScalePaths {
  const byVersion = definition.spec.versions.map(({ name, subresources }) => {
    const path = subresources?.scale?.specReplicasPath;
    return [`${definition.spec.group}/${name}`, path === undefined ? null : dotted(path)] as const;
  });
  return {
    specReplicas: dotted(scale.specReplicasPath),
    statusReplicas: dotted(scale.statusReplicasPath),
    labelSelector: (scale.labelSelectorPath ?? '') === '' ? undefined : dotted(scale.labelSelectorPath ?? ''),
    byVersion: Object.fromEntries(byVersion),
  };
}

/** What every request to a deprecated version is warned of. */
function deprecation({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const better = spec.versions.filter((other) => other.served && other.deprecated !== true && compareVersions(other.name, version.name) > 0).map(({ name }) => name);
  const [best] = better.sort((a, b) => compareVersions(b, a));
  return `${spec.group}/${version.name} ${spec.names.kind} is deprecated${best === undefined ? '' : `; use ${spec.group}/${best} ${spec.names.kind}`}`;
}

function contentOf(object: Stored): Record<string, unknown> {
  const { metadata: _metadata, ...content } = object;
  return content;
}

function customStrategy(version: CustomResourceDefinitionVersion, hasStatus: boolean, notes: WeakMap<object, string[]>): Strategy {
  const paths = (version.selectableFields ?? []).map(({ jsonPath }) => pathOf(jsonPath));
  return define({
    unconditionalUpdate: false,
    fieldNames: (version.selectableFields ?? []).map(({ jsonPath }) => dotted(jsonPath)),
    fieldsOf: (object) => paths.map((path) => textOf(path?.find(object)[0])),
    prepareCreate(object) {
      if (hasStatus) delete object['status'];
      object.metadata.generation = 1;
    },
    prepareUpdate(object, old) {
      if (hasStatus) assignField(object, 'status', old['status']);
      if (!jsonEqual(contentOf(object), contentOf(old))) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    subresources: hasStatus ? { status: { prepare: keepAllButStatus } } : {},
    warnings: (object, old) => [...(notes.get(object) ?? []), ...finalizerWarnings(object, old)],
  });
}

function pathOf(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** Through /status nothing changes but status and the ownership of its fields. */
function keepAllButStatus(object: Stored, old: Stored): void {
  const { status } = object;
  const { managedFields } = object.metadata;
  for (const name of Object.keys(object)) if (name !== 'status') delete object[name];
  Object.assign(object, cloneJson({ ...old, status: undefined }));
  assignField(object, 'status', status);
  if (managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = managedFields;
}

const standardFinalizers: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

function finalizerWarnings(object: Stored, old: Stored | undefined): string[] {
  const known = new Set(old?.metadata.finalizers ?? []);
  const added = [...new Set(object.metadata.finalizers ?? [])].filter((name) => !known.has(name)).sort();
  return added.flatMap((name) => {
    const at = `metadata.finalizers: ${goQuote(name)}:`;
    const warnings = labelKeyErrors(name).map((problem) => `${at} ${problem}`);
    if (name.includes('/') || standardFinalizers.has(name)) return warnings;
    const path = name.includes('.') ? ' including a path (/)' : '';
    return [...warnings, `${at} prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`];
  });
}
