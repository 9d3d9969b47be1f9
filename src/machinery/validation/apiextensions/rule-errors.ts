// What the rules of a schema mean: do they compile, what may they cost, may they look at old values.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import type { FieldError } from '../../field-errors.ts';
import type { Structural } from '../../structural/schema.ts';
import type { ValidationOptions } from './options.ts';

export function ruleErrors(_schema: JSONSchemaProps, _structural: Structural, _path: string, _options: ValidationOptions, _version: string): FieldError[] {
  return [];
}
