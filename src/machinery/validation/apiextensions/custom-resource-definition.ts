// CustomResourceDefinitions, new and changed, with the texts and field names of upstream's validation.
import type { CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionVersion, JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { addAll, child, index, invalidValue, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsSubdomain, type NameRule } from '../../names.ts';
import { someSchema } from '../../structural/schema.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../meta/object-meta.ts';
import type { Sliced } from '../../slices.ts';
import { judgingPatterns } from '../../structural/pattern.ts';
import { slicedKind } from '../validator.ts';
import { apiApproval, approvalAnnotation, isProtectedGroup } from './api-approval.ts';
import { conversionErrors } from './conversion-errors.ts';
import { findingOptions, optionsOfCreate, type ValidationOptions } from './options.ts';
import { checkingValidation, columnErrors, deprecationErrors, selectableErrors, subresourceErrors } from './version-errors.ts';
import { viewOf, type SpecView } from './view.ts';

function nameErrors(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const label = (value: string | undefined, at: string): void => {
    const problems = (value ?? '') === '' ? [] : dns1035LabelErrors(value ?? '');
    if (problems.length > 0) errors.push(invalidValue(at, value, problems.join(',')));
  };
  const mixed = (value: string | undefined, at: string): void => {
    const problems = (value ?? '') === '' ? [] : dns1035LabelErrors((value ?? '').toLowerCase());
    if (problems.length > 0) errors.push(invalidValue(at, value, `may have mixed case, but should otherwise match: ${problems.join(',')}`));
  };
  label(names.plural, child(path, 'plural'));
  label(names.singular, child(path, 'singular'));
  mixed(names.kind, child(path, 'kind'));
  mixed(names.listKind, child(path, 'listKind'));
  for (const [i, name] of (names.shortNames ?? []).entries()) {
    const problems = dns1035LabelErrors(name);
    if (problems.length > 0) errors.push(invalidValue(index(child(path, 'shortNames'), i), name, problems.join(',')));
  }
  if (names.kind !== '' && names.kind === names.listKind) errors.push(invalidValue(child(path, 'listKind'), names.listKind, 'kind and listKind may not be the same'));
  for (const [i, name] of (names.categories ?? []).entries()) {
    const problems = dns1035LabelErrors(name);
    if (problems.length > 0) errors.push(invalidValue(index(child(path, 'categories'), i), name, problems.join(',')));
  }
  return errors;
}

function groupErrors(group: string): FieldError[] {
  if (group === '') return [required('spec.group', '')];
  const problems = dns1123SubdomainErrors(group);
  if (problems.length > 0) return [invalidValue('spec.group', group, problems.join(','))];
  return group.includes('.') ? [] : [invalidValue('spec.group', group, 'should be a domain with at least one dot')];
}

function missingSchemas(view: SpecView, options: ValidationOptions): FieldError[] {
  if (view.schema?.openAPIV3Schema !== undefined) return [];
  const missing = view.versions.flatMap((version, i) => (version.schema?.openAPIV3Schema === undefined ? [{ version, at: `spec.versions[${i}].schema.openAPIV3Schema` }] : []));
  if (options.requireSchema) return missing.map(({ at }) => required(at, ''));
  if (view.spec.preserveUnknownFields === true) return [];
  return missing.filter(({ version }) => version.served).map(({ at }) => required(at, 'because otherwise all fields are pruned'));
}

function usesExtensions(view: SpecView): boolean {
  return view.spec.versions.some((version) =>
    someSchema(version.schema?.openAPIV3Schema, (schema) => schema.default !== undefined || Object.keys(schema).some((name) => name.startsWith('x-kubernetes-') && name !== 'x-kubernetes-map-type')));
}

function* checkingVersion(version: CustomResourceDefinitionVersion, view: SpecView, path: string, options: ValidationOptions): Sliced<FieldError[]> {
  const errors: FieldError[] = [];
  const problems = dns1035LabelErrors(version.name);
  if (problems.length > 0) errors.push(invalidValue(child(path, 'name'), version.name, problems.join(',')));
  addAll(errors, deprecationErrors(version.deprecated === true, version.deprecationWarning, child(path, 'deprecationWarning')));
  const hasStatus = (version.subresources ?? view.subresources)?.status !== undefined;
  addAll(errors, yield* checkingValidation(version.schema, hasStatus, child(path, 'schema'), options, version.name));
  addAll(errors, subresourceErrors(version.subresources, child(path, 'subresources')));
  for (const [i, column] of (version.additionalPrinterColumns ?? []).entries()) addAll(errors, columnErrors(column, index(child(path, 'additionalPrinterColumns'), i)));
  if ((version.selectableFields ?? []).length > 0) {
    const schema = version.schema?.openAPIV3Schema;
    const at = child(path, 'selectableFields');
    if (schema === undefined) errors.push(invalidValue(at, '', 'may only be set when `version.schema.openAPIV3Schema` is not included'));
    else addAll(errors, selectableErrors(version.selectableFields ?? [], schema, at, options.allowManyFields.has(version.name)));
  }
  return errors;
}

function* checkingShared(view: SpecView, options: ValidationOptions): Sliced<FieldError[]> {
  const errors: FieldError[] = [];
  const first = view.versions[0]?.name ?? '';
  const anyStatus = view.spec.versions.some((version) => version.subresources?.status !== undefined);
  addAll(errors, yield* checkingValidation(view.schema, anyStatus, 'spec.validation', options, first));
  addAll(errors, subresourceErrors(view.subresources, 'spec.subresources'));
  for (const [i, column] of (view.columns ?? []).entries()) addAll(errors, columnErrors(column, `spec.additionalPrinterColumns[${i}]`));
  if ((view.selectableFields ?? []).length > 0) {
    const schema = view.schema?.openAPIV3Schema;
    if (schema === undefined) errors.push(invalidValue('spec.selectableFields', '', 'may only be set when validations.schema is included'));
    else addAll(errors, selectableErrors(view.selectableFields ?? [], schema, 'spec.selectableFields', options.allowManyFields.has(first)));
  }
  return errors;
}

function* checkingSpec(definition: CustomResourceDefinition, given: ValidationOptions): Sliced<FieldError[]> {
  const { spec } = definition;
  const view = viewOf(spec);
  const options = spec.preserveUnknownFields !== true || usesExtensions(view) ? { ...given, requireStructural: true } : given;
  const errors = groupErrors(spec.group);
  if (spec.scope === '') errors.push(required('spec.scope', ''));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  addAll(errors, missingSchemas(view, given));
  for (const [i, version] of view.versions.entries()) {
    yield;
    addAll(errors, yield* checkingVersion(version, view, `spec.versions[${i}]`, options));
  }
  const names = view.versions.map((version) => version.name);
  if (new Set(names).size !== names.length) errors.push(invalidValue('spec.versions', spec.versions, 'must contain unique version names'));
  if (view.versions.filter((version) => version.storage).length !== 1) errors.push(invalidValue('spec.versions', spec.versions, 'must have exactly one version marked as storage version'));
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) if ((spec.names[field] ?? '') === '') errors.push(required(`spec.names.${field}`, ''));
  addAll(errors, nameErrors(spec.names, 'spec.names'));
  addAll(errors, yield* checkingShared(view, options));
  if (spec.conversion !== undefined && spec.conversion.strategy !== 'None' && spec.preserveUnknownFields === true) {
    errors.push(invalidValue('spec.conversion.strategy', spec.conversion.strategy, 'must be None if spec.preserveUnknownFields is true'));
  }
  addAll(errors, conversionErrors(spec.conversion, 'spec.conversion', options));
  return errors;
}

