// ValidatingAdmissionPolicies and their bindings: everything that can be told before a request comes, compilation of
// all expressions included.
import type {
  AuditAnnotation, ExpressionWarning, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyStatus, Validation,
} from '#api/admissionregistration/v1.ts';
import { boolType, nullType, stringType } from '../../cel/types/types.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import { nameIsSubdomain } from '../../names.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import type { Sliced } from '../../slices.ts';
import { parseJsonPath } from '../../table/json-path.ts';
import { validateConditions } from '../meta/conditions.ts';
import { checkMeta, checkMetaUpdate, slicedKind, standard } from '../validator.ts';
import { atOnceExpressions, checkExpression, PolicyExpressions, validateMatchConditions } from './expressions.ts';
import { validateFailurePolicy, validateParamKind, validateParamRef, validatePolicyName } from './policy-parts.ts';
import { validateMatchConstraints, validateMatchResources } from './rules.ts';

const mostAnnotations = 20;
const longestValueExpression = 5 * 1024;
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const actions = ['Audit', 'Deny', 'Warn'];

function checkValidation(expressions: PolicyExpressions, validation: Validation, path: string): FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation;
  const errors: FieldError[] = [];
  if (expression.trim() === '') errors.push(required(child(path, 'expression'), 'expression is not specified'));
  else addAll(errors, checkExpression(expressions.environment({ authorizer: true }), expression, [boolType], child(path, 'expression')));
  const messagePath = child(path, 'messageExpression');
  if (messageExpression !== '' && messageExpression.trim() === '') errors.push(invalidValue(messagePath, messageExpression, 'must be non-empty if specified'));
  else if (messageExpression !== '') addAll(errors, checkExpression(expressions.environment({ authorizer: false }), messageExpression, [stringType], messagePath));
  if (message !== '' && message.trim() === '') errors.push(invalidValue(child(path, 'message'), message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim())) errors.push(invalidValue(child(path, 'message'), message, 'must not contain line breaks'));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(child(path, 'reason'), reason, reasons));
  return errors;
}

function checkAnnotation(expressions: PolicyExpressions, policyName: string, { key, valueExpression }: AuditAnnotation, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (policyName === '') errors.push(invalidValue(child(path, 'key'), key, 'requires metadata.name be non-empty'));
  else for (const text of labelKeyErrors(`${policyName}/${key}`)) errors.push(invalidValue(child(path, 'key'), `${policyName}/${key}`, text));
  const trimmed = valueExpression.trim();
  const at = child(path, 'valueExpression');
  if (trimmed === '') errors.push(required(at, 'valueExpression is not specified'));
  else if (Buffer.byteLength(trimmed) > longestValueExpression) errors.push(required(at, `must not exceed ${longestValueExpression} bytes in length`));
  else addAll(errors, checkExpression(expressions.environment({ authorizer: true }), trimmed, [stringType, nullType], at, valueExpression));
  return errors;
}

