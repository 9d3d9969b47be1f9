// What validating and mutating policies, and their bindings, have in common: the kind of their parameters, the
// reference to them, the failure policy.
import type { ParamKind, ParamRef } from '#api/admissionregistration/v1.ts';
import { addAll, child, forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsPathSegment, nameIsSubdomain } from '../../names.ts';
import { validateLabelSelector } from '../meta/selectors.ts';

export const failurePolicies = ['Fail', 'Ignore'];

export function validateFailurePolicy(policy: string | undefined, path: string): FieldError[] {
  if (policy === undefined) return [required(path, '')];
  return failurePolicies.includes(policy) ? [] : [notSupported(path, policy, failurePolicies)];
}

export function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const versionPath = child(path, 'apiVersion');
  const parts = apiVersion.split('/');
  if (apiVersion === '') errors.push(required(versionPath, ''));
  else if (parts.length > 2) errors.push(invalidValue(versionPath, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const group = parts.length === 2 ? (parts[0] ?? '') : '';
    const version = parts.at(-1) ?? '';
    const groupErrors = group === '' ? [] : dns1123SubdomainErrors(group);
    if (groupErrors.length > 0) errors.push(invalidValue(versionPath, group, groupErrors.join(',')));
    const versionErrors = version === '' ? [] : dns1035LabelErrors(version);
    if (version === '') errors.push(invalidValue(versionPath, apiVersion, 'version must be specified'));
    else if (versionErrors.length > 0) errors.push(invalidValue(versionPath, version, versionErrors.join(',')));
  }
  if (kind === '') return [...errors, required(child(path, 'kind'), '')];
  const kindErrors = dns1035LabelErrors(kind.toLowerCase());
  if (kindErrors.length > 0) errors.push(invalidValue(child(path, 'kind'), kind, `may have mixed case, but should otherwise match: ${kindErrors.join(',')}`));
  return errors;
}

export function validateParamRef(ref: ParamRef | undefined, path: string): FieldError[] {
  if (ref === undefined) return [];
  const { name = '', selector, parameterNotFoundAction: action = '' } = ref;
  const errors: FieldError[] = [];
  if (name !== '') {
    for (const text of nameIsPathSegment(name, false)) errors.push(invalidValue(child(path, 'name'), name, text));
    if (selector !== undefined) errors.push(forbiddenField(child(path, 'name'), 'name and selector are mutually exclusive'));
  }
  if (selector !== undefined) {
    addAll(errors, validateLabelSelector(selector, child(path, 'selector')));
    if (name !== '') errors.push(forbiddenField(child(path, 'selector'), 'name and selector are mutually exclusive'));
  }
  if (name === '' && selector === undefined) errors.push(required(path, 'one of name or selector must be specified'));
  if (action === '') errors.push(required(child(path, 'parameterNotFoundAction'), ''));
  else if (action !== 'Deny' && action !== 'Allow') errors.push(notSupported(child(path, 'parameterNotFoundAction'), action, ['Deny', 'Allow']));
  return errors;
}

export function validatePolicyName(name: string | undefined, path: string): FieldError[] {
  if (name === undefined || name === '') return [required(path, '')];
  return nameIsSubdomain(name, false).map((text) => invalidValue(path, name, text));
}