function storedVersionErrors(definition: CustomResourceDefinition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = definition.status?.storedVersions ?? [];
  if (stored.length === 0) return [invalidValue(path, stored, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  const names = new Set(definition.spec.versions.map((version) => version.name));
  const told = new Set(stored);
  for (const version of definition.spec.versions) if (version.storage && !told.has(version.name)) errors.push(invalidValue(path, stored, `must have the storage version ${version.name}`));
  for (const [i, name] of stored.entries()) {
    if (names.has(name)) continue;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalidValue(index(path, i), name, detail));
  }
  return errors;
}

function approvalErrors(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(definition.spec.group)) return [];
  const { state, reason } = apiApproval(definition.metadata?.annotations);
  if (old !== undefined && apiApproval(old.metadata?.annotations).state === state) return [];
  const at = key('metadata.annotations', approvalAnnotation);
  if (state === 'missing') return [required(at, reason)];
  return state === 'invalid' ? [invalidValue(at, definition.metadata?.annotations?.[approvalAnnotation] ?? '', reason)] : [];
}

function preserveErrors(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (old?.spec.preserveUnknownFields === true || definition.spec.preserveUnknownFields !== true) return [];
  return [invalidValue('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead')];
}

function statusErrors(definition: CustomResourceDefinition): FieldError[] {
  const names = definition.status?.acceptedNames;
  return names === undefined ? [] : nameErrors(names, 'status.acceptedNames');
}

