// The query options of writes: field manager, dry run, field validation, propagation
// (apimachinery/pkg/apis/meta/v1/validation).
import type { DeleteOptions } from '#api/meta/v1.ts';
import { forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { validateFieldManager } from './object-meta.ts';

export interface WriteOptions {
  readonly fieldManager?: string | undefined;
  readonly dryRun?: readonly string[] | undefined;
  readonly fieldValidation?: string | undefined;
}

/** Options of create and update. */
export function validateWriteOptions(options: WriteOptions): FieldError[] {
  return [
    ...validateFieldManager(options.fieldManager ?? '', 'fieldManager'),
    ...validateDryRun(options.dryRun),
    ...validateFieldValidation(options.fieldValidation ?? ''),
  ];
}

/** Options of a patch; `isApply` for the server-side apply content types. */
export function validatePatchOptions(options: WriteOptions & { readonly force?: boolean | undefined }, isApply: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (isApply) {
    if ((options.fieldManager ?? '') === '') errors.push(required('fieldManager', 'is required for apply patch'));
  } else if (options.force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  return [...errors, ...validateWriteOptions(options)];
}

const propagationPolicies = ['Foreground', 'Background', 'Orphan'];

export function validateDeleteOptions(options: Partial<DeleteOptions>): FieldError[] {
  const errors: FieldError[] = [];
  const policy = options.propagationPolicy ?? undefined;
  if (options.orphanDependents !== undefined && options.orphanDependents !== null && policy !== undefined) {
    errors.push(invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (policy !== undefined && !propagationPolicies.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, [...propagationPolicies, 'nil']));
  }
  return [...errors, ...validateDryRun(options.dryRun)];
}

function validateDryRun(dryRun: readonly string[] | undefined): FieldError[] {
  return (dryRun ?? []).every((value) => value === 'All') ? [] : [notSupported('dryRun', dryRun, ['All'])];
}

function validateFieldValidation(value: string): FieldError[] {
  return ['', 'Ignore', 'Warn', 'Strict'].includes(value) ? [] : [notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn'])];
}