/** `keepsConditions`: match conditions that were good stay so. */
function* checkSpec(policy: ValidatingAdmissionPolicy, keepsConditions: boolean): Sliced<FieldError[]> {
  const { spec = {}, metadata = {} } = policy;
  const { paramKind, matchConditions = [], variables = [], validations = [], auditAnnotations = [] } = spec;
  const errors = validateFailurePolicy(spec.failurePolicy, 'spec.failurePolicy');
  if (paramKind !== undefined) addAll(errors, validateParamKind(paramKind, 'spec.paramKind'));
  addAll(errors, validateMatchConstraints(spec.matchConstraints, 'spec.matchConstraints'));
  if (!keepsConditions) addAll(errors, yield* validateMatchConditions(matchConditions, paramKind !== undefined, 'spec.matchConditions'));
  const expressions = new PolicyExpressions(paramKind !== undefined, variables.length > 0);
  for (const [i, variable] of variables.entries()) {
    if (isEnough(errors)) break;
    addAll(errors, expressions.declare(variable, index('spec.variables', i)));
    if (i % atOnceExpressions === 0) yield;
  }
  if (validations.length === 0 && auditAnnotations.length === 0) {
    for (const name of ['validations', 'auditAnnotations']) errors.push(required(child('spec', name), 'validations or auditAnnotations must contain at least one item'));
    return errors;
  }
  for (const [i, validation] of validations.entries()) {
    if (isEnough(errors)) break;
    addAll(errors, checkValidation(expressions, validation, index('spec.validations', i)));
    if (i % atOnceExpressions === 0) yield;
  }
  if (auditAnnotations.length > mostAnnotations) errors.push(invalidValue('spec.auditAnnotations', auditAnnotations, `must not have more than ${mostAnnotations} auditAnnotations`));
  const keys = new Set<string>();
  for (const [i, annotation] of auditAnnotations.entries()) {
    if (isEnough(errors)) break;
    const at = index('spec.auditAnnotations', i);
    addAll(errors, checkAnnotation(expressions, metadata.name ?? '', annotation, at));
    if (i % atOnceExpressions === 0) yield;
    if (keys.has(annotation.key)) errors.push(duplicate(child(at, 'key'), annotation.key));
    keys.add(annotation.key);
  }
  return errors;
}

function checkWarning({ fieldRef = '', warning = '' }: Partial<ExpressionWarning>, path: string): FieldError[] {
  const errors = warning === '' ? [required(child(path, 'warning'), '')] : [];
  const reference = fieldRef.trim();
  if (reference === '') return [...errors, required(child(path, 'fieldRef'), '')];
  try {
    parseJsonPath(`{${reference}}`);
  } catch (error) {
    errors.push(invalidValue(child(path, 'fieldRef'), reference, `invalid JSONPath: ${error instanceof Error ? error.message : String(error)}`));
  }
  return errors;
}

function checkStatus(status: ValidatingAdmissionPolicyStatus | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, warning] of (status?.typeChecking?.expressionWarnings ?? []).entries()) {
    if (isEnough(errors)) break;
    addAll(errors, checkWarning(warning, index('status.typeChecking.expressionWarnings', i)));
  }
  return [...errors, ...validateConditions(status?.conditions, 'status.conditions')];
}

export const validatingAdmissionPolicy = slicedKind<ValidatingAdmissionPolicy>({
  *create(policy) {
    return [...checkMeta(policy.metadata, false, nameIsSubdomain), ...(yield* checkSpec(policy, false))];
  },
  *update(policy, old) {
    const keepsConditions = jsonEqual(policy.spec?.paramKind, old.spec?.paramKind) && jsonEqual(policy.spec?.matchConditions, old.spec?.matchConditions);
    return [...checkMetaUpdate(policy.metadata, old.metadata), ...(yield* checkSpec(policy, keepsConditions))];
  },
  subresources: { status: (policy, old) => [...checkMetaUpdate(policy.metadata, old.metadata), ...checkStatus(policy.status)] },
});

function checkActions(given: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, action] of given.entries()) {
    if (isEnough(errors)) break;
    if (!actions.includes(action)) errors.push(notSupported(index(path, i), action, actions));
    if (seen.has(action)) errors.push(duplicate(index(path, i), action));
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    errors.push(invalidValue(path, given, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'));
  }
  if (seen.size === 0) errors.push(required(path, 'at least one validation action is required'));
  return errors;
}

export const validatingAdmissionPolicyBinding = standard<ValidatingAdmissionPolicyBinding>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: ({ spec = {} }) => [
    ...validatePolicyName(spec.policyName, 'spec.policyName'),
    ...validateParamRef(spec.paramRef, 'spec.paramRef'),
    ...validateMatchResources(spec.matchResources, 'spec.matchResources'),
    ...checkActions(spec.validationActions ?? [], 'spec.validationActions'),
  ],
});