function afterSpec(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  return [...statusErrors(definition), ...storedVersionErrors(definition), ...approvalErrors(definition, old), ...preserveErrors(definition, old)];
}

function immutableErrors(definition: CustomResourceDefinition, old: CustomResourceDefinition, options: ValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  const keep = (value: string, before: string, path: string): void => {
    if (value !== before) errors.push(invalidValue(path, value, 'field is immutable'));
  };
  if (options.requireImmutableNames) {
    keep(definition.spec.scope, old.spec.scope, 'spec.scope');
    keep(definition.spec.names.kind, old.spec.names.kind, 'spec.names.kind');
  }
  keep(definition.spec.group, old.spec.group, 'spec.group');
  keep(definition.spec.names.plural, old.spec.names.plural, 'spec.names.plural');
  return errors;
}

function schemasOf({ spec }: CustomResourceDefinition): JSONSchemaProps[] {
  const versions: CustomResourceDefinitionVersion[] | null = spec.versions;
  return (versions ?? []).flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema]));
}

/** Required lists that were not sent are null in the canonical form. */
function withVersions(definition: CustomResourceDefinition): CustomResourceDefinition {
  const versions: CustomResourceDefinitionVersion[] | null = definition.spec.versions;
  return versions === null ? { ...definition, spec: { ...definition.spec, versions: [] } } : definition;
}

export const customResourceDefinition = slicedKind<CustomResourceDefinition>({
  *create(given) {
    yield* judgingPatterns(schemasOf(given));
    const definition = withVersions(given);
    const rule: NameRule = (name, prefix) => {
      const wanted = `${definition.spec.names.plural}.${definition.spec.group}`;
      return [...nameIsSubdomain(name, prefix), ...(name === wanted ? [] : ['must be spec.names.plural+"."+spec.group'])];
    };
    const errors = [...validateObjectMeta(definition.metadata, false, rule), ...(yield* checkingSpec(definition, optionsOfCreate))];
    return [...errors, ...afterSpec(definition, undefined)];
  },
  *update(given, before) {
    yield* judgingPatterns([...schemasOf(before), ...schemasOf(given)]);
    const [definition, old] = [withVersions(given), withVersions(before)];
    const options = yield* findingOptions(definition, old);
    yield;
    const errors = [...validateObjectMetaUpdate(definition.metadata, old.metadata), ...(yield* checkingSpec(definition, options))];
    return [...errors, ...immutableErrors(definition, old, options), ...afterSpec(definition, old)];
  },
  subresources: { status: (definition, old) => [...validateObjectMetaUpdate(definition.metadata, old.metadata), ...statusErrors(definition)] },
});

