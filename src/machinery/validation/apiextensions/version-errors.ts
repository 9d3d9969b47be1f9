// The parts of one version: its schema as a whole, subresources, printer columns, selectable fields, deprecation.
import type { CustomResourceColumnDefinition, CustomResourceSubresources, CustomResourceValidation, JSONSchemaProps, SelectableField } from '#api/apiextensions/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, required, tooMany, type FieldError } from '../../field-errors.ts';
import type { Sliced } from '../../slices.ts';
import { checkingStructure, parseStructural, SchemaError, type Structural } from '../../structural/index.ts';
import { defaultErrors } from './default-errors.ts';
import { findFieldPath } from '../../structural/field-path.ts';
import { mostSelectableFields, type ValidationOptions } from './options.ts';
import { checkingRules } from './rule-errors.ts';
import { checkingSchema } from './schema-errors.ts';

/** Members that a root schema may have beside a status subresource, in Go's names and order. */
const rootMembers: readonly (readonly [go: string, json: keyof JSONSchemaProps])[] = [
  ['Description', 'description'], ['Type', 'type'], ['Format', 'format'], ['Title', 'title'], ['Maximum', 'maximum'], ['ExclusiveMaximum', 'exclusiveMaximum'], ['Minimum', 'minimum'],
  ['ExclusiveMinimum', 'exclusiveMinimum'], ['MaxLength', 'maxLength'], ['MinLength', 'minLength'], ['Pattern', 'pattern'], ['MaxItems', 'maxItems'], ['MinItems', 'minItems'],
  ['UniqueItems', 'uniqueItems'], ['MultipleOf', 'multipleOf'], ['Required', 'required'], ['Items', 'items'], ['Properties', 'properties'], ['ExternalDocs', 'externalDocs'], ['Example', 'example'],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields'], ['XValidations', 'x-kubernetes-validations'],
];
const rootNames: ReadonlySet<string> = new Set(rootMembers.map(([, json]) => json));

function rootErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  if ((schema.type ?? '') !== '' && schema.type !== 'object') {
    return [invalidValue(child(path, 'openAPIV3Schema.type'), schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  }
  if (Object.keys(schema).every((name) => rootNames.has(name))) return [];
  const allowed = rootMembers.map(([go]) => go).join(' ');
  return [invalidValue(child(path, 'openAPIV3Schema'), schema, `only [${allowed}] fields are allowed at the root of the schema if the status subresource is enabled`)];
}

/** A version's schema, or that of all, with pauses. */
export function* checkingValidation(validation: CustomResourceValidation | undefined, hasStatus: boolean, path: string, options: ValidationOptions, version: string): Sliced<FieldError[]> {
  const schema = validation?.openAPIV3Schema;
  if (schema === undefined) return [];
  const errors: FieldError[] = [];
  const at = child(path, 'openAPIV3Schema');
  if (hasStatus) addAll(errors, rootErrors(schema, path));
  if (schema.nullable === true) errors.push(forbiddenField(child(path, 'openAPIV3Schema.nullable'), 'nullable cannot be true at the root'));
  let structural: Structural | undefined;
  let unparsed: FieldError | undefined;
  if (options.requireStructural) {
    try {
      structural = parseStructural(schema);
      yield;
      const broken = yield* checkingStructure(at, structural);
      yield;
      addAll(errors, broken.length > 0 ? broken : defaultErrors(at, structural));
      yield;
      if (errors.length > 0) structural = undefined;
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      unparsed = invalidValue(at, '', error.message);
    }
  }
  yield;
  const written = yield* checkingSchema(schema, at, options);
  addAll(errors, written);
  if (written.length === 0 && structural !== undefined) addAll(errors, yield* checkingRules(structural, at, options, version));
  if (errors.length === 0 && unparsed !== undefined) errors.push(unparsed);
  return errors;
}

function pathErrors(text: string, path: string): FieldError[] {
  if (text === '') return [invalidValue(path, text, 'must not be empty')];
  return text.startsWith('.') ? [] : [invalidValue(path, text, 'must be a simple json path starting with .')];
}

export function subresourceErrors(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const errors: FieldError[] = [];
  const one = (name: string, value: string, roots: readonly string[], where: string): void => {
    const at = child(path, `scale.${name}`);
    const problems = pathErrors(value, at);
    if (problems.length > 0) addAll(errors, problems);
    else if (!roots.some((root) => value.startsWith(root))) errors.push(invalidValue(at, value, `should be a json path under ${where}`));
  };
  if (scale.specReplicasPath === '') errors.push(required(child(path, 'scale.specReplicasPath'), ''));
  else one('specReplicasPath', scale.specReplicasPath, ['.spec.'], '.spec');
  if (scale.statusReplicasPath === '') errors.push(required(child(path, 'scale.statusReplicasPath'), ''));
  else one('statusReplicasPath', scale.statusReplicasPath, ['.status.'], '.status');
  if ((scale.labelSelectorPath ?? '') !== '') one('labelSelectorPath', scale.labelSelectorPath ?? '', ['.spec.', '.status.'], 'either .spec or .status');
  return errors;
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function columnErrors(column: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const oneOf = `must be one of ${columnTypes.join(',')}`;
  if (column.name === '') errors.push(required(child(path, 'name'), ''));
  if (column.type === '') errors.push(required(child(path, 'type'), oneOf));
  else if (!columnTypes.includes(column.type)) errors.push(invalidValue(child(path, 'type'), column.type, oneOf));
  const { format = '' } = column;
  if (format !== '' && !columnFormats.includes(format)) errors.push(invalidValue(child(path, 'format'), format, `must be one of ${columnFormats.join(',')}`));
  if (column.jsonPath === '') errors.push(required(child(path, 'JSONPath'), ''));
  else addAll(errors, pathErrors(column.jsonPath, child(path, 'JSONPath')));
  return errors;
}

export function selectableErrors(fields: readonly SelectableField[], schema: JSONSchemaProps, path: string, mayBeMany: boolean): FieldError[] {
  let structural: Structural;
  try {
    structural = parseStructural(schema);
  } catch (error) {
    if (error instanceof SchemaError) return [invalidValue(child(path.replace(/\.?selectableFields$/, ''), 'schema.openAPIV3Schema'), '', error.message)];
    throw error;
  }
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { jsonPath }] of fields.entries()) {
    if (isEnough(errors)) break;
    const at = child(index(path, i), 'jsonPath');
    if (jsonPath === '') {
      errors.push(required(at, ''));
      continue;
    }
    try {
      const found = findFieldPath(jsonPath, structural, false);
      if (found.path === 'metadata' || found.path.startsWith('metadata.')) errors.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
      if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? '')) {
        errors.push(invalidValue(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
      }
      if (seen.has(found.path)) errors.push(duplicate(at, jsonPath));
      seen.add(found.path);
    } catch (error) {
      errors.push(invalidValue(at, jsonPath, `is an invalid path: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
  if (seen.size > mostSelectableFields && !mayBeMany) errors.push(tooMany(path, seen.size, mostSelectableFields));
  return errors;
}

/** What may be said of a deprecated version. */
export function deprecationErrors(deprecated: boolean, warning: string | undefined, path: string): FieldError[] {
  if (warning === undefined) return [];
  const refuse = (detail: string): FieldError => invalidValue(path, warning, detail);
  if (!deprecated) return [refuse('can only be set for deprecated versions')];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(warning) > 256) errors.push(refuse('must be <= 256 characters long'));
  if (warning === '') errors.push(refuse('must not be an empty string'));
  const at = warning.search(/(?! )[\p{C}\p{Z}]/u);
  if (at >= 0) errors.push(refuse(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, at))}`));
  return errors;
}
