// MutatingAdmissionPolicies and their bindings: as validating ones, with mutations instead of validations, and never
// about deletions.
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from '#api/admissionregistration/v1.ts';
import { jsonPatchType, objectRootType } from '../../cel/admission/mutation-types.ts';
import { listType } from '../../cel/types/types.ts';
import { addAll, child, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import type { Sliced } from '../../slices.ts';
import { checkMeta, checkMetaUpdate, slicedKind, standard } from '../validator.ts';
import { atOnceExpressions, checkExpression, PolicyExpressions, validateMatchConditions } from './expressions.ts';
import { validateFailurePolicy, validateParamKind, validateParamRef, validatePolicyName } from './policy-parts.ts';
import { validateMatchConstraints, validateMatchResources, validateMutatingOperations } from './rules.ts';

export const reinvocationPolicies = ['IfNeeded', 'Never'];

const patches = {
  ApplyConfiguration: { own: 'applyConfiguration', other: 'jsonPatch', type: objectRootType },
  JSONPatch: { own: 'jsonPatch', other: 'applyConfiguration', type: listType(jsonPatchType) },
} as const;

function isPatchType(type: string): type is keyof typeof patches {
  return Object.hasOwn(patches, type);
}

function checkMutation(expressions: PolicyExpressions, mutation: Mutation, path: string): FieldError[] {
  const { patchType = '' } = mutation;
  if (patchType === '') return [required(child(path, 'patchType'), '')];
  if (!isPatchType(patchType)) return [notSupported(child(path, 'patchType'), patchType, Object.keys(patches))];
  const { own, other, type } = patches[patchType];
  const errors: FieldError[] = [];
  const expression = mutation[own]?.expression?.trim() ?? '';
  const at = child(path, own);
  if (mutation[own] === undefined) errors.push(required(at, `must be specified when patchType is ${patchType}`));
  else if (expression === '') errors.push(required(child(at, 'expression'), ''));
  else addAll(errors, checkExpression(expressions.environment({ authorizer: true, patchTypes: true }), expression, [type], child(at, 'expression')));
  if (mutation[other] !== undefined) errors.push(invalidValue(child(path, other), `{${other}}`, `must not be specified when patchType is ${patchType}`));
  return errors;
}

function* checkSpec({ spec = {} }: MutatingAdmissionPolicy, keepsConditions: boolean): Sliced<FieldError[]> {
  const { paramKind, matchConditions = [], variables = [], mutations = [], reinvocationPolicy = '' } = spec;
  const errors = validateFailurePolicy(spec.failurePolicy, 'spec.failurePolicy');
  if (paramKind !== undefined) addAll(errors, validateParamKind(paramKind, 'spec.paramKind'));
  addAll(errors, validateMatchConstraints(spec.matchConstraints, 'spec.matchConstraints'));
  addAll(errors, validateMutatingOperations(spec.matchConstraints, 'spec.matchConstraints'));
  if (!keepsConditions) addAll(errors, yield* validateMatchConditions(matchConditions, paramKind !== undefined, 'spec.matchConditions'));
  const expressions = new PolicyExpressions(paramKind !== undefined, true);
  for (const [i, variable] of variables.entries()) {
    if (isEnough(errors)) break;
    addAll(errors, expressions.declare(variable, index('spec.variables', i)));
    if (i % atOnceExpressions === 0) yield;
  }
  if (mutations.length === 0) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [i, mutation] of mutations.entries()) {
    if (isEnough(errors)) break;
    addAll(errors, checkMutation(expressions, mutation, index('spec.mutations', i)));
    if (i % atOnceExpressions === 0) yield;
  }
  if (reinvocationPolicy === '') errors.push(required('spec.reinvocationPolicy', ''));
  else if (!reinvocationPolicies.includes(reinvocationPolicy)) errors.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies));
  return errors;
}

export const mutatingAdmissionPolicy = slicedKind<MutatingAdmissionPolicy>({
  *create(policy) {
    return [...checkMeta(policy.metadata, false, nameIsSubdomain), ...(yield* checkSpec(policy, false))];
  },
  *update(policy, old) {
    const keepsConditions = jsonEqual(policy.spec?.paramKind, old.spec?.paramKind) && jsonEqual(policy.spec?.matchConditions, old.spec?.matchConditions);
    return [...checkMetaUpdate(policy.metadata, old.metadata), ...(yield* checkSpec(policy, keepsConditions))];
  },
});

export const mutatingAdmissionPolicyBinding = standard<MutatingAdmissionPolicyBinding>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: ({ spec = {} }) => [
    ...validatePolicyName(spec.policyName, 'spec.policyName'),
    ...validateParamRef(spec.paramRef, 'spec.paramRef'),
    ...validateMatchResources(spec.matchResources, 'spec.matchResources'),
    ...validateMutatingOperations(spec.matchResources, 'spec.matchResources'),
  ],
});
